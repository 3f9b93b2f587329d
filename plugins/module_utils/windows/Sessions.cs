// Copyright (c) 2026 The eeszt.connect maintainers
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace ansible_collections.eeszt.connect.plugins.module_utils.windows.Sessions
{
    /// <summary>A logon session of this machine. State as wtsapi32.h numbers it (0: active, 4: disconnected).</summary>
    public class LogonSession
    {
        public uint Id;
        public int State;
        public string Station = "";
        public string Account = "";
        public int Protocol;
    }

    /// <summary>A process: Path and Account (a SID) are null where this account may not ask.</summary>
    public class ProcessFacts
    {
        public uint Id;
        public string Name = "";
        public string Path;
        public string Sid;
        public uint? Session;
    }

    public static class Machine
    {
        private const int RemoteSessionMetric = 0x1000;
        private const int UserName = 5;
        private const int DomainName = 7;
        private const int ClientProtocolType = 16;
        private const uint QueryLimitedInformation = 0x1000;
        private const uint TokenQuery = 0x0008;
        private const int TokenUser = 1;
        private const uint SnapshotProcess = 0x00000002;

        [StructLayout(LayoutKind.Sequential)]
        private struct SessionInfo
        {
            public uint Id;
            public IntPtr Station;
            public int State;
        }

        [StructLayout(LayoutKind.Sequential, CharSet = CharSet.Unicode)]
        private struct ProcessEntry
        {
            public uint Size;
            public uint Usage;
            public uint Id;
            public IntPtr Heap;
            public uint Module;
            public uint Threads;
            public uint Parent;
            public int Priority;
            public uint Flags;
            [MarshalAs(UnmanagedType.ByValTStr, SizeConst = 260)]
            public string File;
        }

        [DllImport("user32.dll")]
        private static extern int GetSystemMetrics(int index);

        [DllImport("kernel32.dll")]
        private static extern ulong GetTickCount64();

        [DllImport("kernel32.dll")]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static extern bool ProcessIdToSessionId(uint process, out uint session);

        [DllImport("kernel32.dll", SetLastError = true)]
        private static extern IntPtr CreateToolhelp32Snapshot(uint flags, uint process);

        [DllImport("kernel32.dll", CharSet = CharSet.Unicode)]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static extern bool Process32FirstW(IntPtr snapshot, ref ProcessEntry entry);

        [DllImport("kernel32.dll", CharSet = CharSet.Unicode)]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static extern bool Process32NextW(IntPtr snapshot, ref ProcessEntry entry);

        [DllImport("kernel32.dll")]
        private static extern IntPtr OpenProcess(uint access, [MarshalAs(UnmanagedType.Bool)] bool inherit, uint process);

        [DllImport("kernel32.dll", CharSet = CharSet.Unicode)]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static extern bool QueryFullProcessImageNameW(IntPtr process, uint flags, StringBuilder path, ref uint size);

        [DllImport("kernel32.dll")]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static extern bool CloseHandle(IntPtr handle);

        [DllImport("advapi32.dll")]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static extern bool OpenProcessToken(IntPtr process, uint access, out IntPtr token);

        [DllImport("advapi32.dll")]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static extern bool GetTokenInformation(IntPtr token, int kind, IntPtr buffer, uint size, out uint needed);

        [DllImport("wtsapi32.dll", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static extern bool WTSEnumerateSessionsW(
            IntPtr server, uint reserved, uint version, out IntPtr sessions, out uint count);

        [DllImport("wtsapi32.dll", CharSet = CharSet.Unicode)]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static extern bool WTSQuerySessionInformationW(
            IntPtr server, uint session, int kind, out IntPtr buffer, out uint size);

        [DllImport("wtsapi32.dll")]
        private static extern void WTSFreeMemory(IntPtr memory);

        public static bool IsRemoteSession()
        {
            return GetSystemMetrics(RemoteSessionMetric) != 0;
        }

        /// <summary>Milliseconds since the start.</summary>
        public static ulong Uptime()
        {
            return GetTickCount64();
        }

        /// <summary>Session of a process; null where it cannot be told.</summary>
        public static uint? SessionOf(uint process)
        {
            uint session;
            return ProcessIdToSessionId(process, out session) ? (uint?)session : null;
        }

        public static uint OwnProcess()
        {
            return (uint)Process.GetCurrentProcess().Id;
        }

        /// <summary>All sessions, also those nobody is logged on to; null where the system does not list them.</summary>
        public static LogonSession[] Sessions()
        {
            IntPtr memory;
            uint count;
            if (!WTSEnumerateSessionsW(IntPtr.Zero, 0, 1, out memory, out count))
            {
                return null;
            }
            try
            {
                List<LogonSession> found = new List<LogonSession>();
                int size = Marshal.SizeOf(typeof(SessionInfo));
                for (int index = 0; index < count; index++)
                {
                    IntPtr place = new IntPtr(memory.ToInt64() + (long)index * size);
                    SessionInfo info = (SessionInfo)Marshal.PtrToStructure(place, typeof(SessionInfo));
                    LogonSession session = new LogonSession();
                    session.Id = info.Id;
                    session.State = info.State;
                    session.Station = info.Station == IntPtr.Zero ? "" : Marshal.PtrToStringUni(info.Station);
                    session.Account = Account(info.Id);
                    session.Protocol = Protocol(info.Id);
                    found.Add(session);
                }
                return found.ToArray();
            }
            finally
            {
                WTSFreeMemory(memory);
            }
        }

        private static string Account(uint session)
        {
            string name = Text(session, UserName);
            string domain = Text(session, DomainName);
            return name == "" || domain == "" ? name : domain + "\\" + name;
        }

        private static string Text(uint session, int kind)
        {
            IntPtr buffer;
            uint size;
            if (!WTSQuerySessionInformationW(IntPtr.Zero, session, kind, out buffer, out size) || buffer == IntPtr.Zero)
            {
                return "";
            }
            try
            {
                return Marshal.PtrToStringUni(buffer) ?? "";
            }
            finally
            {
                WTSFreeMemory(buffer);
            }
        }

        /// <summary>0: console, 2: RDP; -1 where it cannot be told.</summary>
        private static int Protocol(uint session)
        {
            IntPtr buffer;
            uint size;
            bool known = WTSQuerySessionInformationW(IntPtr.Zero, session, ClientProtocolType, out buffer, out size);
            if (!known || buffer == IntPtr.Zero)
            {
                return -1;
            }
            try
            {
                return size >= 2 ? Marshal.ReadInt16(buffer) : -1;
            }
            finally
            {
                WTSFreeMemory(buffer);
            }
        }

        /// <summary>Every process, with what this account may see of it.</summary>
        public static ProcessFacts[] Processes()
        {
            IntPtr snapshot = CreateToolhelp32Snapshot(SnapshotProcess, 0);
            if (snapshot == new IntPtr(-1))
            {
                throw new System.ComponentModel.Win32Exception(Marshal.GetLastWin32Error());
            }
            try
            {
                List<ProcessFacts> found = new List<ProcessFacts>();
                ProcessEntry entry = new ProcessEntry();
                entry.Size = (uint)Marshal.SizeOf(typeof(ProcessEntry));
                for (bool more = Process32FirstW(snapshot, ref entry); more; more = Process32NextW(snapshot, ref entry))
                {
                    ProcessFacts facts = new ProcessFacts();
                    facts.Id = entry.Id;
                    facts.Name = entry.File;
                    facts.Session = SessionOf(entry.Id);
                    Look(facts);
                    found.Add(facts);
                }
                return found.ToArray();
            }
            finally
            {
                CloseHandle(snapshot);
            }
        }

        private static void Look(ProcessFacts facts)
        {
            IntPtr process = OpenProcess(QueryLimitedInformation, false, facts.Id);
            if (process == IntPtr.Zero)
            {
                return;
            }
            try
            {
                StringBuilder path = new StringBuilder(32768);
                uint size = (uint)path.Capacity;
                if (QueryFullProcessImageNameW(process, 0, path, ref size))
                {
                    facts.Path = path.ToString();
                }
                facts.Sid = Owner(process);
            }
            finally
            {
                CloseHandle(process);
            }
        }

        private static string Owner(IntPtr process)
        {
            IntPtr token;
            if (!OpenProcessToken(process, TokenQuery, out token))
            {
                return null;
            }
            IntPtr buffer = Marshal.AllocHGlobal(512);
            try
            {
                uint needed;
                if (!GetTokenInformation(token, TokenUser, buffer, 512, out needed))
                {
                    return null;
                }
                return new System.Security.Principal.SecurityIdentifier(Marshal.ReadIntPtr(buffer)).Value;
            }
            finally
            {
                Marshal.FreeHGlobal(buffer);
                CloseHandle(token);
            }
        }
    }
}
