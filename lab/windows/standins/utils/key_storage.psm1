# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# STAND-IN of the Windows double for plugins/module_utils/windows/key_storage.psm1: same functions, same words.
# Wine imports a PKCS#12 file and keeps the certificate, but has no key files and no CNG, and neither friendly names nor
# removals last.
# A key's "file" is C:\eeszt-double\keys\<location>\<thumbprint>.json (see lab/windows/standins/README.md).

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Get-EesztDoubleKeyFile {
    param([System.Security.Cryptography.X509Certificates.X509Certificate2]$Certificate, [string]$Location)
    return "C:\eeszt-double\keys\$Location\$($Certificate.Thumbprint).json"
}

function Import-EesztKey {
    param(
        [byte[]]$Pfx,
        [System.Security.SecureString]$Password,
        [string]$Location,
        [string]$Store,
        [string]$Mark,
        [bool]$Exportable,
        [string]$Access
    )
    $flags = [System.Security.Cryptography.X509Certificates.X509KeyStorageFlags]'PersistKeySet, UserKeySet'
    if ($Location -eq 'LocalMachine') { $flags = [System.Security.Cryptography.X509Certificates.X509KeyStorageFlags]'PersistKeySet, MachineKeySet' }
    $certificate = New-Object System.Security.Cryptography.X509Certificates.X509Certificate2 -ArgumentList $Pfx, $Password, $flags
    $file = Get-EesztDoubleKeyFile $certificate $Location
    [void][System.IO.Directory]::CreateDirectory([System.IO.Path]::GetDirectoryName($file))
    $plain = (New-Object System.Net.NetworkCredential -ArgumentList '', $Password).Password
    $kept = @{ pfx = [System.Convert]::ToBase64String($Pfx); password = $plain; exportable = $Exportable }
    [System.IO.File]::WriteAllText($file, (ConvertTo-Json $kept))
    # As Windows makes them.
    Set-EesztDescriptor $file 'O:BAD:P(A;;FA;;;SY)(A;;FA;;;BA)' $true
    if ($Access) { Set-EesztDescriptor $file $Access $false }
    $opened = New-Object System.Security.Cryptography.X509Certificates.X509Store -ArgumentList $Store, $Location
    try {
        $opened.Open([System.Security.Cryptography.X509Certificates.OpenFlags]::ReadWrite)
        $opened.Add($certificate)
    }
    finally { $opened.Close() }
    Set-EesztMark $certificate $Location $Store $Mark $false
    $certificate.Dispose()
}

function Get-EesztKey {
    param([System.Security.Cryptography.X509Certificates.X509Certificate2]$Certificate, [string]$Location)
    $file = Get-EesztDoubleKeyFile $Certificate $Location
    $key = @{ present = $false; fits = $null; exportable = $null; machine = $Location -eq 'LocalMachine'; file = $null; container = $null; code = 0 }
    if (-not $Certificate.HasPrivateKey -or -not [System.IO.File]::Exists($file)) { return $key }
    $kept = ConvertFrom-Json ([System.IO.File]::ReadAllText($file))
    $bytes = [System.Convert]::FromBase64String($kept.pfx)
    $inside = New-Object System.Security.Cryptography.X509Certificates.X509Certificate2 -ArgumentList $bytes, $kept.password
    $key.present = $true
    $key.fits = $inside.Thumbprint -eq $Certificate.Thumbprint
    $key.exportable = $kept.exportable
    $key.file = $file
    $key.container = $file
    return $key
}

function Remove-EesztKey {
    param($Key)
    if ($null -ne $Key.container) { [System.IO.File]::Delete($Key.container) }
}

function Open-EesztDoubleEntry {
    # The registry's key of an entry, where Wine keeps it.
    param([System.Security.Cryptography.X509Certificates.X509Certificate2]$Certificate, [string]$Location, [string]$Store)
    $hive = if ($Location -eq 'LocalMachine') { [Microsoft.Win32.Registry]::LocalMachine } else { [Microsoft.Win32.Registry]::CurrentUser }
    return $hive.OpenSubKey("Software\Microsoft\SystemCertificates\$Store\Certificates\$($Certificate.Thumbprint)", $true)
}

function Set-EesztMark {
    # Where Windows would put it: property 11 (CERT_FRIENDLY_NAME_PROP_ID) of the entry's serialized form in the registry.
    # Wine reads it from there and never writes it. An entry with CERT_ARCHIVED_PROP_ID Wine loses, so that this one is a
    # value beside the serialized form, and programs on a double see the entry like any other.
    param([System.Security.Cryptography.X509Certificates.X509Certificate2]$Certificate, [string]$Location, [string]$Store, [string]$Mark, [bool]$Archived)
    $entry = Open-EesztDoubleEntry $Certificate $Location $Store
    try {
        [byte[]]$old = $entry.GetValue('Blob')
        $new = New-Object System.Collections.Generic.List[byte]
        $friendlyName = 11
        $words = [System.Text.Encoding]::Unicode.GetBytes("$Mark`0")
        foreach ($number in $friendlyName, 1, $words.Length) { $new.AddRange([System.BitConverter]::GetBytes([uint32]$number)) }
        $new.AddRange($words)
        $at = 0
        while ($at -lt $old.Length) {
            $size = 12 + [System.BitConverter]::ToUInt32($old, $at + 8)
            if ([System.BitConverter]::ToUInt32($old, $at) -ne $friendlyName) { $new.AddRange([byte[]]$old[$at..($at + $size - 1)]) }
            $at += $size
        }
        $entry.SetValue('Blob', $new.ToArray(), [Microsoft.Win32.RegistryValueKind]::Binary)
        if ($Archived) { $entry.SetValue('EesztDoubleArchived', 1) }
        else { $entry.DeleteValue('EesztDoubleArchived', $false) }
    }
    finally { $entry.Close() }
}

function Test-EesztArchived {
    param([System.Security.Cryptography.X509Certificates.X509Certificate2]$Certificate, [string]$Location, [string]$Store)
    $entry = Open-EesztDoubleEntry $Certificate $Location $Store
    if ($null -eq $entry) { return $false }
    try { return $null -ne $entry.GetValue('EesztDoubleArchived') }
    finally { $entry.Close() }
}

function Remove-EesztEntry {
    # Wine takes it away for the running process alone.
    param([System.Security.Cryptography.X509Certificates.X509Certificate2]$Certificate, [string]$Location, [string]$Store)
    $hive = if ($Location -eq 'LocalMachine') { [Microsoft.Win32.Registry]::LocalMachine } else { [Microsoft.Win32.Registry]::CurrentUser }
    $hive.DeleteSubKey("Software\Microsoft\SystemCertificates\$Store\Certificates\$($Certificate.Thumbprint)")
}

Export-ModuleMember -Function Import-EesztKey, Get-EesztKey, Remove-EesztKey, Set-EesztMark, Test-EesztArchived, Remove-EesztEntry, Get-EesztDoubleKeyFile
