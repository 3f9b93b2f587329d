// Copyright (c) 2026 The eeszt.connect maintainers
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using System.Text.RegularExpressions;

namespace ansible_collections.eeszt.connect.plugins.module_utils.windows.HttpAnswers
{
    /// <summary>What HTTP looks like on the wire: answers of servers and of proxies, and the order for a tunnel.</summary>
    public static class Http
    {
        private const int LargestAnswer = 64 * 1024;
        private const int MostSchemes = 10;

        /// <summary>CONNECT to host:port; "account" is what follows Basic, or empty.</summary>
        public static byte[] Connect(string authority, string account)
        {
            string known = String.IsNullOrEmpty(account) ? "" : "Proxy-Authorization: Basic " + account + "\r\n";
            return Encoding.ASCII.GetBytes("CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n" + known + "\r\n");
        }

        /// <summary>
        /// Names of the authentication schemes that a refusal offers, each once. A scheme begins its field, or stands after a
        /// comma without an equals sign, which a parameter has (RFC 9110, 11.6.1).
        /// </summary>
        public static object[] Schemes(string head)
        {
            List<object> found = new List<object>();
            foreach (string line in head.Split('\n'))
            {
                int colon = line.IndexOf(':');
                if (colon < 0 || line.Substring(0, colon).Trim().ToLowerInvariant() != "proxy-authenticate") { continue; }
                string bare = Regex.Replace(line.Substring(colon + 1), "\"(?:[^\"\\\\]|\\\\.)*\"", "");
                foreach (string part in bare.Split(','))
                {
                    Match match = Regex.Match(part, "^\\s*([A-Za-z][A-Za-z0-9-]{0,30})(?:\\s+\\S.*|\\s*)$");
                    if (match.Success && !found.Contains(match.Groups[1].Value) && found.Count < MostSchemes) { found.Add(match.Groups[1].Value); }
                }
            }
            return found.ToArray();
        }

        /// <summary>Until the blank line; with "page" until its end. What breaks off within a page is kept as far as it came.</summary>
        public static byte[] Read(Stream stream, bool page)
        {
            MemoryStream data = new MemoryStream();
            byte[] piece = new byte[4096];
            while (data.Length < LargestAnswer && !Whole(data.ToArray(), page))
            {
                int count;
                // Byte by byte behind a tunnel's head would be the next protocol's, but a server waits for ours there.
                try { count = stream.Read(piece, 0, piece.Length); }
                catch (IOException) { if (page && HeadEnd(data.ToArray()) >= 0) { break; } throw; }
                if (count == 0) { break; }
                data.Write(piece, 0, count);
            }
            return data.ToArray();
        }

        public static int HeadEnd(byte[] data) { return Encoding.GetEncoding(28591).GetString(data).IndexOf("\r\n\r\n", StringComparison.Ordinal); }

        private static bool Whole(byte[] data, bool page)
        {
            int end = HeadEnd(data);
            if (end < 0 || !page) { return end >= 0; }
            string length = Header(Encoding.GetEncoding(28591).GetString(data, 0, end), "content-length");
            int size;
            return length != null && int.TryParse(length, out size) && data.Length - end - 4 >= size;
        }

        public static string Header(string head, string name)
        {
            foreach (string line in head.Split('\n'))
            {
                int colon = line.IndexOf(':');
                if (colon > 0 && line.Substring(0, colon).Trim().ToLowerInvariant() == name) { return line.Substring(colon + 1).Trim(); }
            }
            return null;
        }

        public static string FirstLine(string text)
        {
            int end = text.IndexOf("\r\n", StringComparison.Ordinal);
            string line = end < 0 ? text : text.Substring(0, end);
            return line.Length > 200 ? line.Substring(0, 200) : line;
        }

        public static int Status(string line)
        {
            string[] words = line.Split(new char[] { ' ' }, 3);
            int status;
            if (words.Length < 2 || !words[0].StartsWith("HTTP/", StringComparison.Ordinal) || !int.TryParse(words[1], out status)) { return -1; }
            return status >= 100 && status <= 599 ? status : -1;
        }

        public static string Bracketed(string host) { return host.Contains(":") ? "[" + host.Trim('[', ']') + "]" : host; }
    }
}
