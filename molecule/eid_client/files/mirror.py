# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site's mirror of packages: serves a folder by HTTPS on port 8099, and notes who asked for what in ``asked``."""

from __future__ import annotations

import functools
import http.server
import ssl
import sys
from pathlib import Path

HERE = Path(__file__).parent


class Handler(http.server.SimpleHTTPRequestHandler):
    """Notes each request by its first line."""

    def do_GET(self) -> None:
        with (HERE / "asked").open("a", encoding="utf-8") as notes:
            notes.write(f"{self.requestline}\n")
        super().do_GET()


server = http.server.ThreadingHTTPServer(("127.0.0.1", 8099), functools.partial(Handler, directory=sys.argv[1]))
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(HERE / "mirror.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
