# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PKCS#12 on the controller: open, choose, judge, hand out. Hosts get what their targets need, never the password.

container (the file's outer form) and passwords (its encodings) → pkcs12 (open and choose the pair) → bundle (what
came out) → sources (all certificates of a host, checked together) → targets and delivery (the talk with the module).
"""
