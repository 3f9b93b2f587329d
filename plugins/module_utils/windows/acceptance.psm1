# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The acceptance list on a Windows machine: what the script can find out it does, of the rest it asks the person. The lines
# are data (plugin_utils/contract/acceptance.yml); nothing is changed on the machine.

#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.carry
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.evidence
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.host

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Invoke-EesztAcceptance {
    # Goes through $List.tests and writes one sealed file. Gives the exit code. Nobody is asked where nobody sits.
    param($Package, $Words, $List, [string]$Folder)
    $asking = -not [System.Console]::IsInputRedirected
    $answers = @(foreach ($test in @($List.tests)) { Test-EesztAcceptanceLine $test $Words $asking })
    $document = [ordered]@{
        format = 'eeszt.connect carried file'
        schema_version = 1
        kind = 'acceptance'
        portable_id = $Package.portable_id
        site = $Package.site.id
        acceptance = [ordered]@{
            schema_version = 1
            list_version = $List.version
            windows = [System.Environment]::OSVersion.Version.ToString()
            powershell = "$($PSVersionTable.PSEdition) $($PSVersionTable.PSVersion)"
            double = [bool](Test-EesztDouble)
            tests = $answers
        }
    }
    $path = [System.IO.Path]::Combine($Folder, (Get-EesztCarriedName 'acceptance' (Get-EesztUtcNow)))
    try { Write-EesztWhole $path (ConvertTo-EesztSealed $document $Package.key) }
    catch {
        Write-EesztWords $Words.not_written @($Folder, $_.Exception.Message)
        return 5
    }
    Write-EesztWords $Words.done $path
    return 0
}

function Test-EesztAcceptanceLine {
    param($Test, $Words, [bool]$Asking)
    if ($Test.answer) {
        $code = Get-EesztHandshakeCode $Test.answer
        $passed = @($Test.codes) -contains $code
        [System.Console]::Out.WriteLine("$($Test.id): $code")
        return [ordered]@{ id = $Test.id; passed = [bool]$passed; observed = $code }
    }
    $passed = $null
    if ($Asking) {
        [System.Console]::Out.WriteLine("`n$($Test.id): $($Test.what)`n  $($Test.command)`n  -> $($Test.expected)")
        Write-EesztWords $Words.acceptance_answer
        $said = "$([System.Console]::In.ReadLine())".Trim()
        if ($said -eq 'i' -or $said -eq 'y') { $passed = $true }
        if ($said -eq 'n') { $passed = $false }
    }
    return [ordered]@{ id = $Test.id; passed = $passed; observed = '' }
}

function Get-EesztHandshakeCode {
    # The HRESULT of SChannel for a server that answers a ClientHello with these bytes (hexadecimal), "none" for none.
    param([string]$Answer)
    $bytes = [byte[]]@($Answer.Split(' ') | ForEach-Object { [System.Convert]::ToByte($_, 16) })
    $listener = New-Object System.Net.Sockets.TcpListener ([System.Net.IPAddress]::Loopback), 0
    $listener.Start()
    $client = New-Object System.Net.Sockets.TcpClient
    $server = $null
    $tls = $null
    try {
        $client.Connect([System.Net.IPAddress]::Loopback, $listener.LocalEndpoint.Port)
        $server = $listener.AcceptTcpClient()
        # Sent before the client has said a word, it lies ready when the client listens: no second thread is needed.
        $server.GetStream().Write($bytes, 0, $bytes.Length)
        $client.ReceiveTimeout = 10000
        $tls = New-Object System.Net.Security.SslStream $client.GetStream()
        try { $tls.AuthenticateAsClient('acceptance.example', $null, [System.Security.Authentication.SslProtocols]::Tls12, $false) }
        catch { return Get-EesztInnerCode $_.Exception }
        return 'none'
    }
    finally {
        if ($null -ne $tls) { $tls.Dispose() }
        $client.Close()
        if ($null -ne $server) { $server.Close() }
        $listener.Stop()
    }
}

function Get-EesztInnerCode {
    # Of the innermost Win32Exception, as SChannel gives it; else the innermost exception's own name.
    param([System.Exception]$Exception)
    $code = ''
    for ($each = $Exception; $null -ne $each; $each = $each.InnerException) {
        if ($each -is [System.ComponentModel.Win32Exception]) { $code = '0x{0:X8}' -f $each.NativeErrorCode }
        $name = $each.GetType().Name
    }
    if ($code) { return $code }
    return $name
}

Export-ModuleMember -Function Invoke-EesztAcceptance, Get-EesztHandshakeCode, Test-EesztAcceptanceLine
