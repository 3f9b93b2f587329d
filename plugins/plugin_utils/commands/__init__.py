# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subcommands of bin/eeszt-connect, a module each: ``register`` says its arguments, ``work`` does it.

Modules import what is not of the standard library only when they work, so that the help needs nothing. A new
subcommand is a module here and a name in ``arguments.SUBCOMMANDS``.
"""
