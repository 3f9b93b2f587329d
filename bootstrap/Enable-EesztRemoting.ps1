# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

<#
.SYNOPSIS
Opens WinRM over HTTPS on this machine for the controller's addresses alone, and takes it back again.

.DESCRIPTION
Run it once on a workstation, as administrator. It makes a self-signed certificate and a listener with it, one inbound
firewall rule that is bound to the controller's addresses, and on request a local account. It changes nothing twice:
where this machine's addresses are others than in the certificate, it says so and keeps the certificate that is pinned.
What it changed is kept in the registry (HKLM\SOFTWARE\eeszt.connect, where only administrators may write), and -Remove
takes back exactly that, unless somebody changed it since. HTTP is never opened, and the network's profile (Public) stays
as it is.

.PARAMETER ControllerAddress
Addresses or networks (10.1.2.3, 10.1.2.0/24) from which the controller comes. Nobody else gets through the firewall.
.PARAMETER Name
Further names or addresses for the certificate: what the plan will call this machine. Its own name and IPv4 addresses are in it.
A name that the present certificate lacks means a new one, which has to be pinned in the plan.
.PARAMETER Port
Port of the listener.
.PARAMETER Years
How long the certificate is valid.
.PARAMETER AccountName
A local account for the controller. It is made when it is not there; its password is asked for, never given here.
.PARAMETER AccountGroup
Administrators can roll out; RemoteManagementUsers can only look, and only by psrp.
.PARAMETER AllowLocalAdministrators
Lets other local administrators keep their rights over the network too (LocalAccountTokenFilterPolicy).
.PARAMETER Basic
Allows Basic authentication. It goes over HTTPS here, but the setting is the service's own: use NTLM where you can.
.PARAMETER Renew
Makes a new certificate in place of the present one.
.PARAMETER OutputFolder
Where the certificate (.pem, to be pinned into the plan) and a line for the plan are written.
.PARAMETER Remove
Takes back what this script changed, and nothing else.

.EXAMPLE
powershell -ExecutionPolicy Bypass -File Enable-EesztRemoting.ps1 -ControllerAddress 10.1.2.3 -AccountName eeszt-remote
.EXAMPLE
powershell -ExecutionPolicy Bypass -File Enable-EesztRemoting.ps1 -Remove -WhatIf
#>
[CmdletBinding(SupportsShouldProcess = $true, DefaultParameterSetName = 'Enable')]
param(
    [Parameter(Mandatory = $true, ParameterSetName = 'Enable')][string[]]$ControllerAddress,
    [Parameter(ParameterSetName = 'Enable')][string[]]$Name = @(),
    [Parameter(ParameterSetName = 'Enable')][ValidateRange(1, 65535)][int]$Port = 5986,
    [Parameter(ParameterSetName = 'Enable')][ValidateRange(1, 10)][int]$Years = 3,
    [Parameter(ParameterSetName = 'Enable')][string]$AccountName = '',
    [Parameter(ParameterSetName = 'Enable')][ValidateSet('Administrators', 'RemoteManagementUsers')][string]$AccountGroup = 'Administrators',
    [Parameter(ParameterSetName = 'Enable')][switch]$AllowLocalAdministrators,
    [Parameter(ParameterSetName = 'Enable')][switch]$Basic,
    [Parameter(ParameterSetName = 'Enable')][switch]$Renew,
    [Parameter(ParameterSetName = 'Enable')][string]$OutputFolder = '.',
    [Parameter(Mandatory = $true, ParameterSetName = 'Remove')][switch]$Remove
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

# --- What is wanted: pure -----------------------------------------------------------------------------------------------

function ConvertTo-EesztAddressList {
    # The addresses as the firewall takes them, sorted, each once. What would mean everybody is refused.
    param([string[]]$Address)
    $found = @(foreach ($each in $Address) {
        foreach ($part in $each.Split(',')) { if ($part.Trim()) { Get-EesztAddress $part.Trim() } }
    })
    if ($found.Count -eq 0) { throw 'ControllerAddress is empty: give the addresses from which the controller comes.' }
    return @($found | Sort-Object -Unique)
}

function Get-EesztAddress {
    param([string]$Text)
    $parts = $Text.Split('/')
    $parsed = $null
    $isIPv4 = $parts[0] -match '^\d+\.\d+\.\d+\.\d+$'
    if (-not [System.Net.IPAddress]::TryParse($parts[0], [ref]$parsed) -or $parts.Count -gt 2 -or ($parts[0] -notmatch ':' -and -not $isIPv4)) {
        throw "'$Text' is no address. Write it as 10.1.2.3, or a network as 10.1.2.0/24."
    }
    if ($parts.Count -eq 1) {
        if ($parsed.Equals([System.Net.IPAddress]::Any) -or $parsed.Equals([System.Net.IPAddress]::IPv6Any)) { throw "'$Text' would let everybody in." }
        return $parsed.ToString()
    }
    $longest = if ($isIPv4) { 32 } else { 128 }
    $length = 0
    if (-not [int]::TryParse($parts[1], [ref]$length) -or $length -gt $longest) { throw "'$Text' is no network: its length must be 8 to $longest." }
    if ($length -lt 8) { throw "'$Text' would let in far more than a controller." }
    return Format-EesztNetwork $parsed $length
}

function Format-EesztNetwork {
    # As the firewall says it: without what an address has beyond the network's length, and one address without a length.
    param([System.Net.IPAddress]$Address, [int]$Length)
    $bytes = $Address.GetAddressBytes()
    if ($Length -ge 8 * $bytes.Length) { return $Address.ToString() }
    for ($place = 0; $place -lt $bytes.Length; $place++) {
        $kept = [System.Math]::Max(0, [System.Math]::Min(8, $Length - 8 * $place))
        $bytes[$place] = $bytes[$place] -band (0xFF -shl (8 - $kept))
    }
    return "$(New-Object System.Net.IPAddress -ArgumentList (, $bytes))/$Length"
}

function Get-EesztSubjectText {
    # The extension "subject alternative name" in the words of New-SelfSignedCertificate.
    param([string[]]$Names)
    $parts = @(foreach ($each in $Names) {
        $parsed = $null
        if ([System.Net.IPAddress]::TryParse($each, [ref]$parsed)) { "IPAddress=$parsed" } else { "DNS=$each" }
    })
    return '2.5.29.17={text}' + ($parts -join '&')
}

function Get-EesztSteps {
    # What is to be done, in order: names of steps. $Wanted and $Now are dictionaries; Now.listener is $null where there is none.
    param($Wanted, $Now)
    $steps = @()
    if ($Now['service']['start'] -ne 'Automatic' -or -not $Now['service']['running']) { $steps += 'service' }
    $missing = @(Get-EesztUnnamed $Wanted['fixed'] $Now)
    if ($Wanted['renew'] -or -not $Now['certificate']['usable'] -or $missing.Count) { $steps += 'certificate' }
    if ($steps -contains 'certificate' -or -not (Test-EesztListener $Now['listener'] $Wanted $Now)) { $steps += 'listener' }
    if (-not (Test-EesztRule $Now['rule'] $Wanted)) { $steps += 'rule' }
    if ($Wanted['account'] -and -not $Now['account']['exists']) { $steps += 'account' }
    if ($Wanted['account'] -and -not $Now['account']['member']) { $steps += 'member' }
    if ($Wanted['filter'] -and $Now['filter'] -ne 1) { $steps += 'filter' }
    if ($Wanted['basic'] -and -not $Now['basic']) { $steps += 'basic' }
    return $steps
}

function Get-EesztUnnamed {
    # Those of the names that the present certificate lacks.
    param([string[]]$Names, $Now)
    $Names | Where-Object { $Now['certificate']['names'] -notcontains $_ }
}

function Test-EesztListener {
    param($Listener, $Wanted, $Now)
    return $null -ne $Listener -and $Listener['enabled'] -and $Listener['thumbprint'] -eq $Now['certificate']['thumbprint'] -and $Listener['port'] -eq $Wanted['port']
}

function Test-EesztRule {
    # Whether the rule lets the controller in and nobody else: one that was switched off or turned round is none.
    param($Rule, $Wanted)
    if ($null -eq $Rule -or ($Rule['addresses'] -join ' ') -ne ($Wanted['addresses'] -join ' ')) { return $false }
    $whole = @{
        enabled = 'True'; action = 'Allow'; direction = 'Inbound'; profile = 'Any'; protocol = 'TCP'
        port = [string]$Wanted['port']; remote_port = 'Any'; local_addresses = 'Any'
    }
    return @($whole.Keys | Where-Object { $Rule[$_] -ne $whole[$_] }).Count -eq 0
}

function Select-EesztAddresses {
    # The IPv4 addresses by which others may reach this machine, of interfaces with up, physical (12 hexadecimal digits),
    # gateway (whether there is one) and addresses. Switches for virtual machines and WSL have addresses of their own,
    # anew at every start, and no way out; by what they are called they cannot be told, since Windows translates that.
    param($Interfaces)
    $virtual = '00155D', '005056', '0A0027'
    foreach ($each in $Interfaces) {
        $inner = -not $each['gateway'] -and $each['physical'].Length -ge 6 -and $virtual -contains $each['physical'].Substring(0, 6)
        if (-not $each['up'] -or $inner) { continue }
        $each['addresses'] | Where-Object { $_ -notmatch ':' -and $_ -notlike '127.*' -and $_ -notlike '169.254.*' }
    }
}

function Test-EesztForeignListener {
    # Whether an HTTPS listener is there that this script did not make: then it stays, and so does everything else.
    param($Now)
    return $null -ne $Now['listener'] -and -not $Now['ours']['listener']
}

function ConvertTo-EesztPem {
    param([byte[]]$Der)
    $text = [System.Convert]::ToBase64String($Der)
    $lines = for ($place = 0; $place -lt $text.Length; $place += 64) { $text.Substring($place, [System.Math]::Min(64, $text.Length - $place)) }
    return "-----BEGIN CERTIFICATE-----`n" + ($lines -join "`n") + "`n-----END CERTIFICATE-----`n"
}

function Get-EesztSha256 {
    param([byte[]]$Der)
    $hash = [System.Security.Cryptography.SHA256]::Create()
    try { return [System.BitConverter]::ToString($hash.ComputeHash($Der)).Replace('-', '').ToLowerInvariant() } finally { $hash.Dispose() }
}

# --- The record of what was changed -------------------------------------------------------------------------------------

function Get-EesztField {
    param($Object, [string]$Field)
    if ($null -eq $Object) { return $null }
    $property = $Object.PSObject.Properties[$Field]
    if ($null -eq $property) { return $null }
    return $property.Value
}

function Read-EesztRecord {
    # Changes by kind, in the order in which they were made.
    $record = [ordered]@{}
    $text = Get-EesztRegistryValue 'SOFTWARE\eeszt.connect' 'Remoting'
    if ($text) { foreach ($property in (ConvertFrom-Json $text).PSObject.Properties) { $record[$property.Name] = $property.Value } }
    return $record
}

function Save-EesztRecord {
    param($Record)
    if ($Record.Count -eq 0) { Remove-EesztRegistryValue 'SOFTWARE\eeszt.connect' 'Remoting'; return }
    Set-EesztRegistryValue 'SOFTWARE\eeszt.connect' 'Remoting' (ConvertTo-Json $Record -Depth 5 -Compress)
}

function Add-EesztChange {
    # Keep how it was before; what was before an earlier run of ours is the truth.
    param($Record, [string]$Kind, $Change)
    $known = $Record[$Kind]
    if ($null -ne $known -and $null -ne $known.PSObject.Properties['before']) { $Change['before'] = $known.before }
    $Record[$Kind] = New-Object psobject -Property $Change
    Save-EesztRecord $Record
}

# --- The machine: each function one thing, so that tests can stand in for it ----------------------------------------------

function Test-EesztElevated {
    $principal = New-Object System.Security.Principal.WindowsPrincipal ([System.Security.Principal.WindowsIdentity]::GetCurrent())
    return $principal.IsInRole([System.Security.Principal.WindowsBuiltInRole]::Administrator)
}

function Open-EesztRegistryKey {
    # The 64-bit view, whichever PowerShell runs this.
    param([string]$Path, [bool]$Create)
    $hive = [Microsoft.Win32.RegistryKey]::OpenBaseKey([Microsoft.Win32.RegistryHive]::LocalMachine, [Microsoft.Win32.RegistryView]::Registry64)
    try { if ($Create) { return $hive.CreateSubKey($Path) } else { return $hive.OpenSubKey($Path, $false) } } finally { $hive.Dispose() }
}

function Get-EesztRegistryValue {
    param([string]$Path, [string]$Value)
    $key = Open-EesztRegistryKey $Path $false
    if ($null -eq $key) { return $null }
    try { return $key.GetValue($Value, $null) } finally { $key.Dispose() }
}

function Set-EesztRegistryValue {
    param([string]$Path, [string]$Value, $Data)
    $key = Open-EesztRegistryKey $Path $true
    try {
        if ($Data -is [int]) { $key.SetValue($Value, $Data, [Microsoft.Win32.RegistryValueKind]::DWord) } else { $key.SetValue($Value, $Data) }
    }
    finally { $key.Dispose() }
}

function Remove-EesztRegistryValue {
    param([string]$Path, [string]$Value)
    $key = Open-EesztRegistryKey $Path $true
    try { $key.DeleteValue($Value, $false) } finally { $key.Dispose() }
}

function Get-EesztMachineName { [System.Environment]::MachineName.ToLowerInvariant() }

function Get-EesztDomainName { [System.Net.NetworkInformation.IPGlobalProperties]::GetIPGlobalProperties().DomainName.ToLowerInvariant() }

function Get-EesztInterfaces {
    # As Select-EesztAddresses takes them.
    foreach ($interface in [System.Net.NetworkInformation.NetworkInterface]::GetAllNetworkInterfaces()) {
        $properties = $interface.GetIPProperties()
        $out = @($properties.GatewayAddresses | Where-Object { $_.Address.AddressFamily -eq [System.Net.Sockets.AddressFamily]::InterNetwork })
        @{
            up = $interface.OperationalStatus -eq [System.Net.NetworkInformation.OperationalStatus]::Up
            physical = $interface.GetPhysicalAddress().ToString()
            gateway = $out.Count -gt 0
            addresses = @($properties.UnicastAddresses | ForEach-Object { $_.Address.ToString() })
        }
    }
}

function Invoke-EesztStore {
    # Run a block on the machine's store of certificates.
    param([scriptblock]$Block)
    $store = New-Object System.Security.Cryptography.X509Certificates.X509Store 'My', ([System.Security.Cryptography.X509Certificates.StoreLocation]::LocalMachine)
    $store.Open([System.Security.Cryptography.X509Certificates.OpenFlags]::ReadWrite)
    try { & $Block $store } finally { $store.Close() }
}

function Get-EesztCertificate {
    param([string]$Thumbprint)
    Invoke-EesztStore { param($store) $store.Certificates | Where-Object { $_.Thumbprint -eq $Thumbprint } | Select-Object -First 1 }
}

function Remove-EesztCertificate {
    # By the provider, since it takes the key along.
    param([string]$Thumbprint)
    if ($null -ne (Get-EesztCertificate $Thumbprint)) { Remove-Item -LiteralPath "Cert:\LocalMachine\My\$Thumbprint" -DeleteKey }
}

function Get-EesztListeners {
    # All of them. WinRM must run to tell.
    foreach ($each in @(Get-WSManInstance -ResourceURI 'winrm/config/Listener' -Enumerate)) {
        @{
            transport = [string]$each.Transport
            address = [string](Get-EesztField $each 'Address')
            enabled = [string](Get-EesztField $each 'Enabled') -ne 'false'
            thumbprint = ([string](Get-EesztField $each 'CertificateThumbprint')).Replace(' ', '').ToUpperInvariant()
            port = [int](Get-EesztField $each 'Port')
        }
    }
}

function Get-EesztListener {
    # The HTTPS listener, that for all addresses first, or nothing.
    Get-EesztListeners | Where-Object { $_['transport'] -eq 'HTTPS' } | Sort-Object { $_['address'] -ne '*' } | Select-Object -First 1
}

function Get-EesztOtherListeners {
    # What else listens, such as "HTTP *".
    Get-EesztListeners | ForEach-Object { "$($_['transport']) $($_['address'])" } | Where-Object { $_ -ne 'HTTPS *' }
}

function Get-EesztWinRM {
    $service = Get-Service -Name 'WinRM'
    return @{ start = [string]$service.StartType; running = [string]$service.Status -eq 'Running' }
}

function Get-EesztRule {
    $rule = Get-NetFirewallRule -Name 'eeszt-connect-remoting-https' -ErrorAction SilentlyContinue
    if ($null -eq $rule) { return $null }
    $addresses, $ports = ($rule | Get-NetFirewallAddressFilter), ($rule | Get-NetFirewallPortFilter)
    return @{
        enabled = [string]$rule.Enabled
        action = [string]$rule.Action
        direction = [string]$rule.Direction
        profile = [string]$rule.Profile
        protocol = [string]$ports.Protocol
        port = @($ports.LocalPort) -join ','
        remote_port = @($ports.RemotePort) -join ','
        addresses = @($addresses.RemoteAddress | ForEach-Object { ConvertFrom-EesztMask $_ } | Sort-Object -Unique)
        local_addresses = @($addresses.LocalAddress) -join ','
    }
}

function ConvertFrom-EesztMask {
    # The firewall gives 10.1.2.0/255.255.255.0 back for 10.1.2.0/24.
    param([string]$Address)
    $parts = $Address.Split('/')
    $parsed, $mask, $length = $null, $null, 0
    if ($parts.Count -ne 2 -or -not [System.Net.IPAddress]::TryParse($parts[0], [ref]$parsed)) { return $Address }
    if ($parts[1] -match '\.' -and [System.Net.IPAddress]::TryParse($parts[1], [ref]$mask)) {
        $bits = ($mask.GetAddressBytes() | ForEach-Object { [System.Convert]::ToString($_, 2) }) -join ''
        $length = $bits.Replace('0', '').Length
    }
    elseif (-not [int]::TryParse($parts[1], [ref]$length)) { return $Address }
    return Format-EesztNetwork $parsed $length
}

function Get-EesztAccount {
    param([string]$Account, [string]$GroupSid)
    $user = Get-LocalUser -Name $Account -ErrorAction SilentlyContinue
    if ($null -eq $user) { return @{ exists = $false; member = $false; sid = '' } }
    # It fails as a whole where the group has a member that no longer exists; the step itself then tells.
    $members = @()
    try { $members = @(Get-LocalGroupMember -SID $GroupSid | ForEach-Object { [string]$_.SID }) } catch { Write-Verbose "$_" }
    return @{ exists = $true; member = $members -contains [string]$user.SID; sid = [string]$user.SID }
}

function Read-EesztPassword {
    # Asked for twice; never a parameter, since command lines are written into logs.
    param([string]$Account)
    for ($attempt = 0; $attempt -lt 3; $attempt++) {
        $first = Read-Host -AsSecureString "New password of $Account"
        $second = Read-Host -AsSecureString 'The same again'
        if ($first.Length -gt 0 -and (Test-EesztSameSecret $first $second)) { return $first }
        Write-Warning 'The two are not the same, or empty.'
    }
    throw 'No password was set.'
}

function Test-EesztSameSecret {
    param([System.Security.SecureString]$First, [System.Security.SecureString]$Second)
    $one = [System.Runtime.InteropServices.Marshal]::SecureStringToGlobalAllocUnicode($First)
    $two = [System.Runtime.InteropServices.Marshal]::SecureStringToGlobalAllocUnicode($Second)
    try { return [System.Runtime.InteropServices.Marshal]::PtrToStringUni($one) -ceq [System.Runtime.InteropServices.Marshal]::PtrToStringUni($two) }
    finally {
        [System.Runtime.InteropServices.Marshal]::ZeroFreeGlobalAllocUnicode($one)
        [System.Runtime.InteropServices.Marshal]::ZeroFreeGlobalAllocUnicode($two)
    }
}

function Get-EesztNow {
    # How the machine stands, as far as this script is concerned.
    param($Wanted, $Record)
    $service = Get-EesztWinRM
    $running = $service['running']
    $thumbprint = [string](Get-EesztField $Record['certificate'] 'thumbprint')
    $certificate = if ($thumbprint) { Get-EesztCertificate $thumbprint }
    $listener = if ($running) { Get-EesztListener }
    $account = @{ exists = $false; member = $false; sid = '' }
    if ($Wanted['account']) { $account = Get-EesztAccount $Wanted['account'] $Wanted['group'] }
    $basic = $false
    if ($running -and $Wanted['basic']) { $basic = [string](Get-WSManInstance -ResourceURI 'winrm/config/Service/Auth').Basic -eq 'true' }
    return @{
        service = $service
        certificate = @{
            thumbprint = $thumbprint
            names = @(Get-EesztField $Record['certificate'] 'names')
            usable = $null -ne $certificate -and $certificate.HasPrivateKey -and $certificate.NotAfter -gt (Get-Date).AddDays(30)
        }
        listener = $listener
        # A renewal that was cut off leaves the listener with the one before.
        ours = @{ listener = $null -ne $listener -and (@($thumbprint) + @(Get-EesztField $Record['certificate'] 'olds')) -contains $listener['thumbprint'] }
        rule = Get-EesztRule
        account = $account
        filter = Get-EesztRegistryValue 'SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System' 'LocalAccountTokenFilterPolicy'
        basic = $basic
    }
}

# --- Doing it -----------------------------------------------------------------------------------------------------------

function Invoke-EesztStep {
    # Do one step and keep what it changed.
    param([string]$Step, $Wanted, $Now, $Record)
    switch ($Step) {
        'service' {
            # What else listened when we came; only a running service tells.
            $known = $null -ne $Record['service'] -and $null -ne $Record['service'].PSObject.Properties['others']
            $others = if ($known) { @($Record['service'].others) }
            Add-EesztChange $Record 'service' @{ before = $Now['service'] }
            Set-Service -Name 'WinRM' -StartupType Automatic
            Start-Service -Name 'WinRM'
            if (-not $known) { $others = @(Get-EesztOtherListeners) }
            Add-EesztChange $Record 'service' @{ before = $Now['service']; others = [string[]]@($others | Where-Object { $_ }) }
        }
        'certificate' {
            $old = [string](Get-EesztField $Record['certificate'] 'thumbprint')
            $made = New-SelfSignedCertificate -Type Custom -Subject "CN=$($Wanted['names'][0])" -FriendlyName 'eeszt.connect remoting' `
                -TextExtension @((Get-EesztSubjectText $Wanted['names']), '2.5.29.37={text}1.3.6.1.5.5.7.3.1') -KeyUsage DigitalSignature, KeyEncipherment `
                -KeyAlgorithm RSA -KeyLength 3072 -HashAlgorithm SHA256 -KeyExportPolicy NonExportable -NotAfter (Get-Date).AddYears($Wanted['years']) `
                -CertStoreLocation 'Cert:\LocalMachine\My'
            $olds = @(@(Get-EesztField $Record['certificate'] 'olds') + $old | Where-Object { $_ })
            Add-EesztChange $Record 'certificate' @{ thumbprint = $made.Thumbprint; names = [string[]]$Wanted['names']; olds = [string[]]$olds }
        }
        'listener' {
            $thumbprint = [string]$Record['certificate'].thumbprint
            $selector = @{ Address = '*'; Transport = 'HTTPS' }
            $values = @{ CertificateThumbprint = $thumbprint; Port = $Wanted['port']; Hostname = $Wanted['names'][0]; Enabled = 'true' }
            if ($null -eq $Now['listener']) { $null = New-WSManInstance -ResourceURI 'winrm/config/Listener' -SelectorSet $selector -ValueSet $values }
            else { $null = Set-WSManInstance -ResourceURI 'winrm/config/Listener' -SelectorSet $selector -ValueSet $values }
            Add-EesztChange $Record 'listener' @{ thumbprint = $thumbprint; port = $Wanted['port'] }
            # The listener holds the new one now.
            foreach ($each in @(Get-EesztField $Record['certificate'] 'olds')) { if ($each) { Remove-EesztCertificate $each } }
            Add-EesztChange $Record 'certificate' @{ thumbprint = $thumbprint; names = [string[]]$Record['certificate'].names; olds = [string[]]@() }
        }
        'rule' {
            Remove-NetFirewallRule -Name 'eeszt-connect-remoting-https' -ErrorAction SilentlyContinue
            $null = New-NetFirewallRule -Name 'eeszt-connect-remoting-https' -DisplayName 'eeszt.connect remoting (WinRM over HTTPS)' -Group 'eeszt.connect remoting' `
                -Direction Inbound -Action Allow -Protocol TCP -LocalPort $Wanted['port'] -RemoteAddress $Wanted['addresses'] -Profile Any
            Add-EesztChange $Record 'rule' @{ name = 'eeszt-connect-remoting-https' }
        }
        'account' {
            $user = New-LocalUser -Name $Wanted['account'] -Password (Read-EesztPassword $Wanted['account']) -PasswordNeverExpires -AccountNeverExpires -Description 'eeszt.connect remoting'
            Add-EesztChange $Record 'account' @{ name = $Wanted['account']; sid = [string]$user.SID }
        }
        'member' {
            $sid = [string](Get-LocalUser -Name $Wanted['account']).SID
            try { Add-LocalGroupMember -SID $Wanted['group'] -Member $sid }
            catch {
                if ($_.FullyQualifiedErrorId -like 'MemberExists*') { return }
                throw
            }
            Add-EesztChange $Record 'member' @{ group = $Wanted['group']; sid = $sid }
        }
        'filter' {
            Add-EesztChange $Record 'filter' @{ before = $Now['filter'] }
            Set-EesztRegistryValue 'SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System' 'LocalAccountTokenFilterPolicy' 1
        }
        'basic' {
            Add-EesztChange $Record 'basic' @{ before = 'false' }
            $null = Set-WSManInstance -ResourceURI 'winrm/config/Service/Auth' -ValueSet @{ Basic = 'true' }
        }
    }
}

function Undo-EesztStep {
    # Take one change back, where it still is as we left it; a text says why it stays.
    param([string]$Step, $Change)
    switch ($Step) {
        'basic' {
            if ([string](Get-WSManInstance -ResourceURI 'winrm/config/Service/Auth').Basic -ne 'true') { return 'since somebody changed it' }
            $null = Set-WSManInstance -ResourceURI 'winrm/config/Service/Auth' -ValueSet @{ Basic = [string]$Change.before }
        }
        'filter' {
            $path = 'SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System'
            if ((Get-EesztRegistryValue $path 'LocalAccountTokenFilterPolicy') -ne 1) { return 'since somebody changed it' }
            if ($null -eq $Change.before) { Remove-EesztRegistryValue $path 'LocalAccountTokenFilterPolicy' }
            else { Set-EesztRegistryValue $path 'LocalAccountTokenFilterPolicy' ([int]$Change.before) }
        }
        'member' {
            try { Remove-LocalGroupMember -SID $Change.group -Member $Change.sid }
            catch { if ($_.FullyQualifiedErrorId -notmatch '^(Member|Principal|Group)NotFound') { throw } }
        }
        'account' {
            # By its SID: an account of the same name that somebody made since is not ours.
            $user = Get-LocalUser -SID $Change.sid -ErrorAction SilentlyContinue
            if ($null -ne $user) { Remove-LocalUser -SID $Change.sid }
        }
        'rule' {
            if ($null -ne (Get-NetFirewallRule -Name $Change.name -ErrorAction SilentlyContinue)) { Remove-NetFirewallRule -Name $Change.name }
        }
        'listener' {
            $listener = Get-EesztListener
            if ($null -eq $listener) { return }
            if ($listener['thumbprint'] -ne $Change.thumbprint) { return 'since it has a certificate of somebody else' }
            $null = Remove-WSManInstance -ResourceURI 'winrm/config/Listener' -SelectorSet @{ Address = '*'; Transport = 'HTTPS' }
        }
        'certificate' { foreach ($each in @($Change.thumbprint) + @($Change.olds)) { if ($each) { Remove-EesztCertificate $each } } }
        'service' { Undo-EesztService $Change }
    }
}

function Undo-EesztService {
    # Only where nobody else came to rely on WinRM since.
    param($Change)
    if ((Get-EesztWinRM)['start'] -ne 'Automatic') { return 'since somebody changed how it starts' }
    $others = @(Get-EesztListeners | ForEach-Object { "$($_['transport']) $($_['address'])" })
    $known = @(Get-EesztField $Change 'others')
    $new = @($others | Where-Object { $known -notcontains $_ })
    if ($new.Count) { return "since others listen by it now ($($new -join ', '))" }
    Set-Service -Name 'WinRM' -StartupType $Change.before.start
    if (-not $Change.before.running) { Stop-Service -Name 'WinRM' }
}

function Get-EesztStepText {
    param([string]$Step, $Wanted)
    switch ($Step) {
        'service' { 'start the WinRM service, now and at every start' }
        'certificate' { "make a self-signed certificate for $($Wanted['names'] -join ', ')" }
        'listener' { "listen for WinRM over HTTPS on port $($Wanted['port'])" }
        'rule' { "let $($Wanted['addresses'] -join ', ') through the firewall to port $($Wanted['port'])" }
        'account' { "make the local account $($Wanted['account'])" }
        'member' { "put $($Wanted['account']) into the group $($Wanted['group'])" }
        'filter' { 'let local administrators keep their rights over the network' }
        'basic' { 'allow Basic authentication' }
    }
}

function Enable-EesztRemoting {
    [CmdletBinding(SupportsShouldProcess = $true)]
    param($Wanted)
    $record = Read-EesztRecord
    $now = Get-EesztNow $Wanted $record
    if (-not $now['service']['running'] -and $PSCmdlet.ShouldProcess('WinRM', (Get-EesztStepText 'service' $Wanted))) {
        # Only a running service tells its listeners.
        Invoke-EesztStep 'service' $Wanted $now $record
        "done: $(Get-EesztStepText 'service' $Wanted)"
        $now = Get-EesztNow $Wanted $record
    }
    if (Test-EesztForeignListener $now) {
        throw "There is an HTTPS listener already, with the certificate $($now['listener']['thumbprint']) on port $($now['listener']['port']). Use that one (pin its certificate), or remove it first: winrm delete winrm/config/Listener?Address=*+Transport=HTTPS"
    }
    $steps = @(Get-EesztSteps $Wanted $now)
    $unnamed = @(Get-EesztUnnamed $Wanted['names'] $now)
    if ($steps -notcontains 'certificate' -and $unnamed.Count) {
        Write-Warning "The certificate does not name $($unnamed -join ', '), which this machine is called now. It stays, since the plan pins it; -Renew makes one with all names, which then has to be pinned."
    }
    foreach ($step in $steps) {
        if ($step -eq 'service' -and -not $now['service']['running']) { continue }
        $text = Get-EesztStepText $step $Wanted
        if ($PSCmdlet.ShouldProcess([System.Environment]::MachineName, $text)) {
            Invoke-EesztStep $step $Wanted $now $record
            "done: $text"
        }
    }
    if ($steps -contains 'certificate' -and $now['certificate']['thumbprint']) { Write-Warning 'The certificate is a new one: the plan has to pin it in place of the one before.' }
    if ($steps.Count -eq 0) { 'Nothing to do: all is as it should be.' }
}

function Disable-EesztRemoting {
    [CmdletBinding(SupportsShouldProcess = $true)]
    param()
    $record = Read-EesztRecord
    if ($record.Count -eq 0) { 'Nothing to take back: this script changed nothing here.'; return }
    $found = Get-EesztWinRM
    $asks = @('basic', 'listener', 'service' | Where-Object { $record.Contains($_) }).Count -gt 0
    $woken = $asks -and -not $found['running'] -and $PSCmdlet.ShouldProcess('WinRM', 'start the service for a while: only it takes its settings back')
    if ($woken) { Start-EesztWinRM $found }
    $failed = @()
    # The reverse of the order in which they are made; the service last, since it tells of its listeners.
    foreach ($kind in 'basic', 'filter', 'member', 'account', 'rule', 'listener', 'certificate', 'service') {
        if (-not $record.Contains($kind)) { continue }
        # A listener that is still there needs them.
        if ($kind -in 'certificate', 'service' -and $record.Contains('listener') -and -not $WhatIfPreference) { continue }
        if (-not $PSCmdlet.ShouldProcess([System.Environment]::MachineName, "take back: $kind")) { continue }
        try { $why = [string](Undo-EesztStep $kind $record[$kind]) }
        catch {
            $failed += "${kind} ($($_.Exception.Message))"
            continue
        }
        $record.Remove($kind)
        Save-EesztRecord $record
        if ($why) { "left as it is: $kind, $why" } else { "taken back: $kind" }
    }
    if ($woken) { Stop-EesztWinRM $found }
    if ($failed.Count) { throw "Not taken back: $($failed -join '; '). Still to be taken back: $(@($record.Keys) -join ', '). Mend that, then run -Remove again." }
}

function Start-EesztWinRM {
    # For as long as its settings are taken back. Where it does not start, whatever needs it says so.
    param($Found)
    try {
        if ($Found['start'] -eq 'Disabled') { Set-Service -Name 'WinRM' -StartupType Manual }
        Start-Service -Name 'WinRM'
    }
    catch { Write-Warning "WinRM does not start: $($_.Exception.Message)" }
}

function Stop-EesztWinRM {
    # As it was found.
    param($Found)
    Stop-Service -Name 'WinRM'
    if ($Found['start'] -eq 'Disabled') { Set-Service -Name 'WinRM' -StartupType Disabled }
}

function Write-EesztPin {
    # The certificate for the plan, and the line that pins it.
    [CmdletBinding(SupportsShouldProcess = $true)]
    param([string]$Folder, $Wanted)
    $thumbprint = [string](Get-EesztField (Read-EesztRecord)['certificate'] 'thumbprint')
    $certificate = if ($thumbprint) { Get-EesztCertificate $thumbprint }
    if ($null -eq $certificate) { return }
    $name = Get-EesztMachineName
    $file = Join-Path (Resolve-Path -LiteralPath $Folder).ProviderPath "$name.pem"
    if (-not $PSCmdlet.ShouldProcess($file, 'write the certificate')) { return }
    [System.IO.File]::WriteAllText($file, (ConvertTo-EesztPem $certificate.RawData), [System.Text.Encoding]::ASCII)
    $line = "connection: {type: psrp, port: $($Wanted['port']), certificate: $name.pem, fingerprint: ""$(Get-EesztSha256 $certificate.RawData)""}"
    [System.IO.File]::WriteAllText([System.IO.Path]::ChangeExtension($file, '.txt'), "$line`n", [System.Text.Encoding]::ASCII)
    "Copy $file beside the plan. For the plan:"
    $line
}

function Start-EesztRemoting {
    [CmdletBinding(SupportsShouldProcess = $true)]
    param($Wanted, [string]$Folder, [bool]$TakeBack)
    if (-not (Test-EesztElevated)) { throw 'Run this as administrator: right-click PowerShell, "Run as administrator".' }
    if ($TakeBack) { Disable-EesztRemoting; return }
    Enable-EesztRemoting $Wanted
    Write-EesztPin $Folder $Wanted
}

function Get-EesztWanted {
    # The script's parameters as what is wanted.
    param($Given)
    $isAdministrator = $Given['AccountGroup'] -eq 'Administrators'
    $short, $domain = (Get-EesztMachineName), (Get-EesztDomainName)
    $own = @($short) + @(if ($domain) { "$short.$domain" }) + @(Select-EesztAddresses @(Get-EesztInterfaces))
    $asked = @($Given['Name'] | ForEach-Object { $_.ToLowerInvariant() })
    return @{
        addresses = @(ConvertTo-EesztAddressList $Given['ControllerAddress'])
        # In a new certificate; and those for whose sake alone one is made anew. A network may give the others, and take them.
        names = @($own + $asked | Select-Object -Unique)
        fixed = @(@($short) + $asked | Select-Object -Unique)
        port = $Given['Port']
        years = $Given['Years']
        renew = [bool]$Given['Renew']
        account = $Given['AccountName']
        group = if ($isAdministrator) { 'S-1-5-32-544' } else { 'S-1-5-32-580' }
        # Windows filters the rights of every local administrator but the built-in one.
        filter = [bool]$Given['AllowLocalAdministrators'] -or ([bool]$Given['AccountName'] -and $isAdministrator)
        basic = [bool]$Given['Basic']
    }
}

# Dot-sourced, as tests do it, it only gives its functions.
if ($MyInvocation.InvocationName -ne '.') {
    $wanted = if (-not $Remove) {
        Get-EesztWanted @{
            ControllerAddress = $ControllerAddress; Name = $Name; Port = $Port; Years = $Years; Renew = $Renew; Basic = $Basic
            AccountName = $AccountName; AccountGroup = $AccountGroup; AllowLocalAdministrators = $AllowLocalAdministrators
        }
    }
    Start-EesztRemoting -Wanted $wanted -Folder $OutputFolder -TakeBack ([bool]$Remove)
}
