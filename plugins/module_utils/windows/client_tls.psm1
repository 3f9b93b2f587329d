# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Connections that show a client certificate: plain data in, plain data out, all of them side by side.

#AnsibleRequires -CSharpUtil ansible_collections.eeszt.connect.plugins.module_utils.windows.EndpointEvidence
#AnsibleRequires -CSharpUtil ansible_collections.eeszt.connect.plugins.module_utils.windows.EndpointLooks
#AnsibleRequires -CSharpUtil ansible_collections.eeszt.connect.plugins.module_utils.windows.HttpAnswers
#AnsibleRequires -CSharpUtil ansible_collections.eeszt.connect.plugins.module_utils.windows.ServerTrusts
#AnsibleRequires -CSharpUtil ansible_collections.eeszt.connect.plugins.module_utils.windows.ShownCertificates
#AnsibleRequires -CSharpUtil ansible_collections.eeszt.connect.plugins.module_utils.windows.WireTaps

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Invoke-EesztClientTls {
    # $Asks: list of {ask, record, certificate, error}, see EndpointLooks.cs; `certificate` is {source: store, location,
    # store, fingerprint} or {source: pem, certificate, key}, null where there is none to show, with why in `error`.
    # Gives the records, in the same order.
    param($Asks, [double]$Seconds)
    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    $looks, $shown = @(), @()
    foreach ($each in @($Asks)) {
        $opened = Open-EesztClientCertificate $each
        $shown += $opened.certificate
        $left = [System.Math]::Max(0.001, $Seconds - $clock.Elapsed.TotalSeconds)
        $looks += [ansible_collections.eeszt.connect.plugins.module_utils.windows.EndpointLooks.EndpointLook]::Start(
            $each['ask'], $each['record'], $opened.certificate, $opened.error, $left)
    }
    $records = @(foreach ($look in $looks) {
        [void]$look.Worker.Join([int][System.Math]::Max(0, ($Seconds - $clock.Elapsed.TotalSeconds) * 1000))
        $look.Close()
    })
    # The container of a key that came in PEM goes with its certificate.
    foreach ($each in $shown) { if ($null -ne $each) { $each.Dispose() } }
    return , $records
}

function Open-EesztClientCertificate {
    # A certificate with its key, or the evidence why there is none.
    param($Entry)
    $asked = $Entry['certificate']
    $found = @{ certificate = $null; error = $Entry['error'] }
    if ($null -eq $asked) { return $found }
    try {
        if ($asked['source'] -eq 'store') { $found.certificate = Find-EesztClientCertificate $asked }
        else {
            $found.certificate = [ansible_collections.eeszt.connect.plugins.module_utils.windows.ShownCertificates.Certificates]::FromPem(
                $asked['certificate'], $asked['key'])
        }
    }
    catch {
        $found.error = [ansible_collections.eeszt.connect.plugins.module_utils.windows.EndpointEvidence.Evidence]::Of($_.Exception, $null)
    }
    return $found
}

function Find-EesztClientCertificate {
    # The one of this fingerprint, else the newest that bears the institution's mark.
    param($Asked)
    $opened = New-Object System.Security.Cryptography.X509Certificates.X509Store -ArgumentList $Asked['store'], $Asked['location']
    $opened.Open([System.Security.Cryptography.X509Certificates.OpenFlags]'ReadOnly, OpenExistingOnly')
    try { $certificate = Select-EesztClientCertificate @($opened.Certificates) $Asked }
    finally { $opened.Close() }
    $trouble = 'ansible_collections.eeszt.connect.plugins.module_utils.windows.ShownCertificates.KeyTrouble'
    if ($null -eq $certificate) { throw (New-Object $trouble 'no_certificate', 'there is no such certificate in the store') }
    if (-not $certificate.HasPrivateKey) { throw (New-Object $trouble 'no_key', 'the certificate in the store has no private key') }
    return $certificate
}

function Select-EesztClientCertificate {
    param($Certificates, $Asked)
    $sha256 = [System.Security.Cryptography.SHA256]::Create()
    try {
        foreach ($each in $Certificates) {
            $digest = [System.BitConverter]::ToString($sha256.ComputeHash($each.RawData)).Replace('-', '').ToLowerInvariant()
            if ($digest -eq $Asked['fingerprint']) { return $each }
        }
    }
    finally { $sha256.Dispose() }
    $prefix = 'eeszt.connect '
    $marked = @(foreach ($each in $Certificates) {
        $name = "$($each.FriendlyName)".TrimEnd([char]0)
        if (-not $name.StartsWith($prefix, [System.StringComparison]::Ordinal)) { continue }
        if ($name.Substring($prefix.Length).Split([char[]]' ,') -contains $Asked['institution']) { $each }
    })
    return $marked | Sort-Object -Property NotBefore -Descending | Select-Object -First 1
}

Export-ModuleMember -Function Invoke-EesztClientTls, Select-EesztClientCertificate
