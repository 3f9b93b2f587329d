// Copyright (c) 2026 The eeszt.connect maintainers
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Runtime.InteropServices;
using System.Security.Principal;
using System.Text;

namespace ansible_collections.eeszt.connect.plugins.module_utils.windows.KeyStorage
{
    /// <summary>
    /// The private key that belongs to a certificate context, of a provider of CryptoAPI or of CNG. Names and numbers are
    /// those of wincrypt.h and ncrypt.h. null: cannot be told; Code then has the system's error code.
    /// </summary>
    public class Key
    {
        private const uint ProviderInfoProperty = 2;
        private const uint AcquireCompareKey = 0x4;
        private const uint AcquireSilent = 0x40;
        private const uint AcquireAllowNCrypt = 0x10000;
        private const uint NCryptKeySpec = 0xFFFFFFFF;
        private const uint MachineKeySet = 0x20;
        private const uint DeleteKeySet = 0x10;
        private const uint UniqueContainerParameter = 36;
        private const uint PermissionsParameter = 6;
        private const uint PermissionExport = 0x4;
        private const int ExportPolicyMask = 0x3;
        private const int NoKeyProperty = unchecked((int)0x8009200B);
        private const int NoSuchProperty = unchecked((int)0x80092004);
        private const int BadKeyset = unchecked((int)0x80090016);
        private const int NoKey = unchecked((int)0x8009000D);
        private const int BadPublicKey = unchecked((int)0x80090015);

        [StructLayout(LayoutKind.Sequential)]
        private struct ProviderInfo
        {
            public IntPtr Container;
            public IntPtr Provider;
            public uint Type;
            public uint Flags;
            public uint ParameterCount;
            public IntPtr Parameters;
            public uint KeySpec;
        }

        public bool? Present;
        public bool? Fits;
        public bool? Exportable;
        public bool? Machine;
        public string UniqueName;
        public string Container;
        public string Provider;
        public uint ProviderType;
        public int Code;

        [DllImport("crypt32.dll", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static extern bool CertGetCertificateContextProperty(IntPtr certificate, uint id, IntPtr data, ref uint size);

        [DllImport("crypt32.dll", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static extern bool CryptAcquireCertificatePrivateKey(
            IntPtr certificate, uint flags, IntPtr window, out IntPtr key, out uint spec,
            [MarshalAs(UnmanagedType.Bool)] out bool mustFree);

        [DllImport("advapi32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static extern bool CryptAcquireContextW(
            out IntPtr provider, string container, string name, uint type, uint flags);

        [DllImport("advapi32.dll")]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static extern bool CryptReleaseContext(IntPtr provider, uint flags);

        [DllImport("advapi32.dll", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static extern bool CryptGetProvParam(IntPtr provider, uint parameter, byte[] data, ref uint size, uint flags);

        [DllImport("advapi32.dll", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static extern bool CryptGetUserKey(IntPtr provider, uint spec, out IntPtr key);

        [DllImport("advapi32.dll")]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static extern bool CryptDestroyKey(IntPtr key);

        [DllImport("advapi32.dll", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static extern bool CryptGetKeyParam(IntPtr key, uint parameter, byte[] data, ref uint size, uint flags);

        [DllImport("ncrypt.dll", CharSet = CharSet.Unicode)]
        private static extern int NCryptOpenStorageProvider(out IntPtr provider, string name, uint flags);

        [DllImport("ncrypt.dll", CharSet = CharSet.Unicode)]
        private static extern int NCryptOpenKey(IntPtr provider, out IntPtr key, string name, uint spec, uint flags);

        [DllImport("ncrypt.dll")]
        private static extern int NCryptDeleteKey(IntPtr key, uint flags);

        [DllImport("ncrypt.dll")]
        private static extern int NCryptFreeObject(IntPtr handle);

        [DllImport("ncrypt.dll", CharSet = CharSet.Unicode)]
        private static extern int NCryptGetProperty(
            IntPtr handle, string name, byte[] data, int size, out int written, uint flags);

        /// <summary>Looks without a window and without changing anything.</summary>
        public static Key Of(IntPtr certificate)
        {
            Key found = new Key();
            if (!found.ReadProviderInfo(certificate)) { return found; }
            IntPtr key;
            uint spec;
            bool mustFree;
            uint flags = AcquireSilent | AcquireAllowNCrypt;
            found.Present = true;
            found.Fits = true;
            if (!CryptAcquireCertificatePrivateKey(
                certificate, flags | AcquireCompareKey, IntPtr.Zero, out key, out spec, out mustFree))
            {
                found.Judge(Marshal.GetLastWin32Error());
                // What does not fit is still to be found, since it has to be taken away.
                if (found.Fits != false || !CryptAcquireCertificatePrivateKey(
                    certificate, flags, IntPtr.Zero, out key, out spec, out mustFree))
                {
                    return found;
                }
            }
            try
            {
                if (spec == NCryptKeySpec) { found.AskCng(key); }
                else { found.AskCryptoApi(key, spec); }
            }
            finally
            {
                if (mustFree && spec == NCryptKeySpec) { NCryptFreeObject(key); }
                else if (mustFree) { CryptReleaseContext(key, 0); }
            }
            return found;
        }

        /// <summary>Deletes a container; 0 or the system's error code. One that is gone already is no error.</summary>
        public static int Delete(string provider, uint type, bool machine, string container)
        {
            uint flags = AcquireSilent | (machine ? MachineKeySet : 0);
            int code = type == 0 ? DeleteCng(provider, container, flags) : 0;
            if (type != 0)
            {
                IntPtr none;
                if (!CryptAcquireContextW(out none, container, provider, type, flags | DeleteKeySet))
                {
                    code = Marshal.GetLastWin32Error();
                }
            }
            return Gone(code, machine, Elevated()) ? 0 : code;
        }

        private static int DeleteCng(string provider, string container, uint flags)
        {
            IntPtr storage;
            int code = NCryptOpenStorageProvider(out storage, provider, 0);
            if (code != 0)
            {
                return code;
            }
            try
            {
                IntPtr key;
                code = NCryptOpenKey(storage, out key, container, 0, flags);
                if (code != 0)
                {
                    return code;
                }
                // It frees the handle, unless it fails.
                code = NCryptDeleteKey(key, AcquireSilent);
                if (code != 0)
                {
                    NCryptFreeObject(key);
                }
                return code;
            }
            finally
            {
                NCryptFreeObject(storage);
            }
        }

        private bool ReadProviderInfo(IntPtr certificate)
        {
            uint size = 0;
            if (!CertGetCertificateContextProperty(certificate, ProviderInfoProperty, IntPtr.Zero, ref size))
            {
                Judge(Marshal.GetLastWin32Error());
                return false;
            }
            IntPtr memory = Marshal.AllocHGlobal((int)size);
            try
            {
                if (!CertGetCertificateContextProperty(certificate, ProviderInfoProperty, memory, ref size))
                {
                    Judge(Marshal.GetLastWin32Error());
                    return false;
                }
                ProviderInfo info = (ProviderInfo)Marshal.PtrToStructure(memory, typeof(ProviderInfo));
                Container = Marshal.PtrToStringUni(info.Container);
                Provider = Marshal.PtrToStringUni(info.Provider);
                ProviderType = info.Type;
                Machine = (info.Flags & MachineKeySet) != 0;
                return true;
            }
            finally
            {
                Marshal.FreeHGlobal(memory);
            }
        }

        private void Judge(int code)
        {
            Present = null;
            Fits = null;
            if (code == NoKeyProperty || code == NoSuchProperty || Gone(code, Machine == true, Elevated()))
            {
                Present = false;
            }
            else if (code == BadPublicKey)
            {
                Present = true;
                Fits = false;
            }
            else
            {
                Code = code;
            }
        }

        /// <summary>
        /// Whether a code says that a container is not there. Windows has BadKeyset also for one that is out of reach
        /// (dotnet/runtime#119124), as the machine's keys are to everyone but administrators.
        /// </summary>
        public static bool Gone(int code, bool machine, bool elevated)
        {
            return code == NoKey || (code == BadKeyset && (elevated || !machine));
        }

        private static bool Elevated()
        {
            using (WindowsIdentity own = WindowsIdentity.GetCurrent())
            {
                return new WindowsPrincipal(own).IsInRole(WindowsBuiltInRole.Administrator);
            }
        }

        private void AskCng(IntPtr key)
        {
            byte[] policy = Property(key, "Export Policy");
            if (policy != null && policy.Length == 4)
            {
                Exportable = (BitConverter.ToInt32(policy, 0) & ExportPolicyMask) != 0;
            }
            byte[] name = Property(key, "Unique Name");
            if (name != null)
            {
                UniqueName = Encoding.Unicode.GetString(name).TrimEnd('\0');
            }
        }

        private static byte[] Property(IntPtr key, string name)
        {
            int size;
            if (NCryptGetProperty(key, name, null, 0, out size, 0) != 0) { return null; }
            byte[] data = new byte[size];
            return NCryptGetProperty(key, name, data, size, out size, 0) == 0 ? data : null;
        }

        private void AskCryptoApi(IntPtr provider, uint spec)
        {
            uint size = 0;
            if (CryptGetProvParam(provider, UniqueContainerParameter, null, ref size, 0))
            {
                byte[] name = new byte[size];
                if (CryptGetProvParam(provider, UniqueContainerParameter, name, ref size, 0))
                {
                    UniqueName = Encoding.Default.GetString(name).TrimEnd('\0');
                }
            }
            IntPtr key;
            if (CryptGetUserKey(provider, spec, out key))
            {
                byte[] permissions = new byte[4];
                size = 4;
                if (CryptGetKeyParam(key, PermissionsParameter, permissions, ref size, 0))
                {
                    Exportable = (BitConverter.ToUInt32(permissions, 0) & PermissionExport) != 0;
                }
                CryptDestroyKey(key);
            }
        }
    }
}
