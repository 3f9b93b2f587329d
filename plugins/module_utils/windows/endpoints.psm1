# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The centre's endpoints: name, proxy, TCP, TLS with the institution's certificate, and one request or a short wait.

#AnsibleRequires -CSharpUtil ansible_collections.eeszt.connect.plugins.module_utils.windows.EndpointEvidence
#AnsibleRequires -CSharpUtil ansible_collections.eeszt.connect.plugins.module_utils.windows.EndpointLooks
#AnsibleRequires -CSharpUtil ansible_collections.eeszt.connect.plugins.module_utils.windows.HttpAnswers
#AnsibleRequires -CSharpUtil ansible_collections.eeszt.connect.plugins.module_utils.windows.ServerTrusts
#AnsibleRequires -CSharpUtil ansible_collections.eeszt.connect.plugins.module_utils.windows.ShownCertificates
#AnsibleRequires -CSharpUtil ansible_collections.eeszt.connect.plugins.module_utils.windows.WireTaps
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.client_tls
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.evidence
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.neutral
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.proxy

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Get-EesztEndpoints {
    # All endpoints at once. The share of the section's time that is left over is for handing over.
    param($Request, $Secrets)
    $seconds = [double]$Request['limits']['section'] * 0.9
    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    $asked = @($Request['endpoints'])
    $control = $Request['control_endpoint']
    if ($null -ne $control) {
        $asked += [ordered]@{
            name = $control['name']; host = $control['host']; port = $control['port']; server_name = $control['server_name']
            protocol = 'http'; path = $null; institution = $null
        }
    }
    $entries = @(foreach ($each in $asked) { New-EesztAsk $each $Request $Secrets })
    $plain = @(foreach ($each in $entries) {
        if ($null -eq $each['certificate']) {
            [ansible_collections.eeszt.connect.plugins.module_utils.windows.EndpointLooks.EndpointLook]::Start(
                $each['ask'], $each['record'], $null, $each['error'], $seconds)
        }
    })
    $showing = @($entries | Where-Object { $null -ne $_['certificate'] })
    $shown = if ($showing.Count -gt 0) { @(Invoke-EesztClientTls $showing ($seconds - $clock.Elapsed.TotalSeconds)) } else { @() }
    foreach ($look in $plain) { [void]$look.Worker.Join([int][System.Math]::Max(0, ($seconds - $clock.Elapsed.TotalSeconds) * 1000)) }
    $records, $nextPlain, $nextShown = @(), 0, 0
    foreach ($each in $entries) {
        if ($null -eq $each['certificate']) { $records += $plain[$nextPlain].Close(); $nextPlain++ }
        else { $records += $shown[$nextShown]; $nextShown++ }
    }
    $ofCentre = @(for ($index = 0; $index -lt @($Request['endpoints']).Count; $index++) { $records[$index] })
    return [ordered]@{
        error = $null
        endpoints = $ofCentre
        control = if ($null -ne $control) { $records[$records.Count - 1] } else { $null }
    }
}

function New-EesztAsk {
    # An endpoint with everything that its connection needs.
    param($Asked, $Request, $Secrets)
    $proxy = $Request['proxy']
    if ($null -ne $proxy -and (Test-EesztProxyException $Asked['host'] $proxy['exceptions'])) { $proxy = $null }
    $record = Get-EesztNeutralEndpoint $Asked
    if ($null -ne $proxy) { $record['route'] = 'proxy' }
    $credentials = Get-EesztCredentials $Request $Secrets $Asked['institution']
    return @{
        ask = [ordered]@{
            host = $Asked['host']
            port = [int]$Asked['port']
            protocol = $Asked['protocol']
            path = $Asked['path']
            server_name = $Asked['server_name']
            proxy = $proxy
            proxy_account = if ($null -ne $Secrets) { $Secrets['proxy_account'] } else { $null }
            anchors = $Request['trust_anchors']
            limits = $Request['limits']
        }
        record = $record
        certificate = $credentials.certificate
        error = $credentials.error
    }
}

function Get-EesztCredentials {
    # What is to be shown for an institution, and why it cannot be where it cannot. Both null: nothing was asked.
    param($Request, $Secrets, $Institution)
    $entry = $Request['client_certificates'] | Where-Object { $_['institution'] -eq $Institution } | Select-Object -First 1
    $found = @{ certificate = $null; error = $null }
    if ($null -eq $Institution -or $null -eq $entry) { return $found }
    if ($entry['source'] -eq 'store') {
        $found.certificate = @{
            source = 'store'; institution = $Institution; location = $entry['location']; store = $entry['store']; fingerprint = $entry['fingerprint']
        }
        return $found
    }
    if ($entry['source'] -eq 'memory') {
        $secret = if ($null -ne $Secrets -and $Secrets.Contains($Institution)) { $Secrets[$Institution] } else { $null }
        if ($null -eq $secret) { $found.error = New-EesztEvidence 'probe' 'no_secret' 'the certificate that was to come in memory did not come' }
        else { $found.certificate = @{ source = 'pem'; certificate = $secret['certificate']; key = $secret['key'] } }
        return $found
    }
    try {
        $latin = [System.Text.Encoding]::GetEncoding(28591)
        $keyPath = if ($entry['key']) { $entry['key'] } else { $entry['certificate'] }
        $found.certificate = @{
            source = 'pem'
            certificate = [System.IO.File]::ReadAllText($entry['certificate'], $latin)
            key = [System.IO.File]::ReadAllText($keyPath, $latin)
        }
    }
    catch {
        $found.error = [ansible_collections.eeszt.connect.plugins.module_utils.windows.EndpointEvidence.Evidence]::Of($_.Exception, $null)
    }
    return $found
}

Export-ModuleMember -Function Get-EesztEndpoints
