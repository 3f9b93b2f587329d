// Copyright (c) 2026 The eeszt.connect maintainers
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections;
using System.Collections.Specialized;
using System.IO;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using ansible_collections.eeszt.connect.plugins.module_utils.windows.ShownCertificates;
using ansible_collections.eeszt.connect.plugins.module_utils.windows.WireTaps;

namespace ansible_collections.eeszt.connect.plugins.module_utils.windows.EndpointEvidence
{
    /// <summary>Raw evidence {stack, code, text}; the words are the system's and may be in its language.</summary>
    public static class Evidence
    {
        public static IDictionary Make(string stack, object code, string text)
        {
            OrderedDictionary made = new OrderedDictionary();
            made["stack"] = stack;
            made["code"] = code;
            made["text"] = text ?? "";
            return made;
        }

        public static IDictionary Closed() { return Make("probe", "closed", "the connection was closed without an answer"); }

        /// <summary>The innermost exception with a code wins; "tap" knows what the socket said, which SslStream may hide.</summary>
        public static IDictionary Of(Exception error, WireTap tap)
        {
            if (tap != null && tap.Failure is LimitException) { return Make("probe", "timeout", tap.Failure.Message); }
            Exception last = error;
            for (Exception each = error; each != null; each = each.InnerException)
            {
                last = each;
                if (each is LimitException) { return Make("probe", "timeout", each.Message); }
                KeyTrouble key = each as KeyTrouble;
                if (key != null) { return Make("probe", key.Code, key.Message); }
                SocketException socket = each as SocketException;
                if (socket != null) { return Make("winsock", (int)socket.SocketErrorCode, socket.Message); }
                System.ComponentModel.Win32Exception windows = each as System.ComponentModel.Win32Exception;
                if (windows != null) { return OfWindows(windows); }
                if (each.GetType().Name == "OpenSslCryptographicException") { return Make("openssl", each.HResult & 0x7FFFFF, each.Message); }
            }
            if (tap != null && tap.Received.Foreign) { return Make("probe", "not_tls", "what the server sent is no TLS"); }
            if (tap != null && tap.Failure is SocketException) { return Of(tap.Failure, null); }
            if (tap != null && tap.Ended) { return Closed(); }
            if (last is IOException || last is CryptographicException || last is UnauthorizedAccessException)
            {
                return Make("win32", "0x" + last.HResult.ToString("X8"), last.Message);
            }
            return Make("probe", last.GetType().Name, last.Message);
        }

        private static IDictionary OfWindows(System.ComponentModel.Win32Exception error)
        {
            if (error.NativeErrorCode >= 0 && error.NativeErrorCode < 0x10000) { return Make("win32", error.NativeErrorCode, error.Message); }
            return Make("schannel", "0x" + error.NativeErrorCode.ToString("X8"), error.Message);
        }
    }
}
