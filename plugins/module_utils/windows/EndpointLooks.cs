// Copyright (c) 2026 The eeszt.connect maintainers
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections;
using System.Collections.Generic;
using System.Collections.Specialized;
using System.IO;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Reflection;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Threading;
using ansible_collections.eeszt.connect.plugins.module_utils.windows.EndpointEvidence;
using ansible_collections.eeszt.connect.plugins.module_utils.windows.HttpAnswers;
using ansible_collections.eeszt.connect.plugins.module_utils.windows.ServerTrusts;
using ansible_collections.eeszt.connect.plugins.module_utils.windows.ShownCertificates;
using ansible_collections.eeszt.connect.plugins.module_utils.windows.WireTaps;

namespace ansible_collections.eeszt.connect.plugins.module_utils.windows.EndpointLooks
{
    /// <summary>
    /// One endpoint from its name to its answer, as plain data. "Record" is filled step by step, so that a cut leaves what
    /// was seen until then. Shapes: contract/schemas/observation.schema.json, endpoint.
    /// </summary>
    public class EndpointLook
    {
        private const double LongestRawWait = 2.0;
        private const double ShortestVerdictWait = 0.2;
        private const int AttemptsInFull = 3;
        private const int PageCharacters = 2048;
        private const int Tls13 = 12288;

        private readonly IDictionary ask;
        private readonly IDictionary limits;
        private readonly X509Certificate2 shown;
        private readonly IDictionary shownError;
        private readonly Deadline until;
        private readonly IDictionary proxy;

        public readonly IDictionary Record;
        public readonly Thread Worker;
        public volatile bool Done;
        public IDictionary Broken;

        /// <summary>
        /// "ask": host, port, protocol, path, server_name, proxy (host and port, or null), proxy_account (as Basic
        /// authentication writes it, or null), anchors, limits. "record": the
        /// neutral form. "shownError": why the certificate that was to be shown cannot be.
        /// </summary>
        public EndpointLook(IDictionary ask, IDictionary record, X509Certificate2 shown, IDictionary shownError, double seconds)
        {
            this.ask = ask;
            this.shown = shown;
            this.shownError = shownError;
            limits = (IDictionary)ask["limits"];
            proxy = (IDictionary)ask["proxy"];
            until = new Deadline(seconds);
            Record = record;
            Worker = new Thread(Run);
            Worker.IsBackground = true;
        }

        public static EndpointLook Start(IDictionary ask, IDictionary record, X509Certificate2 shown, IDictionary shownError, double seconds)
        {
            EndpointLook look = new EndpointLook(ask, record, shown, shownError, seconds);
            look.Worker.Start();
            return look;
        }

        /// <summary>What was seen until now; an endpoint that broke or hangs says so in the first step that it did not reach.</summary>
        public IDictionary Close()
        {
            OrderedDictionary copy = new OrderedDictionary();
            lock (Record) { foreach (DictionaryEntry each in Record) { copy[each.Key] = each.Value; } }
            IDictionary trouble = Broken;
            if (trouble == null && !Done) { trouble = Evidence.Make("probe", "timeout", "the section timed out before this step"); }
            if (trouble == null) { return copy; }
            if (proxy != null && copy["proxy"] == null) { copy["proxy"] = Part("connected", false, "status", null, "error", trouble); }
            else if (proxy == null && copy["dns"] == null) { copy["dns"] = Part("addresses", new object[0], "error", trouble, "seconds", null); }
            else if (copy["tcp"] == null) { copy["tcp"] = Part("connected", false, "address", null, "error", trouble, "seconds", null, "attempts", new object[0]); }
            return copy;
        }

        private void Run()
        {
            try { Look(); }
            catch (Exception error) { Broken = Evidence.Of(error, null); }
            finally { Done = true; }
        }

        private void Set(string name, object value) { lock (Record) { Record[name] = value; } }

        private double Limit(string name) { return until.Left(Convert.ToDouble(limits[name], System.Globalization.CultureInfo.InvariantCulture)); }

        private string Host { get { return ((string)ask["host"]).Trim('[', ']'); } }

        private int Port { get { return Convert.ToInt32(ask["port"]); } }

        private void Look()
        {
            Socket socket = Reach(Record);
            if (socket == null) { return; }
            Session session = new Session(socket);
            using (session.Tap)
            {
                IDictionary tls = Secure(session);
                Set("tls", tls);
                if (session.Stream == null) { return; }
                Speak(session, tls);
            }
            IDictionary http = (IDictionary)Record["http"];
            if (http != null && http["status"] != null && (int)http["status"] >= 400) { http["page"] = Page(); }
        }

        private Socket Reach(IDictionary record)
        {
            string host = proxy == null ? Host : ((string)proxy["host"]).Trim('[', ']');
            int port = proxy == null ? Port : Convert.ToInt32(proxy["port"]);
            IDictionary error;
            Deadline clock = new Deadline(3600);
            IPAddress[] addresses = Resolve(host, Limit("dns"), out error);
            if (proxy == null)
            {
                lock (record) { record["dns"] = Part("addresses", Texts(addresses), "error", error, "seconds", clock.Elapsed); }
            }
            if (addresses.Length == 0)
            {
                if (proxy != null) { lock (record) { record["proxy"] = Part("connected", false, "status", null, "error", error); } }
                return null;
            }
            IDictionary tcp;
            Socket socket = Connect(addresses, port, out tcp);
            lock (record) { record["tcp"] = tcp; }
            if (proxy == null) { return socket; }
            IDictionary tunnel = socket == null ? Part("connected", false, "status", null, "error", tcp["error"]) : Tunnel(socket);
            lock (record) { record["proxy"] = tunnel; }
            if (socket != null && !(bool)tunnel["connected"]) { socket.Close(); return null; }
            return socket;
        }

        private static object[] Texts(IPAddress[] addresses)
        {
            List<object> found = new List<object>();
            foreach (IPAddress each in addresses) { if (!found.Contains(each.ToString())) { found.Add(each.ToString()); } }
            return found.ToArray();
        }

        /// <summary>The name service cannot be stopped, so it runs on a thread that is left behind when its time is over.</summary>
        private static IPAddress[] Resolve(string host, double seconds, out IDictionary error)
        {
            IPAddress number;
            error = null;
            if (IPAddress.TryParse(host, out number)) { return new IPAddress[] { number }; }
            IPAddress[] found = null;
            Exception trouble = null;
            ManualResetEvent answered = new ManualResetEvent(false);
            Thread worker = new Thread(delegate()
            {
                try { found = Dns.GetHostAddresses(host); }
                catch (Exception caught) { trouble = caught; }
                finally { answered.Set(); }
            });
            worker.IsBackground = true;
            worker.Start();
            if (!answered.WaitOne((int)(seconds * 1000) + 1)) { error = Evidence.Make("probe", "timeout", "name service for " + host + ": timed out"); }
            else if (trouble != null) { error = Evidence.Of(trouble, null); }
            return error == null ? found : new IPAddress[0];
        }

        private Socket Connect(IPAddress[] addresses, int port, out IDictionary tcp)
        {
            List<object> attempts = new List<object>();
            tcp = Part("connected", false, "address", null, "error", null, "seconds", null, "attempts", null);
            Deadline all = new Deadline(Limit("connect") * AttemptsInFull);
            Socket connected = null;
            foreach (IPAddress address in addresses)
            {
                if (all.Over || (attempts.Count > 0 && until.Over)) { break; }
                Deadline clock = new Deadline(3600);
                Socket socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                IDictionary error = Attempt(socket, address, port, all.Left(Limit("connect")));
                attempts.Add(Part("address", address.ToString(), "error", error, "seconds", clock.Elapsed));
                tcp["error"] = error;
                if (error == null) { connected = socket; tcp["connected"] = true; tcp["address"] = address.ToString(); break; }
                socket.Close();
            }
            tcp["seconds"] = all.Elapsed;
            tcp["attempts"] = attempts.ToArray();
            return connected;
        }

        private static IDictionary Attempt(Socket socket, IPAddress address, int port, double seconds)
        {
            try
            {
                IAsyncResult pending = socket.BeginConnect(address, port, null, null);
                if (!pending.AsyncWaitHandle.WaitOne((int)(seconds * 1000) + 1))
                {
                    return Evidence.Make("probe", "timeout", "connect to " + address + " port " + port + ": timed out");
                }
                socket.EndConnect(pending);
                return null;
            }
            catch (SocketException error) { return Evidence.Of(error, null); }
        }

        /// <summary>An account is shown by Basic authentication alone; what else a refusal offers is told by its names.</summary>
        private IDictionary Tunnel(Socket socket)
        {
            WireTap tap = new WireTap(socket);
            tap.Until = new Deadline(Limit("answer"));
            tap.Waiting = "the proxy's answer";
            string account = (string)ask["proxy_account"];
            try
            {
                byte[] request = Http.Connect(Http.Bracketed(Host) + ":" + Port, account);
                tap.Write(request, 0, request.Length);
                string head = Encoding.GetEncoding(28591).GetString(Http.Read(tap, false));
                string first = Http.FirstLine(head);
                int status = Http.Status(first);
                if (status < 0) { return Answered(false, null, Evidence.Make("http", "bad_answer", first.Length > 0 ? first : "the connection was closed without an answer"), null); }
                if (status / 100 != 2) { return Answered(false, status, Evidence.Make("http", status, first), head); }
                return Answered(true, status, null, null);
            }
            catch (IOException error) { return Answered(false, null, Evidence.Of(error, tap), null); }
        }

        private IDictionary Answered(bool connected, object status, IDictionary error, string head)
        {
            object[] schemes = head == null ? new object[0] : Http.Schemes(head);
            return Part("connected", connected, "status", status, "error", error, "account", !String.IsNullOrEmpty((string)ask["proxy_account"]), "schemes", schemes);
        }

        /// <summary>A connection with what is known of its handshake.</summary>
        private class Session
        {
            public readonly WireTap Tap;
            public SslStream Stream;
            public X509Certificate2 Server;
            public List<byte[]> Chain = new List<byte[]>();
            public bool? Verified;
            public IDictionary VerifyError;
            public bool Requested;
            public string Presented;

            public Session(Socket socket) { Tap = new WireTap(socket); }
        }

        /// <summary>
        /// TLS 1.2, and 1.3 where this .NET knows it by its number. "None" would leave the choice to the system, and to a
        /// registry that may still allow SSL 3. A SChannel that knows no 1.3 may refuse the two together before it has sent
        /// a byte; then 1.2 alone is tried.
        /// </summary>
        private IDictionary Secure(Session session)
        {
            string name = ask["server_name"] == null ? Host : (string)ask["server_name"];
            ServerTrust trust = new ServerTrust(name, (string)ask["anchors"]);
            session.Tap.Until = new Deadline(Limit("handshake"));
            session.Tap.Waiting = "TLS handshake";
            SslProtocols versions = SslProtocols.Tls12;
            if (Enum.IsDefined(typeof(SslProtocols), Tls13)) { versions |= (SslProtocols)Tls13; }
            Deadline clock = new Deadline(3600);
            Exception failure = Shake(session, trust, name, versions);
            if (failure != null && session.Tap.Sent.Bytes == 0 && versions != SslProtocols.Tls12) { failure = Shake(session, trust, name, SslProtocols.Tls12); }
            return Told(session, failure, clock.Elapsed);
        }

        private Exception Shake(Session session, ServerTrust trust, string name, SslProtocols versions)
        {
            SslStream stream = new SslStream(
                session.Tap,
                true,
                delegate(object sender, X509Certificate certificate, X509Chain chain, SslPolicyErrors errors)
                {
                    return certificate != null && Judge(session, trust, certificate, chain, true);
                },
                delegate(object sender, string target, X509CertificateCollection local, X509Certificate remote, string[] issuers)
                {
                    return Choose(session, trust, remote);
                });
            try
            {
                stream.AuthenticateAsClient(name, new X509CertificateCollection(), versions, false);
                session.Stream = stream;
                return null;
            }
            catch (Exception error) { return error; }
        }

        /// <summary>Nothing is shown to a stranger, so the server is looked at before; then its whole chain may not be known yet.</summary>
        private X509Certificate Choose(Session session, ServerTrust trust, X509Certificate remote)
        {
            if (remote == null) { return null; }
            session.Requested = true;
            List<byte[]> seen = session.Tap.Received.Certificates;
            if (!Judge(session, trust, remote, null, seen != null && seen.Count > 0) || shown == null) { return null; }
            session.Presented = Fingerprint(shown);
            return shown;
        }

        private bool Judge(Session session, ServerTrust trust, X509Certificate certificate, X509Chain chain, bool whole)
        {
            if (session.Verified == false) { return false; }
            session.Server = Certificates.Open(certificate.GetRawCertData());
            List<byte[]> sent = session.Tap.Received.Certificates;
            if (sent == null || sent.Count == 0)
            {
                sent = new List<byte[]>();
                sent.Add(session.Server.RawData);
                if (chain != null) { foreach (X509Certificate2 each in chain.ChainPolicy.ExtraStore) { if (each.Thumbprint != session.Server.Thumbprint) { sent.Add(each.RawData); } } }
            }
            session.Chain = sent;
            session.VerifyError = trust.Verify(session.Server, sent, whole, session.Tap.Until.Left(3600));
            session.Verified = session.VerifyError == null;
            return session.Verified == true;
        }

        private static string Fingerprint(X509Certificate2 certificate)
        {
            using (SHA256 digest = SHA256.Create()) { return BitConverter.ToString(digest.ComputeHash(certificate.RawData)).Replace("-", "").ToLowerInvariant(); }
        }

        private IDictionary Told(Session session, Exception failure, double seconds)
        {
            Flow received = session.Tap.Received;
            IDictionary error = failure == null || session.Verified == false ? null : Evidence.Of(failure, session.Tap);
            IDictionary own = shownError;
            // SEC_E_UNKNOWN_CREDENTIALS and SEC_E_NO_CREDENTIALS speak of our own side: the key cannot be used.
            if (error != null && ((string)error["stack"]) == "schannel" && session.Presented != null
                && (Equals(error["code"], "0x8009030D") || Equals(error["code"], "0x8009030E"))) { own = error; error = null; }
            if (received.Certificates != null) { session.Chain = received.Certificates; }
            List<object> chain = new List<object>();
            foreach (byte[] der in session.Chain) { chain.Add(Convert.ToBase64String(der)); }
            List<object> issuers = new List<object>();
            // Under TLS 1.3 .NET gives the names as words alone; written anew they would not be the same bytes, so none are told.
            foreach (byte[] each in received.Issuers) { issuers.Add(Convert.ToBase64String(each)); }
            bool requested = session.Requested || received.Requested;
            bool completed = session.Stream != null;
            return Part(
                "completed", completed,
                "version", Version(received.Version),
                "cipher", completed ? Cipher(session.Stream) : null,
                "error", error,
                "seconds", seconds,
                "alert", Alert(session, error, "handshake"),
                "server", Part("hello", received.Tls, "verified", session.Verified, "verify_error", session.VerifyError, "chain", chain.ToArray()),
                "client_certificate", Part(
                    "requested", requested ? (object)true : (session.Verified == true ? (object)false : null),
                    "acceptable_issuers", issuers.ToArray(),
                    "presented", own != null && !completed ? null : session.Presented,
                    "error", own));
        }

        private static string Version(int number)
        {
            if (number == 0) { return null; }
            string[] names = new string[] { "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3" };
            return number >= 0x0300 && number <= 0x0304 ? names[number - 0x0300] : "0x" + number.ToString("x");
        }

        /// <summary>Newer .NET names the suite; the older one only its parts.</summary>
        private static string Cipher(SslStream stream)
        {
            foreach (string name in new string[] { "NegotiatedCipherSuite", "CipherAlgorithm" })
            {
                PropertyInfo property = typeof(SslStream).GetProperty(name);
                try { if (property != null) { return property.GetValue(stream, null).ToString(); } }
                catch (TargetInvocationException) { continue; }
            }
            return null;
        }

        /// <summary>An alert as it passed, or as OpenSSL numbers it (1000 and its own number).</summary>
        private static IDictionary Alert(Session session, IDictionary error, string phase)
        {
            int number = session.Tap.Received.Alert;
            if (number < 0 && error != null && ((string)error["stack"]) == "openssl" && error["code"] is int)
            {
                int reason = (int)error["code"];
                if (reason >= 1000 && reason < 1256) { number = reason - 1000; }
            }
            return number < 0 ? null : Part("number", number, "name", AlertName(number), "phase", phase);
        }

        private static string AlertName(int number)
        {
            switch (number)
            {
                case 10: return "unexpected_message";
                case 20: return "bad_record_mac";
                case 22: return "record_overflow";
                case 40: return "handshake_failure";
                case 42: return "bad_certificate";
                case 43: return "unsupported_certificate";
                case 44: return "certificate_revoked";
                case 45: return "certificate_expired";
                case 46: return "certificate_unknown";
                case 47: return "illegal_parameter";
                case 48: return "unknown_ca";
                case 49: return "access_denied";
                case 50: return "decode_error";
                case 51: return "decrypt_error";
                case 70: return "protocol_version";
                case 71: return "insufficient_security";
                case 80: return "internal_error";
                case 86: return "inappropriate_fallback";
                case 90: return "user_canceled";
                case 100: return "no_renegotiation";
                case 109: return "missing_extension";
                case 110: return "unsupported_extension";
                case 112: return "unrecognized_name";
                case 116: return "certificate_required";
                case 120: return "no_application_protocol";
                default: return null;
            }
        }

        private void Speak(Session session, IDictionary tls)
        {
            double answer = Limit("answer");
            IDictionary seen;
            if (((string)ask["protocol"]) == "raw")
            {
                seen = Wait(session, Math.Min(answer, LongestRawWait));
                Set("raw", seen);
            }
            else
            {
                // Under TLS 1.3 a server judges the client after the client is done: it gets a moment to say no. What it says
                // is taken in at once, since a reset that answers our request would destroy it.
                double trip = Convert.ToDouble(((IDictionary)Record["tcp"])["seconds"]);
                if (session.Requested && session.Tap.Received.Version == 0x0304) { session.Tap.ReadAhead(Math.Min(answer, Math.Max(ShortestVerdictWait, 3 * trip))); }
                seen = Request(session, "HEAD", answer);
                Set("http", seen);
            }
            if (tls["alert"] == null) { tls["alert"] = Alert(session, (IDictionary)seen["error"], "after_handshake"); }
            IDictionary own = (IDictionary)tls["client_certificate"];
            if (session.Requested) { own["requested"] = true; own["presented"] = session.Presented; }
        }

        private static IDictionary Wait(Session session, double seconds)
        {
            Deadline clock = new Deadline(3600);
            session.Tap.Until = new Deadline(seconds);
            session.Tap.Waiting = "data";
            int count = 0;
            bool closed = false;
            IDictionary error = null;
            try
            {
                count = session.Stream.Read(new byte[4096], 0, 4096);
                closed = count == 0;
            }
            catch (Exception trouble)
            {
                if (!(session.Tap.Failure is LimitException)) { error = Evidence.Of(trouble, session.Tap); closed = true; }
            }
            return Part("received", count, "closed", closed, "error", error, "seconds", clock.Elapsed);
        }

        private IDictionary Request(Session session, string method, double seconds)
        {
            IDictionary seen = Part("method", method, "status", null, "reason", null, "server", null, "date", null, "page", null, "error", null, "seconds", null);
            Deadline clock = new Deadline(3600);
            session.Tap.Until = new Deadline(seconds);
            session.Tap.Waiting = "HTTP answer";
            string host = ask["server_name"] == null ? Host : (string)ask["server_name"];
            string authority = Port == 443 ? Http.Bracketed(host) : Http.Bracketed(host) + ":" + Port;
            string path = ask["path"] == null ? "/" : (string)ask["path"];
            byte[] request = Encoding.ASCII.GetBytes(
                method + " " + path + " HTTP/1.1\r\nHost: " + authority + "\r\nUser-Agent: eeszt.connect\r\nAccept: */*\r\nConnection: close\r\n\r\n");
            Exception unsent = null;
            try
            {
                try { session.Stream.Write(request, 0, request.Length); }
                catch (IOException error) { unsent = error; }
                byte[] data = Http.Read(session.Stream, method != "HEAD");
                if (data.Length == 0) { seen["error"] = unsent != null ? Evidence.Of(unsent, session.Tap) : Evidence.Closed(); }
                else { ReadHttp(seen, data); }
            }
            catch (Exception error) { seen["error"] = Evidence.Of(error, session.Tap); }
            seen["seconds"] = clock.Elapsed;
            return seen;
        }

        private static void ReadHttp(IDictionary seen, byte[] data)
        {
            string text = Encoding.GetEncoding(28591).GetString(data);
            string first = Http.FirstLine(text);
            int status = Http.Status(first);
            if (status < 0) { seen["error"] = Evidence.Make("http", "bad_answer", first); return; }
            int end = Http.HeadEnd(data);
            string head = end < 0 ? text : text.Substring(0, end);
            string[] words = first.Split(new char[] { ' ' }, 3);
            seen["status"] = status;
            seen["reason"] = words.Length > 2 ? words[2].Trim() : "";
            seen["server"] = Http.Header(head, "server");
            seen["date"] = Http.Header(head, "date");
            if (((string)seen["method"]) == "HEAD" || end < 0) { return; }
            string page = Encoding.UTF8.GetString(data, end + 4, data.Length - end - 4);
            seen["page"] = page.Length > PageCharacters ? page.Substring(0, PageCharacters) : page;
        }

        /// <summary>Why the server refuses, in its own words: HEAD has no body, so the same is asked once more with GET.</summary>
        private object Page()
        {
            if (until.Over) { return null; }
            Socket socket = Reach(new OrderedDictionary());
            if (socket == null) { return null; }
            Session session = new Session(socket);
            using (session.Tap)
            {
                Secure(session);
                return session.Stream == null ? null : Request(session, "GET", Limit("answer"))["page"];
            }
        }

        private static IDictionary Part(params object[] pairs)
        {
            OrderedDictionary part = new OrderedDictionary();
            for (int index = 0; index < pairs.Length; index += 2) { part[(string)pairs[index]] = pairs[index + 1]; }
            return part;
        }
    }
}
