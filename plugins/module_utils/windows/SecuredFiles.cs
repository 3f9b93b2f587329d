// Copyright (c) 2026 The eeszt.connect maintainers
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Runtime.InteropServices;

namespace ansible_collections.eeszt.connect.plugins.module_utils.windows.SecuredFiles
{
    /// <summary>
    /// Files that nobody else may read, not even between their creation and the call that would take the rights away:
    /// .NET Framework and .NET have different names for that, Windows has one. Each method gives a Win32 error code.
    /// </summary>
    public static class Disk
    {
        private const uint GenericWrite = 0x40000000;
        private const uint CreateNew = 1;
        private const uint ReplaceExisting = 0x1;
        private const uint WriteThrough = 0x8;
        private const uint Revision = 1;
        private const int FileObject = 1;
        private const uint Owner = 0x1;
        private const uint Dacl = 0x4;
        private const uint ProtectedDacl = 0x80000000;
        private const int InvalidParameter = 87;
        private static readonly IntPtr Invalid = new IntPtr(-1);

        [StructLayout(LayoutKind.Sequential)]
        private struct SecurityAttributes
        {
            public int Length;
            public IntPtr Descriptor;
            public int Inherit;
        }

        [DllImport("advapi32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static extern bool ConvertStringSecurityDescriptorToSecurityDescriptorW(
            string sddl, uint revision, out IntPtr descriptor, out uint size);

        [DllImport("kernel32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
        private static extern IntPtr CreateFileW(
            string path, uint access, uint share, ref SecurityAttributes security, uint disposition, uint flags, IntPtr template);

        [DllImport("kernel32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static extern bool CreateDirectoryW(string path, ref SecurityAttributes security);

        [DllImport("kernel32.dll", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static extern bool WriteFile(IntPtr file, byte[] data, int size, out int written, IntPtr overlapped);

        [DllImport("kernel32.dll", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static extern bool FlushFileBuffers(IntPtr file);

        [DllImport("kernel32.dll")]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static extern bool CloseHandle(IntPtr handle);

        [DllImport("kernel32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static extern bool DeleteFileW(string path);

        [DllImport("kernel32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static extern bool MoveFileExW(string source, string target, uint flags);

        [DllImport("kernel32.dll")]
        private static extern IntPtr LocalFree(IntPtr memory);

        [DllImport("advapi32.dll")]
        private static extern uint GetSecurityDescriptorLength(IntPtr descriptor);

        [DllImport("advapi32.dll", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static extern bool GetSecurityDescriptorDacl(
            IntPtr descriptor, out int present, out IntPtr dacl, out int defaulted);

        [DllImport("advapi32.dll", CharSet = CharSet.Unicode)]
        private static extern int GetNamedSecurityInfoW(
            string path, int kind, uint parts, IntPtr owner, IntPtr group, IntPtr dacl, IntPtr sacl, out IntPtr descriptor);

        [DllImport("advapi32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static extern bool SetFileSecurityW(string path, uint parts, IntPtr descriptor);

        /// <summary>Makes a new file with this access list and content, on the disk when the call returns.</summary>
        public static int Write(string path, string sddl, byte[] content)
        {
            return WithDescriptor(sddl, delegate(SecurityAttributes security)
            {
                IntPtr file = CreateFileW(path, GenericWrite, 0, ref security, CreateNew, 0, IntPtr.Zero);
                if (file == Invalid)
                {
                    return Marshal.GetLastWin32Error();
                }
                int written;
                int error = 0;
                if (!WriteFile(file, content, content.Length, out written, IntPtr.Zero) || !FlushFileBuffers(file))
                {
                    error = Marshal.GetLastWin32Error();
                }
                CloseHandle(file);
                if (error != 0)
                {
                    DeleteFileW(path);
                }
                return error;
            });
        }

        public static int MakeDirectory(string path, string sddl)
        {
            return WithDescriptor(sddl, delegate(SecurityAttributes security)
            {
                return CreateDirectoryW(path, ref security) ? 0 : Marshal.GetLastWin32Error();
            });
        }

        /// <summary>Lets a file take another's place; it keeps its own access list.</summary>
        public static int Move(string source, string target)
        {
            return MoveFileExW(source, target, ReplaceExisting | WriteThrough) ? 0 : Marshal.GetLastWin32Error();
        }

        /// <summary>The security descriptor's owner and access list in its binary form.</summary>
        public static int ReadSecurity(string path, out byte[] descriptor)
        {
            descriptor = null;
            IntPtr found;
            int error = GetNamedSecurityInfoW(
                path, FileObject, Owner | Dacl, IntPtr.Zero, IntPtr.Zero, IntPtr.Zero, IntPtr.Zero, out found);
            if (error != 0)
            {
                return error;
            }
            try
            {
                descriptor = new byte[GetSecurityDescriptorLength(found)];
                Marshal.Copy(found, descriptor, 0, descriptor.Length);
                return 0;
            }
            finally
            {
                LocalFree(found);
            }
        }

        /// <summary>Sets the access list, in one step and with inheritance off; the owner too, if wanted.</summary>
        public static int WriteSecurity(string path, string sddl, bool withOwner)
        {
            return WithDescriptor(sddl, delegate(SecurityAttributes security)
            {
                int present, defaulted;
                IntPtr dacl;
                if (!GetSecurityDescriptorDacl(security.Descriptor, out present, out dacl, out defaulted))
                {
                    return Marshal.GetLastWin32Error();
                }
                // A null list would mean everybody.
                if (present == 0 || dacl == IntPtr.Zero)
                {
                    return InvalidParameter;
                }
                uint parts = Dacl | ProtectedDacl | (withOwner ? Owner : 0);
                return SetFileSecurityW(path, parts, security.Descriptor) ? 0 : Marshal.GetLastWin32Error();
            });
        }

        private delegate int Step(SecurityAttributes security);

        private static int WithDescriptor(string sddl, Step step)
        {
            SecurityAttributes security = new SecurityAttributes();
            uint size;
            if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(sddl, Revision, out security.Descriptor, out size))
            {
                return Marshal.GetLastWin32Error();
            }
            try
            {
                security.Length = Marshal.SizeOf(typeof(SecurityAttributes));
                return step(security);
            }
            finally
            {
                LocalFree(security.Descriptor);
            }
        }
    }
}
