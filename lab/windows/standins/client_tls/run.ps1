# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# STAND-IN of the Windows double, its Linux half: runs the production util client_tls.psm1. In, by a loopback port: a line of JSON
# {asks, seconds} as Invoke-EesztClientTls takes them; a certificate may be {source: pfx, pfx, password}. Out: {records}.

param([int]$Port, [string]$Word, [string]$Utils = '/opt/eeszt-utils')

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$classes = 'EndpointEvidence', 'EndpointLooks', 'HttpAnswers', 'ServerTrusts', 'ShownCertificates', 'WireTaps'
Add-Type -Path ($classes | ForEach-Object { Join-Path $Utils "$_.cs" })
foreach ($name in 'evidence', 'neutral', 'clock', 'bounded', 'probe', 'client_tls') {
    Import-Module (Join-Path $Utils "$name.psm1") -Global -WarningAction SilentlyContinue
}
$client = New-Object System.Net.Sockets.TcpClient -ArgumentList '127.0.0.1', $Port
$reader = New-Object System.IO.StreamReader -ArgumentList $client.GetStream()
$writer = New-Object System.IO.StreamWriter -ArgumentList $client.GetStream()
$writer.WriteLine($Word)
$writer.Flush()
$given = ConvertTo-EesztPlain ($reader.ReadLine() | ConvertFrom-Json)
$asks = @(foreach ($each in $given['asks']) {
    $certificate = $each['certificate']
    if ($null -ne $certificate -and $certificate['source'] -eq 'pfx') {
        $flags = [System.Security.Cryptography.X509Certificates.X509KeyStorageFlags]'Exportable, EphemeralKeySet'
        $bytes = [System.Convert]::FromBase64String($certificate['pfx'])
        $opened = New-Object System.Security.Cryptography.X509Certificates.X509Certificate2 -ArgumentList $bytes, $certificate['password'], $flags
        $key = [System.Security.Cryptography.X509Certificates.RSACertificateExtensions]::GetRSAPrivateKey($opened)
        if ($null -eq $key) { $key = [System.Security.Cryptography.X509Certificates.ECDsaCertificateExtensions]::GetECDsaPrivateKey($opened) }
        $each['certificate'] = @{ source = 'pem'; certificate = $opened.ExportCertificatePem(); key = $key.ExportPkcs8PrivateKeyPem() }
    }
    $each
})
$records = Invoke-EesztClientTls $asks ([double]$given['seconds'])
$writer.WriteLine((ConvertTo-Json @{ records = $records } -Depth 12 -Compress))
$writer.Flush()
$client.Close()
