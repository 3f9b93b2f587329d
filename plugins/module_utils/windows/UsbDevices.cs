// Copyright (c) 2026 The eeszt.connect maintainers
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Runtime.InteropServices;

namespace ansible_collections.eeszt.connect.plugins.module_utils.windows.UsbDevices
{
    /// <summary>cfgmgr32.h. The registry keeps every device that was ever plugged in; only these calls tell what is there.</summary>
    public static class Configuration
    {
        private const uint FilterEnumerator = 0x00000001;
        private const uint FilterPresent = 0x00000100;
        private const uint HasProblem = 0x00000400;
        private const uint BufferSmall = 0x1A;

        [DllImport("cfgmgr32.dll", CharSet = CharSet.Unicode)]
        private static extern uint CM_Get_Device_ID_List_SizeW(out uint length, string filter, uint flags);

        [DllImport("cfgmgr32.dll", CharSet = CharSet.Unicode)]
        private static extern uint CM_Get_Device_ID_ListW(string filter, char[] buffer, uint length, uint flags);

        [DllImport("cfgmgr32.dll", CharSet = CharSet.Unicode)]
        private static extern uint CM_Locate_DevNodeW(out uint node, string instance, uint flags);

        [DllImport("cfgmgr32.dll")]
        private static extern uint CM_Get_DevNode_Status(out uint status, out uint problem, uint node, uint flags);

        /// <summary>Instance ids of the USB devices that are present. Gives the CONFIGRET code (0: success).</summary>
        public static uint Present(out string[] instances)
        {
            instances = new string[0];
            uint flags = FilterEnumerator | FilterPresent;
            uint code = BufferSmall;
            // A device that is plugged in between the two calls makes the list longer than its size.
            for (int attempt = 0; attempt < 5 && code == BufferSmall; attempt++)
            {
                uint length;
                code = CM_Get_Device_ID_List_SizeW(out length, "USB", flags);
                if (code != 0 || length == 0)
                {
                    return code;
                }
                char[] buffer = new char[length];
                code = CM_Get_Device_ID_ListW("USB", buffer, length, flags);
                if (code == 0)
                {
                    instances = new string(buffer).Split(new char[] { '\0' }, StringSplitOptions.RemoveEmptyEntries);
                }
            }
            return code;
        }

        /// <summary>The device's problem code (cfg.h: 28 no driver, 0 none); null where it went away meanwhile.</summary>
        public static int? Problem(string instance)
        {
            uint node;
            uint status;
            uint problem;
            if (CM_Locate_DevNodeW(out node, instance, 0) != 0 || CM_Get_DevNode_Status(out status, out problem, node, 0) != 0)
            {
                return null;
            }
            return (status & HasProblem) != 0 ? (int)problem : 0;
        }
    }
}
