// Copyright (c) 2026 The eeszt.connect maintainers
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Runtime.InteropServices;

namespace ansible_collections.eeszt.connect.plugins.module_utils.windows.Services
{
    /// <summary>Asks the service control manager with the least rights, so that an ordinary account may do it too.</summary>
    public static class Manager
    {
        private const uint ManagerConnect = 0x0001;
        private const uint QueryStatus = 0x0004;

        [StructLayout(LayoutKind.Sequential)]
        private struct ServiceStatus
        {
            public uint Type;
            public uint State;
            public uint Accepted;
            public uint ExitCode;
            public uint SpecificExitCode;
            public uint CheckPoint;
            public uint WaitHint;
        }

        [DllImport("advapi32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
        private static extern IntPtr OpenSCManagerW(string machine, string database, uint access);

        [DllImport("advapi32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
        private static extern IntPtr OpenServiceW(IntPtr manager, string name, uint access);

        [DllImport("advapi32.dll", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static extern bool QueryServiceStatus(IntPtr service, out ServiceStatus status);

        [DllImport("advapi32.dll")]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static extern bool CloseServiceHandle(IntPtr handle);

        /// <summary>
        /// Win32 error code (0; 1060: no such service; 5: not allowed) and the state as winsvc.h numbers it (4: running).
        /// </summary>
        public static int Query(string name, out uint state)
        {
            state = 0;
            IntPtr manager = OpenSCManagerW(null, null, ManagerConnect);
            if (manager == IntPtr.Zero)
            {
                return Marshal.GetLastWin32Error();
            }
            try
            {
                IntPtr service = OpenServiceW(manager, name, QueryStatus);
                if (service == IntPtr.Zero)
                {
                    return Marshal.GetLastWin32Error();
                }
                try
                {
                    ServiceStatus status;
                    if (!QueryServiceStatus(service, out status))
                    {
                        return Marshal.GetLastWin32Error();
                    }
                    state = status.State;
                    return 0;
                }
                finally
                {
                    CloseServiceHandle(service);
                }
            }
            finally
            {
                CloseServiceHandle(manager);
            }
        }
    }
}
