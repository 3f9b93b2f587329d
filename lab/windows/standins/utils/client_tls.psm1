# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# STAND-IN of the Windows double for plugins/module_utils/windows/client_tls.psm1: same function, same answer.
# Wine's SChannel never learns that a server asks for a certificate. So the production util runs on the Linux build of
# PowerShell in the same host (../client_tls/run.ps1), with the key that Wine cannot keep; all goes by a loopback connection.

#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.probe

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Invoke-EesztClientTls {
    param($Asks, [double]$Seconds)
    $plain = @(foreach ($each in @($Asks)) { ConvertTo-EesztUnixAsk $each })
    $text = ConvertTo-Json @{ asks = $plain; seconds = $Seconds } -Depth 12 -Compress
    $answer = Invoke-EesztLinuxHalf $text $Seconds
    $records = @((ConvertTo-EesztPlain (ConvertFrom-Json $answer))['records'])
    return , $records
}

function Invoke-EesztLinuxHalf {
    # Wine gives a Linux program neither its pipes nor a handle, so the two meet on a loopback port; a word that is good
    # for one time tells the caller from any other.
    param([string]$Text, [double]$Seconds)
    $listener = New-Object System.Net.Sockets.TcpListener -ArgumentList ([System.Net.IPAddress]::Loopback), 0
    $listener.Start()
    try {
        $word = [System.Guid]::NewGuid().ToString('N')
        $start = New-Object System.Diagnostics.ProcessStartInfo
        $start.FileName = 'Z:\opt\pwsh-linux\pwsh'
        $script = '/opt/eeszt-double/standins/client_tls/run.ps1'
        $start.Arguments = "-NoLogo -NoProfile -NonInteractive -File $script -Port $($listener.LocalEndpoint.Port) -Word $word"
        $start.UseShellExecute = $false
        $start.EnvironmentVariables['DOTNET_SYSTEM_GLOBALIZATION_INVARIANT'] = '1'
        [void][System.Diagnostics.Process]::Start($start)
        $pending = $listener.BeginAcceptTcpClient($null, $null)
        if (-not $pending.AsyncWaitHandle.WaitOne(30000)) { throw 'The Linux build of PowerShell did not come.' }
        $client = $listener.EndAcceptTcpClient($pending)
    }
    finally { $listener.Stop() }
    try {
        $client.ReceiveTimeout = [int](($Seconds + 30) * 1000)
        $reader = New-Object System.IO.StreamReader -ArgumentList $client.GetStream()
        if ($reader.ReadLine() -ne $word) { throw 'Someone else came to the port of the Linux half.' }
        $bytes = [System.Text.Encoding]::UTF8.GetBytes("$Text`n")
        $client.GetStream().Write($bytes, 0, $bytes.Length)
        return $reader.ReadLine()
    }
    finally { $client.Close() }
}

function ConvertTo-EesztUnixAsk {
    # A certificate of a store goes with its key from the double's storage; paths of files as Linux knows them.
    param($Entry)
    $ask = [ordered]@{}
    foreach ($name in $Entry['ask'].Keys) { $ask[$name] = $Entry['ask'][$name] }
    if ($null -ne $ask['anchors']) { $ask['anchors'] = ConvertTo-EesztUnixPath $ask['anchors'] }
    $made = @{ ask = $ask; record = $Entry['record']; certificate = $Entry['certificate']; error = $Entry['error'] }
    if ($made.certificate['source'] -ne 'store') { return $made }
    $asked, $made.certificate = $made.certificate, $null
    $opened = New-Object System.Security.Cryptography.X509Certificates.X509Store -ArgumentList $asked['store'], $asked['location']
    $opened.Open([System.Security.Cryptography.X509Certificates.OpenFlags]'ReadOnly, OpenExistingOnly')
    try { $found = Select-EesztDoubleCertificate @($opened.Certificates) $asked }
    finally { $opened.Close() }
    $words = if ($null -eq $found) { 'no_certificate', 'there is no such certificate in the store' } else { 'no_key', 'the certificate in the store has no private key' }
    $made.error = [ordered]@{ stack = 'probe'; code = $words[0]; text = $words[1] }
    if ($null -eq $found) { return $made }
    $file = "C:\eeszt-double\keys\$($asked['location'])\$($found.Thumbprint).json"
    if (-not [System.IO.File]::Exists($file)) { return $made }
    $kept = ConvertFrom-Json ([System.IO.File]::ReadAllText($file))
    $made.error = $null
    $made.certificate = @{ source = 'pfx'; pfx = $kept.pfx; password = $kept.password }
    return $made
}

function Select-EesztDoubleCertificate {
    # As Select-EesztClientCertificate.
    param($Certificates, $Asked)
    $sha256 = [System.Security.Cryptography.SHA256]::Create()
    foreach ($each in $Certificates) {
        $digest = [System.BitConverter]::ToString($sha256.ComputeHash($each.RawData)).Replace('-', '').ToLowerInvariant()
        if ($digest -eq $Asked['fingerprint']) { return $each }
    }
    $prefix = 'eeszt.connect '
    $marked = @(foreach ($each in $Certificates) {
        $name = "$($each.FriendlyName)".TrimEnd([char]0)
        if (-not $name.StartsWith($prefix, [System.StringComparison]::Ordinal)) { continue }
        if ($name.Substring($prefix.Length).Split([char[]]' ,') -contains $Asked['institution']) { $each }
    })
    return $marked | Sort-Object -Property NotBefore -Descending | Select-Object -First 1
}

function ConvertTo-EesztUnixPath {
    param([string]$Path)
    $Path = $Path.Replace('\', '/')
    if ($Path -match '^[Zz]:') { return $Path.Substring(2) }
    if ($Path -match '^[Cc]:') { return '/opt/wine/drive_c' + $Path.Substring(2) }
    return $Path
}

Export-ModuleMember -Function Invoke-EesztClientTls
