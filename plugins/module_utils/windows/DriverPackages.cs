// Copyright (c) 2026 The eeszt.connect maintainers
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Runtime.InteropServices;
using System.Text;

namespace ansible_collections.eeszt.connect.plugins.module_utils.windows.DriverPackages
{
    /// <summary>The driver store by setupapi and newdev. Every call gives a code of Win32 or setupapi.h, 0 for success.</summary>
    public static class Store
    {
        private const uint SourceIsPath = 1;
        private const uint ForceDelete = 1;

        [DllImport("setupapi.dll", CharSet = CharSet.Unicode, SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static extern bool SetupCopyOEMInfW(
            string source, string media, uint mediaType, uint style, StringBuilder copy, uint size, out uint needed, IntPtr name);

        [DllImport("setupapi.dll", CharSet = CharSet.Unicode, SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static extern bool SetupUninstallOEMInfW(string name, uint flags, IntPtr reserved);

        [DllImport("newdev.dll", CharSet = CharSet.Unicode, SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static extern bool DiInstallDriverW(
            IntPtr window, string inf, uint flags, [MarshalAs(UnmanagedType.Bool)] out bool reboot);

        /// <summary>Takes the package of an INF into the store, after Windows has verified its signature.</summary>
        public static int Add(string inf)
        {
            StringBuilder copy = new StringBuilder(1024);
            uint needed;
            bool done = SetupCopyOEMInfW(inf, null, SourceIsPath, 0, copy, (uint)copy.Capacity, out needed, IntPtr.Zero);
            return done ? 0 : Marshal.GetLastWin32Error();
        }

        /// <summary>Has the present devices take it where it fits better than what they have.</summary>
        public static int Apply(string inf, out bool reboot)
        {
            return DiInstallDriverW(IntPtr.Zero, inf, 0, out reboot) ? 0 : Marshal.GetLastWin32Error();
        }

        /// <summary>Takes a package out of the store by its published name (oem7.inf), also when a device uses it.</summary>
        public static int Remove(string published)
        {
            return SetupUninstallOEMInfW(published, ForceDelete, IntPtr.Zero) ? 0 : Marshal.GetLastWin32Error();
        }
    }
}
