// Copyright (c) 2026 The eeszt.connect maintainers
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections.Generic;
using System.Reflection;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Security.Principal;

namespace ansible_collections.eeszt.connect.plugins.module_utils.windows.ShownCertificates
{
    public static class Der
    {
        /// <summary>Goes behind tag and length, and gives the length.</summary>
        public static int Header(byte[] der, ref int at)
        {
            int length = der[at + 1];
            at += 2;
            if (length >= 0x80)
            {
                int count = length & 0x7F;
                length = 0;
                for (; count > 0; count--, at++) { length = (length << 8) | der[at]; }
            }
            return length;
        }

        public static byte[] Next(byte[] der, ref int at)
        {
            byte[] content = new byte[Header(der, ref at)];
            Array.Copy(der, at, content, 0, content.Length);
            at += content.Length;
            return content;
        }
    }

    public static class Pem
    {
        public static List<byte[]> Blocks(string text, string label)
        {
            List<byte[]> found = new List<byte[]>();
            string begin = "-----BEGIN " + label + "-----", end = "-----END " + label + "-----";
            for (int at = text.IndexOf(begin, StringComparison.Ordinal); at >= 0; at = text.IndexOf(begin, at + 1, StringComparison.Ordinal))
            {
                int stop = text.IndexOf(end, at, StringComparison.Ordinal);
                if (stop < 0) { break; }
                found.Add(Convert.FromBase64String(text.Substring(at + begin.Length, stop - at - begin.Length)));
            }
            return found;
        }
    }

    /// <summary>Opens certificates by reflection: newer .NET calls the constructors that older ones have obsolete.</summary>
    public static class Certificates
    {
        public static X509Certificate2 Open(byte[] der)
        {
            return (X509Certificate2)Activator.CreateInstance(typeof(X509Certificate2), new object[] { der });
        }

        /// <summary>
        /// A certificate with its key from PEM texts, without a key that stays: Windows deletes the container of a key that
        /// was imported without PersistKeySet when the certificate is disposed of. SChannel cannot use keys that are
        /// nowhere (EphemeralKeySet). An account that came over the network may have no profile to keep a key in, so who
        /// may write the machine's keys writes it there.
        /// </summary>
        public static X509Certificate2 FromPem(string certificates, string key)
        {
            List<byte[]> found = Pem.Blocks(certificates, "CERTIFICATE");
            if (found.Count == 0) { throw new CryptographicException("there is no certificate in it"); }
            X509Certificate2 bare = Open(found[0]);
            X509Certificate2 whole = Keys.Join(bare, key);
            if (Environment.OSVersion.Platform != PlatformID.Win32NT) { return whole; }
            byte[] random = new byte[24];
            using (RandomNumberGenerator source = RandomNumberGenerator.Create()) { source.GetBytes(random); }
            string password = Convert.ToBase64String(random);
            using (whole)
            {
                try
                {
                    byte[] pfx = whole.Export(X509ContentType.Pfx, password);
                    X509KeyStorageFlags place = Elevated() ? X509KeyStorageFlags.MachineKeySet : X509KeyStorageFlags.DefaultKeySet;
                    return (X509Certificate2)Activator.CreateInstance(typeof(X509Certificate2), new object[] { pfx, password, place });
                }
                catch (TargetInvocationException error) { throw NotOpened(error.InnerException); }
                catch (CryptographicException error) { throw NotOpened(error); }
            }
        }

        private static bool Elevated()
        {
            using (WindowsIdentity own = WindowsIdentity.GetCurrent()) { return new WindowsPrincipal(own).IsInRole(WindowsBuiltInRole.Administrator); }
        }

        /// <summary>Apart from the codes of files that are not there: some of them are the same.</summary>
        private static KeyTrouble NotOpened(Exception error)
        {
            return new KeyTrouble("not_opened", "Windows did not take the key: 0x" + error.HResult.ToString("X8") + " " + error.Message);
        }
    }

    /// <summary>Why a certificate cannot be shown, as evidence.</summary>
    public class KeyTrouble : Exception
    {
        public readonly string Code;

        public KeyTrouble(string code, string text) : base(text) { Code = code; }
    }

    /// <summary>Private keys in PKCS#8, PKCS#1 (RFC 8017) and SEC 1 (RFC 5915) that are not encrypted.</summary>
    public static class Keys
    {
        public static X509Certificate2 Join(X509Certificate2 bare, string key)
        {
            if (key.Contains("ENCRYPTED")) { throw new KeyTrouble("key_encrypted", "the private key is encrypted and there is no password for it"); }
            bool ofRsa = bare.GetKeyAlgorithm() == "1.2.840.113549.1.1.1";
            try
            {
                object opened = ofRsa ? Rsa(Plain(key, "RSA PRIVATE KEY")) : Ec(Plain(key, "EC PRIVATE KEY"), bare);
                // A part of .NET Framework only from 4.7.2 on.
                Type extension = typeof(X509Certificate2).Assembly.GetType("System.Security.Cryptography.X509Certificates." + (ofRsa ? "RSACertificateExtensions" : "ECDsaCertificateExtensions"))
                    ?? typeof(RSACertificateExtensions).Assembly.GetType("System.Security.Cryptography.X509Certificates." + (ofRsa ? "RSACertificateExtensions" : "ECDsaCertificateExtensions"));
                MethodInfo copy = extension == null ? null : extension.GetMethod("CopyWithPrivateKey");
                if (copy == null) { throw TooOld(); }
                return (X509Certificate2)copy.Invoke(null, new object[] { bare, opened });
            }
            catch (TargetInvocationException error)
            {
                if (error.InnerException is ArgumentException) { throw new KeyTrouble("key_mismatch", "the key does not fit the certificate"); }
                throw error.InnerException;
            }
            catch (IndexOutOfRangeException) { throw new KeyTrouble("key_mismatch", "the key does not fit the certificate"); }
        }

        /// <summary>The key's own structure, out of its PKCS#8 cover where it has one.</summary>
        private static byte[] Plain(string pem, string label)
        {
            List<byte[]> bare = Pem.Blocks(pem, label);
            if (bare.Count > 0) { return bare[0]; }
            List<byte[]> covered = Pem.Blocks(pem, "PRIVATE KEY");
            if (covered.Count == 0) { throw new KeyTrouble("key_mismatch", "the key does not fit the certificate: it is of another kind"); }
            int at = 0;
            Der.Header(covered[0], ref at);
            Der.Next(covered[0], ref at);
            Der.Next(covered[0], ref at);
            return Der.Next(covered[0], ref at);
        }

        private static RSA Rsa(byte[] der)
        {
            int at = 0;
            Der.Header(der, ref at);
            List<byte[]> numbers = new List<byte[]>();
            while (at < der.Length && numbers.Count < 9) { numbers.Add(Unsigned(Der.Next(der, ref at))); }
            if (numbers.Count < 9) { throw new IndexOutOfRangeException(); }
            int size = numbers[1].Length, half = (size + 1) / 2;
            RSAParameters parts = new RSAParameters();
            parts.Modulus = numbers[1];
            parts.Exponent = numbers[2];
            parts.D = Padded(numbers[3], size);
            parts.P = Padded(numbers[4], half);
            parts.Q = Padded(numbers[5], half);
            parts.DP = Padded(numbers[6], half);
            parts.DQ = Padded(numbers[7], half);
            parts.InverseQ = Padded(numbers[8], half);
            RSA rsa = RSA.Create();
            rsa.ImportParameters(parts);
            return rsa;
        }

        private static KeyTrouble TooOld()
        {
            return new KeyTrouble("not_supported", "before .NET Framework 4.7.2 a key cannot be joined to a certificate; one in the store can be shown");
        }

        /// <summary>By reflection: the parameters of curves are a part of .NET Framework only from 4.7 on.</summary>
        private static object Ec(byte[] der, X509Certificate2 bare)
        {
            Assembly library = typeof(ECDsa).Assembly;
            Type kind = library.GetType("System.Security.Cryptography.ECParameters");
            if (kind == null) { throw TooOld(); }
            int at = 0;
            Der.Header(der, ref at);
            Der.Next(der, ref at);
            byte[] secret = Der.Next(der, ref at);
            byte[] parameters = bare.GetKeyAlgorithmParameters();
            byte[] point = bare.GetPublicKey();
            int size = (point.Length - 1) / 2;
            Type pointKind = library.GetType("System.Security.Cryptography.ECPoint");
            object place = Activator.CreateInstance(pointKind);
            pointKind.GetField("X").SetValue(place, Part(point, 1, size));
            pointKind.GetField("Y").SetValue(place, Part(point, 1 + size, size));
            MethodInfo curve = library.GetType("System.Security.Cryptography.ECCurve").GetMethod("CreateFromOid");
            object parts = Activator.CreateInstance(kind);
            kind.GetField("Curve").SetValue(parts, curve.Invoke(null, new object[] { new Oid(Named(parameters)) }));
            kind.GetField("D").SetValue(parts, Padded(secret, size));
            kind.GetField("Q").SetValue(parts, place);
            ECDsa opened = ECDsa.Create();
            try { typeof(ECDsa).GetMethod("ImportParameters").Invoke(opened, new object[] { parts }); }
            catch (TargetInvocationException error)
            {
                if (error.InnerException is CryptographicException) { throw new KeyTrouble("key_mismatch", "the key does not fit the certificate"); }
                throw;
            }
            return opened;
        }

        private static string Named(byte[] oid)
        {
            string shown = BitConverter.ToString(oid);
            if (shown == "06-08-2A-86-48-CE-3D-03-01-07") { return "1.2.840.10045.3.1.7"; }
            if (shown == "06-05-2B-81-04-00-22") { return "1.3.132.0.34"; }
            if (shown == "06-05-2B-81-04-00-23") { return "1.3.132.0.35"; }
            throw new KeyTrouble("not_supported", "a curve that is none of NIST's");
        }

        private static byte[] Unsigned(byte[] number)
        {
            int zeros = 0;
            while (zeros < number.Length - 1 && number[zeros] == 0) { zeros++; }
            return Part(number, zeros, number.Length - zeros);
        }

        private static byte[] Part(byte[] data, int at, int count)
        {
            byte[] piece = new byte[count];
            Array.Copy(data, at, piece, 0, count);
            return piece;
        }

        private static byte[] Padded(byte[] number, int size)
        {
            if (number.Length > size) { throw new IndexOutOfRangeException(); }
            byte[] wide = new byte[size];
            Array.Copy(number, 0, wide, size - number.Length, number.Length);
            return wide;
        }
    }
}
