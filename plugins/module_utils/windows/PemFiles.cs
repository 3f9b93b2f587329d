// Copyright (c) 2026 The eeszt.connect maintainers
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections.Generic;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace ansible_collections.eeszt.connect.plugins.module_utils.windows.PemFiles
{
    public class Block
    {
        public string Label;

        /// <summary>Empty where the block's body is no base64.</summary>
        public byte[] Der;
    }

    /// <summary>
    /// What PEM files hold. It is no PowerShell, because the arguments of PowerShell's functions come into the event log
    /// where a policy asks for it, and because Windows PowerShell 5.1 cannot open keys in these forms.
    /// </summary>
    public static class Pem
    {
        private const int Integer = 0x02;
        private const int BitString = 0x03;
        private const int Octets = 0x04;
        private const int Sequence = 0x30;
        private const int PublicKeyOfEc = 0xA1;

        public static Block[] Read(byte[] data)
        {
            List<Block> found = new List<Block>();
            string text = Encoding.GetEncoding(28591).GetString(data);
            string form = "-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \\1-----";
            foreach (Match match in Regex.Matches(text, form, RegexOptions.Singleline))
            {
                Block block = new Block();
                block.Label = match.Groups[1].Value;
                try
                {
                    block.Der = Convert.FromBase64String(Regex.Replace(match.Groups[2].Value, "\\s", ""));
                }
                catch (FormatException)
                {
                    block.Der = new byte[0];
                }
                found.Add(block);
            }
            return found.ToArray();
        }

        /// <summary>The certificates of a PEM file, in its order.</summary>
        public static byte[][] Certificates(byte[] data)
        {
            List<byte[]> found = new List<byte[]>();
            foreach (Block block in Read(data))
            {
                if (IsCertificate(block.Label))
                {
                    found.Add(block.Der);
                }
            }
            return found.ToArray();
        }

        /// <summary>Whether a PEM file holds these certificates in their order and nothing else.</summary>
        public static bool HoldsOnly(byte[] data, byte[][] wanted)
        {
            Block[] found = Read(data);
            bool same = found.Length == wanted.Length;
            for (int index = 0; same && index < found.Length; index++)
            {
                same = IsCertificate(found[index].Label) && Same(found[index].Der, wanted[index]);
            }
            return same;
        }

        /// <summary>
        /// How the private key in a PEM file stands to a certificate's public key (X509Certificate2.GetPublicKey): none,
        /// encrypted, fits, mismatch, or unknown, where its form does not tell. PKCS#8, PKCS#1 and SEC 1 are read.
        /// </summary>
        public static string KeyState(byte[] data, byte[] publicKey)
        {
            foreach (Block block in Read(data))
            {
                if (!block.Label.EndsWith("PRIVATE KEY", StringComparison.Ordinal))
                {
                    continue;
                }
                // The old form has its cipher in lines before the base64, so that this is none.
                if (block.Label == "ENCRYPTED PRIVATE KEY" || block.Der.Length == 0)
                {
                    return IsEncrypted(data) ? "encrypted" : "unknown";
                }
                try
                {
                    return Compare(block, publicKey);
                }
                catch (FormatException)
                {
                    return "unknown";
                }
                catch (ArgumentOutOfRangeException)
                {
                    return "unknown";
                }
            }
            return "none";
        }

        /// <summary>Whether there is one key in the file and nothing else but the parameters of its curve.</summary>
        public static bool HoldsOneKey(byte[] data)
        {
            int keys = 0;
            foreach (Block block in Read(data))
            {
                if (block.Label == "EC PARAMETERS")
                {
                    continue;
                }
                keys += block.Label.EndsWith("PRIVATE KEY", StringComparison.Ordinal) ? 1 : 2;
            }
            return keys == 1;
        }

        /// <summary>Hides bytes on their way to the controller, as seal() of certificate_content.py does.</summary>
        public static byte[] Seal(byte[] data, string token, string path)
        {
            byte[] hidden = new byte[data.Length];
            using (HMACSHA256 stream = new HMACSHA256(Encoding.UTF8.GetBytes(token)))
            {
                byte[] piece = null;
                for (int at = 0; at < data.Length; at++)
                {
                    if (at % 32 == 0)
                    {
                        piece = stream.ComputeHash(Encoding.UTF8.GetBytes((at / 32).ToString() + "\0" + path));
                    }
                    hidden[at] = (byte)(data[at] ^ piece[at % 32]);
                }
            }
            return hidden;
        }

        private static bool IsCertificate(string label)
        {
            return label == "CERTIFICATE" || label == "X509 CERTIFICATE" || label == "TRUSTED CERTIFICATE";
        }

        private static bool IsEncrypted(byte[] data)
        {
            return Encoding.ASCII.GetString(data).Contains("ENCRYPTED");
        }

        private static bool Same(byte[] one, byte[] other)
        {
            return Convert.ToBase64String(one) == Convert.ToBase64String(other);
        }

        private static string Compare(Block block, byte[] publicKey)
        {
            List<Node> parts = Children(One(block.Der, Sequence));
            if (block.Label == "PRIVATE KEY")
            {
                parts = Children(One(parts[2].Content, Sequence));
            }
            // RSAPrivateKey (RFC 8017): version, modulus, exponent, ...; ECPrivateKey (RFC 5915): version, key, [1] public key.
            if (parts.Count >= 9 && parts[1].Tag == Integer)
            {
                List<Node> known = Children(One(publicKey, Sequence));
                bool same = Same(known[0].Content, parts[1].Content) && Same(known[1].Content, parts[2].Content);
                return same ? "fits" : "mismatch";
            }
            foreach (Node part in parts)
            {
                if (part.Tag == PublicKeyOfEc && parts[1].Tag == Octets)
                {
                    byte[] bits = One(part.Content, BitString).Content;
                    byte[] point = new byte[bits.Length - 1];
                    Array.Copy(bits, 1, point, 0, point.Length);
                    return Same(point, publicKey) ? "fits" : "mismatch";
                }
            }
            return "unknown";
        }

        private struct Node
        {
            public int Tag;
            public byte[] Content;
        }

        private static Node One(byte[] data, int tag)
        {
            List<Node> found = Children(new Node { Tag = Sequence, Content = data });
            if (found.Count != 1 || found[0].Tag != tag)
            {
                throw new FormatException("not the element that was looked for");
            }
            return found[0];
        }

        /// <summary>The elements inside one, DER.</summary>
        private static List<Node> Children(Node parent)
        {
            List<Node> found = new List<Node>();
            byte[] data = parent.Content;
            int at = 0;
            while (at < data.Length)
            {
                if (at + 2 > data.Length)
                {
                    throw new FormatException("cut short");
                }
                Node node = new Node();
                node.Tag = data[at];
                int length = data[at + 1];
                at += 2;
                if (length >= 0x80)
                {
                    int count = length & 0x7F;
                    if (count == 0 || count > 3 || at + count > data.Length)
                    {
                        throw new FormatException("a length that is none of DER");
                    }
                    length = 0;
                    for (; count > 0; count--, at++)
                    {
                        length = (length << 8) | data[at];
                    }
                }
                if (at + length > data.Length)
                {
                    throw new FormatException("cut short");
                }
                node.Content = new byte[length];
                Array.Copy(data, at, node.Content, 0, length);
                at += length;
                found.Add(node);
            }
            if (parent.Content.Length == 0)
            {
                throw new FormatException("empty");
            }
            return found;
        }
    }
}
