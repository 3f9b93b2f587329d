# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a folder of downloaded certificates to vaulted variables, and from ending certificates to letters.

folder (what lies there) → opening (passwords) → matching (whose is it) → sifting (what is wrong with it) → variables
(the file for Ansible). held reads what such a file has already. worklist and letters say whose certificate ends when.
"""
