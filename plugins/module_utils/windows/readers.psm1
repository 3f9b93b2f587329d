# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Card readers: on the USB bus, in the smart card service, and what lies on them. Raw codes; the judge reads them.

#AnsibleRequires -CSharpUtil ansible_collections.eeszt.connect.plugins.module_utils.windows.SmartCards
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.evidence
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.services
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.session
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.usb

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Get-EesztReaders {
    $usb = Get-EesztUsb
    $service = Get-EesztService 'SCardSvr'
    $disabled = 4
    $pcsc = Get-EesztPcsc
    return [ordered]@{
        error = $null
        usb_bus = $null -eq $usb.error
        usb_devices = $usb.devices
        library = $pcsc.library
        service = [ordered]@{
            present = $service.present
            active = $service.active
            socket_active = $null
            enabled = if ($null -eq $service.start) { $null } else { $service.start -ne $disabled }
        }
        context = $pcsc.context
        session = Get-EesztSession
        readers = $pcsc.readers
    }
}

function Get-EesztPcsc {
    # library, context, readers. A missing library is a fact, not an error.
    $scard = [ansible_collections.eeszt.connect.plugins.module_utils.windows.SmartCards.Scard]
    $seen = [ordered]@{ library = $true; context = [ordered]@{ established = $false; error = $null }; readers = @() }
    $handle = [System.IntPtr]::Zero
    try {
        $code = $scard::Establish($scard::ScopeSystem, [ref]$handle)
        # Old services refuse the wider scope to an account that may have its own.
        if ($code -ne 0) { $code = $scard::Establish($scard::ScopeUser, [ref]$handle) }
    }
    catch [System.Management.Automation.MethodInvocationException] {
        if ($_.Exception.InnerException -isnot [System.DllNotFoundException]) { throw }
        $seen.library = $false
        return $seen
    }
    if ($code -ne 0) {
        $seen.context.error = New-EesztPcscEvidence $code
        return $seen
    }
    try {
        $seen.context.established = $true
        $names = [string[]]@()
        $code = $scard::ListReaders($handle, [ref]$names)
        $noReaders = [int]0x8010002E
        if ($code -ne 0 -and $code -ne $noReaders) { $seen.context.error = New-EesztPcscEvidence $code }
        $seen.readers = @(foreach ($name in $names) { Get-EesztReader $handle $name })
    }
    finally { [void]$scard::Release($handle) }
    return $seen
}

function Get-EesztReader {
    param([System.IntPtr]$Handle, [string]$Name)
    $scard = [ansible_collections.eeszt.connect.plugins.module_utils.windows.SmartCards.Scard]
    $present, $exclusive, $inUse, $mute = 0x0020, 0x0080, 0x0100, 0x0200
    $status = $scard::Status($Handle, $Name)
    $reader = [ordered]@{
        name = $Name
        state = [int]$status.State
        card_present = ($status.State -band $present) -ne 0
        card_mute = ($status.State -band $mute) -ne 0
        exclusive = ($status.State -band $exclusive) -ne 0
        in_use = ($status.State -band $inUse) -ne 0
        atr = $null
        connect = $null
    }
    if ($status.Code -ne 0) {
        # Unplugged since it was listed.
        $reader.connect = [ordered]@{ ok = $false; error = New-EesztPcscEvidence $status.Code }
        return $reader
    }
    if ($status.Atr.Length -gt 0) { $reader.atr = [System.BitConverter]::ToString($status.Atr).Replace('-', '') }
    if ($reader.card_present) {
        $code = $scard::Connect($Handle, $Name)
        $failed = if ($code -ne 0) { New-EesztPcscEvidence $code } else { $null }
        $reader.connect = [ordered]@{ ok = $code -eq 0; error = $failed }
    }
    return $reader
}

function New-EesztPcscEvidence {
    # Codes of winscard.h have the sign bit set: as the unsigned numbers that everybody writes.
    param([int]$Code)
    return New-EesztEvidence 'pcsc' ([long]$Code -band 0xFFFFFFFFL) (Get-EesztErrorWords $Code)
}

Export-ModuleMember -Function Get-EesztReaders
