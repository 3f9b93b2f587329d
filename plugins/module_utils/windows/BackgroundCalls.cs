// Copyright (c) 2026 The eeszt.connect maintainers
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Threading;

namespace ansible_collections.eeszt.connect.plugins.module_utils.windows.BackgroundCalls
{
    /// <summary>
    /// A call on a thread that does not keep its process alive. PowerShell's own pipeline threads do: one that hangs in
    /// Windows would keep the whole probe from ever ending.
    /// </summary>
    public class BackgroundCall
    {
        private readonly Func<object> work;
        private readonly ManualResetEvent done = new ManualResetEvent(false);

        public object Result;
        public Exception Error;

        public BackgroundCall(Func<object> work)
        {
            this.work = work;
        }

        public BackgroundCall(Action work)
        {
            this.work = delegate { work(); return null; };
        }

        public void Start()
        {
            Thread thread = new Thread(Run);
            thread.IsBackground = true;
            thread.Start();
        }

        /// <summary>Whether it ended within the time.</summary>
        public bool Wait(int milliseconds)
        {
            return done.WaitOne(milliseconds);
        }

        private void Run()
        {
            try
            {
                Result = work();
            }
            catch (Exception error)
            {
                Error = error;
            }
            finally
            {
                done.Set();
            }
        }
    }
}
