# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Which of the addresses HOST:PORT take a connection from here: open, refused (it got there, nobody listens) or closed.

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$clients = @{}
foreach ($address in $args) {
    $clients[$address] = New-Object System.Net.Sockets.TcpClient
    $name, $port = $address.Split(':')
    $clients["$address task"] = $clients[$address].ConnectAsync($name, [int]$port)
}
$clock = [System.Diagnostics.Stopwatch]::StartNew()
foreach ($address in $args) {
    $task = $clients["$address task"]
    try { [void]$task.Wait([System.Math]::Max(0, 3000 - [int]$clock.ElapsedMilliseconds)) }
    catch { [void]$clock.Elapsed }
    $refused = $task.IsFaulted -and $task.Exception.InnerException.SocketErrorCode -eq 'ConnectionRefused'
    $state = if ($clients[$address].Connected) { 'open' } elseif ($refused) { 'refused' } else { 'closed' }
    "$address $state"
}
