# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Looks at endpoints as the Windows probe does. In: a folder of utils and a JSON file {request, secrets}. Out: the section.

param([string]$Utils, [string]$Path)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

. (Join-Path -Path $PSScriptRoot -ChildPath 'as_5_1.ps1')

$classes = 'EndpointEvidence', 'EndpointLooks', 'HttpAnswers', 'ServerTrusts', 'ShownCertificates', 'WireTaps'
Add-Type -Path ($classes | ForEach-Object { Join-Path $Utils "$_.cs" })
foreach ($name in 'evidence', 'neutral', 'address_ranges', 'proxy', 'client_tls', 'endpoints', 'clock', 'probe') {
    Import-Module (Join-Path $Utils "$name.psm1") -Global -WarningAction SilentlyContinue
}
$asked = ConvertTo-EesztPlain ([System.IO.File]::ReadAllText($Path) | ConvertFrom-Json)
$section = Get-EesztEndpoints -Request $asked['request'] -Secrets $asked['secrets']
ConvertTo-Json (ConvertTo-EesztPlain $section) -Depth 12 -Compress
