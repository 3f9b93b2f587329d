# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Runs on a double: a key goes away and two are opened to everybody.

param([string]$Keys, [string]$Folder)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Grant-Everybody {
    param([string]$Path)
    $everybody = New-Object System.Security.Principal.SecurityIdentifier -ArgumentList 'S-1-1-0'
    $list = Get-Acl -LiteralPath $Path
    $list.AddAccessRule((New-Object System.Security.AccessControl.FileSystemAccessRule -ArgumentList $everybody, 'Read', 'Allow'))
    Set-Acl -LiteralPath $Path -AclObject $list
}

$opened = New-Object System.Security.Cryptography.X509Certificates.X509Store -ArgumentList 'My', 'LocalMachine'
$opened.Open([System.Security.Cryptography.X509Certificates.OpenFlags]::ReadOnly)
foreach ($certificate in $opened.Certificates) {
    $key = "$Keys\LocalMachine\$($certificate.Thumbprint).json"
    if ($certificate.FriendlyName -eq 'eeszt.connect E99901A') { [System.IO.File]::Delete($key) }
    else { Grant-Everybody $key }
}
$opened.Close()
Grant-Everybody "$Folder\P099002\key.pem"
