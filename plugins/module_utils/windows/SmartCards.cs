// Copyright (c) 2026 The eeszt.connect maintainers
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace ansible_collections.eeszt.connect.plugins.module_utils.windows.SmartCards
{
    /// <summary>What PC/SC says of one reader. Code is that of the call which asked for the state.</summary>
    public class ReaderState
    {
        public int Code;
        public uint State;
        public byte[] Atr = new byte[0];
    }

    /// <summary>
    /// winscard.h, unread: every method gives the code that Windows gave, and none throws for one.
    /// </summary>
    public static class Scard
    {
        public const uint ScopeUser = 0;
        public const uint ScopeSystem = 2;

        private const uint ShareShared = 2;
        private const uint ProtocolAny = 1 | 2;
        private const uint LeaveCard = 0;
        private const uint Unaware = 0;
        private const uint LowerHalf = 0xFFFF;

        [StructLayout(LayoutKind.Sequential, CharSet = CharSet.Unicode)]
        private struct NativeReaderState
        {
            public string Reader;
            public IntPtr UserData;
            public uint CurrentState;
            public uint EventState;
            public uint AtrLength;
            [MarshalAs(UnmanagedType.ByValArray, SizeConst = 36)]
            public byte[] Atr;
        }

        [DllImport("winscard.dll")]
        private static extern int SCardEstablishContext(uint scope, IntPtr reserved1, IntPtr reserved2, out IntPtr context);

        [DllImport("winscard.dll")]
        private static extern int SCardReleaseContext(IntPtr context);

        [DllImport("winscard.dll", CharSet = CharSet.Unicode)]
        private static extern int SCardListReadersW(IntPtr context, string groups, char[] readers, ref uint length);

        [DllImport("winscard.dll", CharSet = CharSet.Unicode)]
        private static extern int SCardGetStatusChangeW(
            IntPtr context, uint timeout, [In, Out] NativeReaderState[] states, uint count);

        [DllImport("winscard.dll", CharSet = CharSet.Unicode)]
        private static extern int SCardConnectW(
            IntPtr context, string reader, uint share, uint protocols, out IntPtr card, out uint protocol);

        [DllImport("winscard.dll")]
        private static extern int SCardDisconnect(IntPtr card, uint disposition);

        public static int Establish(uint scope, out IntPtr context)
        {
            return SCardEstablishContext(scope, IntPtr.Zero, IntPtr.Zero, out context);
        }

        public static int Release(IntPtr context)
        {
            return SCardReleaseContext(context);
        }

        /// <summary>The names, and the bare code: "no readers" (0x8010002E) is told apart from an empty list.</summary>
        public static int ListReaders(IntPtr context, out string[] names)
        {
            names = new string[0];
            uint length = 0;
            int code = SCardListReadersW(context, null, null, ref length);
            if (code != 0 || length == 0)
            {
                return code;
            }
            char[] buffer = new char[length];
            code = SCardListReadersW(context, null, buffer, ref length);
            if (code == 0)
            {
                names = new string(buffer, 0, (int)length).Split(
                    new char[] { '\0' }, StringSplitOptions.RemoveEmptyEntries);
            }
            return code;
        }

        /// <summary>The reader's state now, without waiting. The upper half of the state counts events: left out.</summary>
        public static ReaderState Status(IntPtr context, string reader)
        {
            NativeReaderState[] states = new NativeReaderState[1];
            states[0].Reader = reader;
            states[0].CurrentState = Unaware;
            states[0].Atr = new byte[36];
            ReaderState seen = new ReaderState();
            seen.Code = SCardGetStatusChangeW(context, 0, states, 1);
            if (seen.Code == 0)
            {
                seen.State = states[0].EventState & LowerHalf;
                uint length = Math.Min(states[0].AtrLength, 36);
                seen.Atr = new byte[length];
                Array.Copy(states[0].Atr, seen.Atr, length);
            }
            return seen;
        }

        /// <summary>Shared, so nobody is thrown out, and the card is left as it was.</summary>
        public static int Connect(IntPtr context, string reader)
        {
            IntPtr card;
            uint protocol;
            int code = SCardConnectW(context, reader, ShareShared, ProtocolAny, out card, out protocol);
            if (code == 0)
            {
                SCardDisconnect(card, LeaveCard);
            }
            return code;
        }
    }
}
