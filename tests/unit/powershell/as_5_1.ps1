# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# What Windows PowerShell 5.1 knows of arrays and 7 does not: with it ConvertTo-Json writes an array that a command gave
# as {value, Count} (PowerShell issue 3153).

Update-TypeData -TypeName System.Array -MemberType AliasProperty -MemberName Count -Value Length -Force
