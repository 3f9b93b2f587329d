# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Runs on a double: which certificates of ours are there, do their keys open and fit, and who may read them?
# First the account, then one line each: place, mark, fingerprint, key, exportable, access list.

param([string]$Keys, [string]$Folder)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$sha = [System.Security.Cryptography.SHA256]::Create()
function Get-Digest {
    param([byte[]]$Bytes)
    return [System.BitConverter]::ToString($sha.ComputeHash($Bytes)).Replace('-', '').ToLowerInvariant()
}
function Get-AccessList {
    param([string]$Path)
    $name = Get-Digest ([System.Text.Encoding]::UTF8.GetBytes($Path.ToLowerInvariant()))
    return [System.IO.File]::ReadAllText("C:\eeszt-double\access\$($name.ToUpperInvariant()).sddl")
}

[System.Security.Principal.WindowsIdentity]::GetCurrent().User.Value
# Wine shows the machine's certificates in the account's stores, too.
$seen = @()
foreach ($location in 'LocalMachine', 'CurrentUser') {
    foreach ($store in 'My', 'CA') {
        $opened = New-Object System.Security.Cryptography.X509Certificates.X509Store -ArgumentList $store, $location
        $opened.Open([System.Security.Cryptography.X509Certificates.OpenFlags]::ReadOnly)
        foreach ($certificate in $opened.Certificates) {
            if ("$store $($certificate.Thumbprint)" -in $seen) { continue }
            $seen += "$store $($certificate.Thumbprint)"
            $line = "$location\$store [$($certificate.FriendlyName)] $(Get-Digest $certificate.RawData)"
            $file = "$Keys\$location\$($certificate.Thumbprint).json"
            if ($store -eq 'My') {
                $kept = ConvertFrom-Json ([System.IO.File]::ReadAllText($file))
                $inside = New-Object System.Security.Cryptography.X509Certificates.X509Certificate2 -ArgumentList ([System.Convert]::FromBase64String($kept.pfx)), $kept.password
                $fits = $inside.Thumbprint -eq $certificate.Thumbprint -and $inside.HasPrivateKey -and $certificate.HasPrivateKey
                $line += " key=$fits exportable=$($kept.exportable) $(Get-AccessList $file)"
            }
            $line
        }
        $opened.Close()
    }
    $files = if (Test-Path -LiteralPath "$Keys\$location") { @(Get-ChildItem -LiteralPath "$Keys\$location").Count } else { 0 }
    "$location keys $files"
}
if (Test-Path -LiteralPath $Folder) {
    foreach ($file in Get-ChildItem -LiteralPath $Folder -Recurse -Force) {
        if (-not $file.PSIsContainer) { "$($file.FullName) $(Get-Digest ([System.IO.File]::ReadAllBytes($file.FullName))) $(Get-AccessList $file.FullName)" }
    }
}
