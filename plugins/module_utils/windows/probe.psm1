# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The whole probe: each section in a runspace of its own, all at once, put together to one observation.

#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.bounded
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.clock
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.client
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.evidence
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.firewall
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.host
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.neutral
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.proxy_settings
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.readers

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Get-EesztObservation {
    # An observation (contract/schemas/observation.schema.json) for a probe request, which is a dictionary or what
    # ConvertFrom-Json gives. $Secrets: dictionary of institution -> dictionary of certificate, key, chain in PEM. No text
    # of it is given to a command or function: where a policy asks for it, those come into the event log.
    param($Request, $Secrets = @{})
    $observedAt = Get-EesztUtcNow
    $request = ConvertTo-EesztPlain $Request
    $jobs = Get-EesztJobs $request $Secrets
    $outcomes = Invoke-EesztBounded $jobs $request['limits']['section']
    $sections = [ordered]@{}
    foreach ($name in 'readers', 'client', 'firewall', 'certificates', 'endpoints', 'proxy_settings', 'clock') {
        $sections[$name] = if ($outcomes.Contains($name)) { Get-EesztSection $name $outcomes[$name] $request } else { $null }
    }
    $observation = [ordered]@{
        schema_version = 1
        observed_at = $observedAt
        probe = [ordered]@{ name = 'win_probe'; version = '0.1.0'; double = [bool](Test-EesztDouble) }
        host = if ($null -ne $outcomes['host'].value) { $outcomes['host'].value } else { Get-EesztNeutralHost }
        sections = $sections
    }
    return ConvertTo-EesztPlain $observation
}

function Get-EesztJobs {
    param($Request, $Secrets)
    $all = [ordered]@{
        host = @{ command = 'Get-EesztHost'; parameters = @{} }
        readers = @{ command = 'Get-EesztReaders'; parameters = @{} }
        client = @{ command = 'Get-EesztClient'; parameters = @{ Request = $Request } }
        firewall = @{ command = 'Get-EesztFirewall'; parameters = @{ Request = $Request } }
        certificates = @{ command = 'Get-EesztCertificates'; parameters = @{ Request = $Request } }
        endpoints = @{ command = 'Get-EesztEndpoints'; parameters = @{ Request = $Request; Secrets = $Secrets } }
        proxy_settings = @{ command = 'Get-EesztProxySettings'; parameters = @{} }
        clock = @{ command = 'Get-EesztClock'; parameters = @{} }
    }
    $jobs = [ordered]@{}
    foreach ($name in $all.Keys) {
        if ($name -eq 'host' -or $Request['observe'] -contains $name) { $jobs[$name] = $all[$name] }
    }
    return $jobs
}

function Get-EesztSection {
    # What was seen, or the neutral form with the reason why there is nothing.
    param([string]$Name, $Outcome, $Request)
    if ($null -ne $Outcome.value) { return $Outcome.value }
    $section = Get-EesztNeutral $Name $Request
    $section['error'] = $Outcome.failure
    return $section
}

function ConvertTo-EesztPlain {
    # Dictionaries that keep their order, arrays (also of one element or of none) and plain values, whatever they were.
    param($Value)
    if ($null -eq $Value) { return $null }
    if ($Value -is [System.Management.Automation.PSCustomObject]) {
        $plain = [ordered]@{}
        foreach ($each in $Value.PSObject.Properties) { $plain[$each.Name] = ConvertTo-EesztPlain $each.Value }
        return $plain
    }
    if ($Value -is [System.Management.Automation.PSObject]) { $Value = $Value.PSObject.BaseObject }
    if ($Value -is [System.Collections.IDictionary]) {
        $plain = [ordered]@{}
        foreach ($name in @($Value.Keys)) { $plain["$name"] = ConvertTo-EesztPlain $Value[$name] }
        return $plain
    }
    if ($Value -is [System.Collections.IList]) {
        # What New-Object gives is wrapped, and 5.1 would write it as {value, Count}.
        $items = [object[]]::new($Value.Count)
        for ($index = 0; $index -lt $Value.Count; $index++) { $items[$index] = ConvertTo-EesztPlain $Value[$index] }
        return , $items
    }
    return $Value
}

Export-ModuleMember -Function Get-EesztObservation, ConvertTo-EesztPlain
