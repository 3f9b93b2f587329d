# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on a host: which of the addresses given as HOST:PORT take a connection from here, and which let it run dry?"""

import concurrent.futures
import json
import socket
import sys

SECONDS = 2


def reach(address):
    """Return open, refused (it got there, nobody listens) or closed (nothing came back)."""
    host, port = address.rsplit(":", 1)
    try:
        socket.create_connection((host, int(port)), timeout=SECONDS).close()
    except ConnectionRefusedError:
        return "refused"
    except OSError:
        return "closed"
    return "open"


with concurrent.futures.ThreadPoolExecutor(16) as pool:
    print(json.dumps(dict(pool.map(lambda address: (address, reach(address)), sys.argv[1:]))))
