// Copyright (c) 2026 The eeszt.connect maintainers
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections;
using System.Collections.Generic;
using System.IO;
using System.Net;
using System.Reflection;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using ansible_collections.eeszt.connect.plugins.module_utils.windows.EndpointEvidence;
using ansible_collections.eeszt.connect.plugins.module_utils.windows.ShownCertificates;

namespace ansible_collections.eeszt.connect.plugins.module_utils.windows.ServerTrusts
{
    /// <summary>Whether the host trusts a server. Revocation is not asked for, as the Linux probe does not.</summary>
    public class ServerTrust
    {
        private readonly string name;
        private readonly X509Certificate2Collection anchors;

        /// <summary>Why the anchors cannot be read; nothing is trusted then.</summary>
        public IDictionary AnchorsError;

        /// <summary>"anchors": path of a PEM file, null for the system's own.</summary>
        public ServerTrust(string name, string path)
        {
            this.name = name;
            if (path == null) { return; }
            anchors = new X509Certificate2Collection();
            try
            {
                foreach (byte[] der in Pem.Blocks(File.ReadAllText(path), "CERTIFICATE")) { anchors.Add(Certificates.Open(der)); }
            }
            catch (Exception error)
            {
                AnchorsError = Evidence.Of(error, null);
                AnchorsError["text"] = "trust anchors " + path + ": " + AnchorsError["text"];
            }
        }

        /// <summary>The evidence of the gravest fault, null where there is none; in the order in which OpenSSL finds them.</summary>
        public IDictionary Verify(X509Certificate2 server, IEnumerable<byte[]> sent, bool wholeChain, double seconds)
        {
            if (AnchorsError != null) { return AnchorsError; }
            X509Chain chain = new X509Chain();
            chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            chain.ChainPolicy.UrlRetrievalTimeout = TimeSpan.FromSeconds(Math.Max(1, seconds));
            chain.ChainPolicy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.1"));
            // A chain that lacks a link is a fault of the server, even where Windows could fetch the link; newer .NET alone.
            PropertyInfo downloads = typeof(X509ChainPolicy).GetProperty("DisableCertificateDownloads");
            if (downloads != null) { downloads.SetValue(chain.ChainPolicy, true, null); }
            foreach (byte[] der in sent) { chain.ChainPolicy.ExtraStore.Add(Certificates.Open(der)); }
            if (anchors != null) { chain.ChainPolicy.ExtraStore.AddRange(anchors); }
            chain.Build(server);
            return Gravest(chain, server, wholeChain);
        }

        private IDictionary Gravest(X509Chain chain, X509Certificate2 server, bool wholeChain)
        {
            bool anchored = false;
            if (anchors != null && chain.ChainElements.Count > 0)
            {
                string top = chain.ChainElements[chain.ChainElements.Count - 1].Certificate.Thumbprint;
                foreach (X509Certificate2 each in anchors) { anchored = anchored || each.Thumbprint == top; }
            }
            Dictionary<string, string> faults = new Dictionary<string, string>();
            foreach (X509ChainStatus status in chain.ChainStatus)
            {
                if (status.Status == X509ChainStatusFlags.UntrustedRoot && anchored) { continue; }
                if (status.Status == X509ChainStatusFlags.PartialChain && !wholeChain) { continue; }
                if (status.Status != X509ChainStatusFlags.NoError) { faults[status.Status.ToString()] = (status.StatusInformation ?? "").Trim(); }
            }
            if (anchors != null && !anchored && wholeChain && !faults.ContainsKey("PartialChain")) { faults["UntrustedRoot"] = "not one of the trust anchors"; }
            if (!Names.Fit(server, name)) { faults["NameMismatch"] = "the certificate is not for " + name; }
            foreach (string word in new string[] { "PartialChain", "UntrustedRoot", "NameMismatch", "NotTimeValid" })
            {
                if (faults.ContainsKey(word)) { return Evidence.Make("x509chain", word, faults[word]); }
            }
            foreach (string word in faults.Keys) { return Evidence.Make("x509chain", word, faults[word]); }
            return null;
        }
    }

    /// <summary>The names of a certificate (RFC 6125): the alternative names, the common name where there are none.</summary>
    public static class Names
    {
        public static bool Fit(X509Certificate2 certificate, string name)
        {
            IPAddress address;
            bool number = IPAddress.TryParse(name, out address);
            bool any = false;
            foreach (X509Extension extension in certificate.Extensions)
            {
                if (extension.Oid.Value != "2.5.29.17") { continue; }
                foreach (KeyValuePair<int, byte[]> each in Elements(extension.RawData))
                {
                    if (each.Key == 0x87 && number && Convert.ToBase64String(each.Value) == Convert.ToBase64String(address.GetAddressBytes())) { return true; }
                    any = any || each.Key == 0x82;
                    if (each.Key == 0x82 && !number && Same(Encoding.ASCII.GetString(each.Value), name)) { return true; }
                }
            }
            return !any && !number && Same(certificate.GetNameInfo(X509NameType.SimpleName, false), name);
        }

        private static bool Same(string pattern, string name)
        {
            if (pattern.StartsWith("*.", StringComparison.Ordinal))
            {
                int dot = name.IndexOf('.');
                return dot > 0 && string.Equals(pattern.Substring(1), name.Substring(dot), StringComparison.OrdinalIgnoreCase);
            }
            return string.Equals(pattern, name.TrimEnd('.'), StringComparison.OrdinalIgnoreCase);
        }

        private static List<KeyValuePair<int, byte[]>> Elements(byte[] der)
        {
            List<KeyValuePair<int, byte[]>> found = new List<KeyValuePair<int, byte[]>>();
            int at = 0;
            Der.Header(der, ref at);
            while (at + 2 <= der.Length)
            {
                int tag = der[at];
                byte[] content = Der.Next(der, ref at);
                found.Add(new KeyValuePair<int, byte[]>(tag, content));
            }
            return found;
        }
    }
}
