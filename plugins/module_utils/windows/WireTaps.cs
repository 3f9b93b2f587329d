// Copyright (c) 2026 The eeszt.connect maintainers
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Net.Security;
using System.Net.Sockets;

namespace ansible_collections.eeszt.connect.plugins.module_utils.windows.WireTaps
{
    /// <summary>The probe's own limit ran out.</summary>
    public class LimitException : IOException
    {
        public LimitException(string what) : base(what + ": timed out") { }
    }

    /// <summary>A moment that must not be passed.</summary>
    public class Deadline
    {
        private readonly Stopwatch clock = Stopwatch.StartNew();
        private readonly double seconds;

        public Deadline(double seconds) { this.seconds = seconds; }

        public double Elapsed { get { return Math.Round(clock.Elapsed.TotalSeconds, 3); } }

        public bool Over { get { return clock.Elapsed.TotalSeconds >= seconds; } }

        public double Left(double limit)
        {
            return Math.Max(0.001, Math.Min(limit, seconds - clock.Elapsed.TotalSeconds));
        }
    }

    /// <summary>Bytes of one direction, read as TLS records as long as they are not encrypted (RFC 5246, RFC 8446).</summary>
    public class Flow
    {
        private readonly List<byte> raw = new List<byte>();
        private readonly List<byte> messages = new List<byte>();
        private bool sealedOff;
        private bool foreign;

        public bool Tls;
        public bool Foreign { get { return foreign; } }
        public int Version;
        public int Alert = -1;
        public bool Requested;
        public List<byte[]> Certificates;
        public List<byte[]> Issuers = new List<byte[]>();
        public long Bytes;

        public void Add(byte[] data, int offset, int count)
        {
            Bytes += count;
            if (sealedOff || foreign) { return; }
            for (int index = 0; index < count; index++) { raw.Add(data[offset + index]); }
            try { Read(); }
            catch (ArgumentException) { sealedOff = true; }
        }

        private void Read()
        {
            while (raw.Count > 0)
            {
                if (raw[0] < 20 || raw[0] > 23) { foreign = !Tls; sealedOff = true; return; }
                if (raw.Count < 5) { return; }
                int length = (raw[3] << 8) | raw[4];
                if (raw[1] != 3) { foreign = !Tls; sealedOff = true; return; }
                if (raw.Count < 5 + length) { return; }
                int kind = raw[0];
                List<byte> content = raw.GetRange(5, length);
                raw.RemoveRange(0, 5 + length);
                Tls = true;
                if (kind == 21 && length == 2 && content[1] != 0 && Alert < 0) { Alert = content[1]; }
                if (kind == 22) { messages.AddRange(content); ReadMessages(); }
                // What follows a TLS 1.3 server's greeting, or the change of ciphers, nobody else can read.
                if (kind == 20 || kind == 23) { sealedOff = true; return; }
            }
        }

        private void ReadMessages()
        {
            while (messages.Count >= 4)
            {
                int length = (messages[1] << 16) | (messages[2] << 8) | messages[3];
                if (messages.Count < 4 + length) { return; }
                int kind = messages[0];
                byte[] body = messages.GetRange(4, length).ToArray();
                messages.RemoveRange(0, 4 + length);
                if (kind == 2) { ReadHello(body); }
                if (kind == 11) { Certificates = Vectors(body, 3, body.Length, 3); }
                if (kind == 13) { ReadRequest(body); }
            }
        }

        private void ReadHello(byte[] body)
        {
            Version = Number(body, 0, 2);
            int at = 34 + 1 + body[34] + 3;
            if (at + 2 > body.Length) { return; }
            for (at += 2; at + 4 <= body.Length; at += 4 + Number(body, at + 2, 2))
            {
                if (Number(body, at, 2) == 43) { Version = Number(body, at + 4, 2); }
            }
        }

        private void ReadRequest(byte[] body)
        {
            Requested = true;
            int at = 1 + body[0];
            if (Version == 0x0303) { at += 2 + Number(body, at, 2); }
            Issuers = Vectors(body, at + 2, body.Length, 2);
        }

        private static List<byte[]> Vectors(byte[] body, int at, int end, int width)
        {
            List<byte[]> found = new List<byte[]>();
            while (at < end)
            {
                byte[] one = new byte[Number(body, at, width)];
                Array.Copy(body, at + width, one, 0, one.Length);
                found.Add(one);
                at += width + one.Length;
            }
            return found;
        }

        private static int Number(byte[] body, int at, int width)
        {
            if (at + width > body.Length) { throw new ArgumentException("shorter than its lengths say"); }
            int number = 0;
            for (int index = 0; index < width; index++) { number = (number << 8) | body[at + index]; }
            return number;
        }
    }

    /// <summary>
    /// A socket's bytes with a limit for each step. SslStream hides what a diagnosis needs (alerts, what the server asked
    /// for, which chain it sent when it failed), so the records are read here as they pass.
    /// </summary>
    public class WireTap : Stream
    {
        private readonly Socket socket;
        private readonly Queue<byte> ahead = new Queue<byte>();
        private bool ended;

        public Deadline Until = new Deadline(3600);
        public string Waiting = "answer";
        public Flow Received = new Flow();
        public Flow Sent = new Flow();
        public Exception Failure;
        public bool Ended { get { return ended; } }

        public WireTap(Socket socket) { this.socket = socket; }

        public override bool CanRead { get { return true; } }
        public override bool CanWrite { get { return true; } }
        public override bool CanSeek { get { return false; } }
        public override long Length { get { throw new NotSupportedException(); } }
        public override long Position { get { throw new NotSupportedException(); } set { throw new NotSupportedException(); } }
        public override long Seek(long offset, SeekOrigin origin) { throw new NotSupportedException(); }
        public override void SetLength(long value) { throw new NotSupportedException(); }
        public override void Flush() { }

        public override int Read(byte[] buffer, int offset, int count)
        {
            if (ahead.Count > 0)
            {
                int taken = 0;
                while (taken < count && ahead.Count > 0) { buffer[offset + taken] = ahead.Dequeue(); taken++; }
                return taken;
            }
            // SslStream asks for nothing to learn when there is something.
            if (ended || count == 0) { return 0; }
            if (!Ready(Until.Left(3600))) { throw Keep(new LimitException(Waiting)); }
            return Receive(buffer, offset, count);
        }

        public override void Write(byte[] buffer, int offset, int count)
        {
            Sent.Add(buffer, offset, count);
            try
            {
                while (count > 0)
                {
                    if (!socket.Poll(Microseconds(Until.Left(3600)), SelectMode.SelectWrite)) { throw Keep(new LimitException(Waiting)); }
                    int sent = socket.Send(buffer, offset, count, SocketFlags.None);
                    offset += sent;
                    count -= sent;
                }
            }
            catch (SocketException error) { throw new IOException(error.Message, Keep(error)); }
        }

        /// <summary>Takes in what comes within the time, so that a reset that follows cannot destroy it.</summary>
        public void ReadAhead(double seconds)
        {
            if (ended || !Ready(seconds)) { return; }
            byte[] piece = new byte[16384];
            try
            {
                int count = Receive(piece, 0, piece.Length);
                for (int index = 0; index < count; index++) { ahead.Enqueue(piece[index]); }
            }
            catch (IOException) { ended = true; }
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing) { socket.Close(); }
            base.Dispose(disposing);
        }

        private bool Ready(double seconds) { return socket.Poll(Microseconds(seconds), SelectMode.SelectRead); }

        private int Receive(byte[] buffer, int offset, int count)
        {
            try
            {
                int read = socket.Receive(buffer, offset, count, SocketFlags.None);
                if (read == 0) { ended = true; }
                Received.Add(buffer, offset, read);
                return read;
            }
            catch (SocketException error) { throw new IOException(error.Message, Keep(error)); }
        }

        private Exception Keep(Exception error)
        {
            if (Failure == null) { Failure = error; }
            return error;
        }

        private static int Microseconds(double seconds) { return (int)(Math.Min(seconds, 2000) * 1000000); }
    }
}
