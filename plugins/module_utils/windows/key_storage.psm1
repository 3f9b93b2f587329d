# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private keys of certificates in a store: bring, find, remove; and what of the entries themselves has to last. Nothing
# else touches a key container, so that the lab, whose Wine has no key storage of Windows, can stand in for these few.

#AnsibleRequires -CSharpUtil ansible_collections.eeszt.connect.plugins.module_utils.windows.KeyStorage
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.secured_files

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Import-EesztKey {
    # Puts the one certificate of a PKCS#12 file into a store, with its key in a new container. An entry of the same
    # certificate is replaced; its old container is the caller's to remove. What fails leaves no container behind.
    # $Access, '' for Windows' own, is the key's access list before the entry is there: a run that is killed in between
    # must leave no certificate whose key its programs cannot read.
    param(
        [byte[]]$Pfx,
        [System.Security.SecureString]$Password,
        [string]$Location,
        [string]$Store,
        [string]$Mark,
        [bool]$Exportable,
        [string]$Access
    )
    # Opened without PersistKeySet the key would be gone with this process; opened with it more than once, each opening
    # leaves a container: dotnet/runtime#109050.
    $flags = [System.Security.Cryptography.X509Certificates.X509KeyStorageFlags]::PersistKeySet
    if ($Location -eq 'LocalMachine') { $flags = $flags -bor [System.Security.Cryptography.X509Certificates.X509KeyStorageFlags]::MachineKeySet }
    else { $flags = $flags -bor [System.Security.Cryptography.X509Certificates.X509KeyStorageFlags]::UserKeySet }
    if ($Exportable) { $flags = $flags -bor [System.Security.Cryptography.X509Certificates.X509KeyStorageFlags]::Exportable }
    $certificate = New-Object System.Security.Cryptography.X509Certificates.X509Certificate2 -ArgumentList $Pfx, $Password, $flags
    $opened = New-Object System.Security.Cryptography.X509Certificates.X509Store -ArgumentList $Store, $Location
    try {
        $certificate.FriendlyName = $Mark
        $file = (Get-EesztKey $certificate $Location).file
        if ($Access -and $null -ne $file) { Set-EesztDescriptor $file $Access $false }
        $opened.Open([System.Security.Cryptography.X509Certificates.OpenFlags]::ReadWrite)
        $opened.Add($certificate)
    }
    catch {
        Remove-EesztKey (Get-EesztKey $certificate $Location)
        throw
    }
    finally {
        $opened.Close()
        $certificate.Dispose()
    }
}

function Get-EesztKey {
    # What is known of a certificate's key: present and fits (null: cannot be told), exportable, machine (whether it is
    # the machine's and not one account's), file (null where it is in none, as on a card), container (for
    # Remove-EesztKey; equal for equal containers) and code, the system's error code where something is not known.
    param([System.Security.Cryptography.X509Certificates.X509Certificate2]$Certificate, [string]$Location)
    $seen = [ansible_collections.eeszt.connect.plugins.module_utils.windows.KeyStorage.Key]::Of($Certificate.Handle)
    return @{
        present = $seen.Present
        fits = $seen.Fits
        exportable = $seen.Exportable
        machine = $seen.Machine
        file = if ($seen.UniqueName) { Find-EesztKeyFile $seen.UniqueName } else { $null }
        container = if ($seen.Container) { "$($seen.Provider)|$($seen.ProviderType)|$($seen.Machine)|$($seen.Container)" } else { $null }
        code = $seen.Code
    }
}

function Find-EesztKeyFile {
    # Where Windows keeps the keys of its software providers ("Key Storage and Retrieval", learn.microsoft.com).
    param([string]$UniqueName)
    $machine = Join-Path -Path $env:ALLUSERSPROFILE -ChildPath 'Microsoft\Crypto'
    $own = Join-Path -Path ([System.Environment]::GetFolderPath('ApplicationData')) -ChildPath 'Microsoft\Crypto'
    $sid = [System.Security.Principal.WindowsIdentity]::GetCurrent().User.Value
    $folders = "$machine\RSA\MachineKeys", "$machine\Keys", "$machine\SystemKeys", "$machine\DSS\MachineKeys", "$own\RSA\$sid", "$own\Keys", "$own\DSS\$sid"
    foreach ($folder in $folders) {
        $path = "$folder\$UniqueName"
        if ([System.IO.File]::Exists($path)) { return $path }
    }
    return $null
}

function Remove-EesztKey {
    # The container of a key that Get-EesztKey gave; nothing where there is none.
    param($Key)
    if ($null -eq $Key.container) { return }
    $provider, $type, $machine, $name = $Key.container.Split([char[]]'|', 4)
    $code = [ansible_collections.eeszt.connect.plugins.module_utils.windows.KeyStorage.Key]::Delete($provider, [uint32]$type, $machine -eq 'True', $name)
    if ($code -ne 0) { throw (New-Object System.ComponentModel.Win32Exception $code) }
}

function Set-EesztMark {
    # The friendly name by which we find a certificate again, and whether it is archived: out of sight of programs that
    # look through the store, as Windows itself puts what it has renewed. Both are properties of the store's entry: of a
    # certificate that came out of a store opened for reading they cannot be set, or do not last.
    param([System.Security.Cryptography.X509Certificates.X509Certificate2]$Certificate, [string]$Location, [string]$Store, [string]$Mark, [bool]$Archived)
    $wanted = [System.Convert]::ToBase64String($Certificate.RawData)
    $opened = New-Object System.Security.Cryptography.X509Certificates.X509Store -ArgumentList $Store, $Location
    try {
        $opened.Open([System.Security.Cryptography.X509Certificates.OpenFlags]'ReadWrite, OpenExistingOnly, IncludeArchived')
        foreach ($entry in $opened.Certificates) {
            if ([System.Convert]::ToBase64String($entry.RawData) -ne $wanted) { continue }
            # In sight first, out of sight last: what a mark says is in use can be found, wherever this is cut off.
            if ($entry.Archived -and -not $Archived) { $entry.Archived = $false }
            $entry.FriendlyName = $Mark
            if ($Archived -and -not $entry.Archived) { $entry.Archived = $true }
            return
        }
    }
    finally { $opened.Close() }
    throw "$($Certificate.Subject) was in $Location\$Store and is there no more; does another program manage that store?"
}

function Test-EesztArchived {
    # Whether an entry of a store is archived (Set-EesztMark).
    param([System.Security.Cryptography.X509Certificates.X509Certificate2]$Certificate, [string]$Location, [string]$Store)
    return $Certificate.Archived
}

function Remove-EesztEntry {
    # The certificate's entry in a store; its key is left.
    param([System.Security.Cryptography.X509Certificates.X509Certificate2]$Certificate, [string]$Location, [string]$Store)
    $opened = New-Object System.Security.Cryptography.X509Certificates.X509Store -ArgumentList $Store, $Location
    try {
        $opened.Open([System.Security.Cryptography.X509Certificates.OpenFlags]'ReadWrite, IncludeArchived')
        $opened.Remove($Certificate)
    }
    finally { $opened.Close() }
}

Export-ModuleMember -Function Import-EesztKey, Get-EesztKey, Remove-EesztKey, Set-EesztMark, Test-EesztArchived, Remove-EesztEntry
