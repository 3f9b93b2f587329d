# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Names among the destinations of a rule: Windows keeps addresses, so this host looks the names up.

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Resolve-EesztDestinations {
    # The destinations, each name replaced by its addresses; everything else stays as it is. A name has a point: words
    # without one may be keywords of Windows. Throws ArgumentException for a name without an address.
    param([string[]]$Destinations)
    foreach ($each in $Destinations) {
        if ($each -match '^(?=.*[A-Za-z])[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+\.?$') { Get-EesztAddressesOfName $each }
        else { $each }
    }
}

function Get-EesztAddressesOfName {
    param([string]$Name)
    $found = @()
    try { $found = @([System.Net.Dns]::GetHostAddresses($Name)) }
    catch [System.Management.Automation.MethodInvocationException] {
        if ($_.Exception.InnerException -isnot [System.Net.Sockets.SocketException]) { throw }
    }
    # No address at all would mean any.
    if ($found.Count -eq 0) {
        throw [System.ArgumentException]("this host knows no address of $Name. Mend the name or the host's name service, " +
            'or give networks.')
    }
    foreach ($address in $found) { "$address".Split('%')[0] }
}

Export-ModuleMember -Function Resolve-EesztDestinations
