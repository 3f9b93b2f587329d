// Copyright (c) 2026 The eeszt.connect maintainers
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections;
using System.Runtime.InteropServices;

namespace ansible_collections.eeszt.connect.plugins.module_utils.windows.WinHttpProxy
{
    /// <summary>WinHTTP's default proxy, by the documented call: the form of the registry value behind it is not.</summary>
    public static class WinHttp
    {
        [StructLayout(LayoutKind.Sequential)]
        private struct ProxyInfo
        {
            public uint Access;
            public IntPtr Proxy;
            public IntPtr Bypass;
        }

        [DllImport("winhttp.dll", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static extern bool WinHttpGetDefaultProxyConfiguration(ref ProxyInfo info);

        [DllImport("kernel32.dll")]
        private static extern IntPtr GlobalFree(IntPtr memory);

        /// <summary>access, proxy and bypass of WINHTTP_PROXY_INFO; null where Windows gives none.</summary>
        public static IDictionary Default()
        {
            ProxyInfo info = new ProxyInfo();
            if (!WinHttpGetDefaultProxyConfiguration(ref info)) { return null; }
            Hashtable found = new Hashtable();
            found["access"] = (int)info.Access;
            found["proxy"] = Taken(info.Proxy);
            found["bypass"] = Taken(info.Bypass);
            return found;
        }

        private static string Taken(IntPtr text)
        {
            if (text == IntPtr.Zero) { return null; }
            string value = Marshal.PtrToStringUni(text);
            GlobalFree(text);
            return value;
        }
    }
}
