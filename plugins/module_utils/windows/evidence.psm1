# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Raw evidence, without a word of interpretation: who said it, its own code, its own words.

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function New-EesztEvidence {
    # The words may be in the language of the system: whoever decides reads stack and code.
    param([string]$Stack, $Code, [string]$Text)
    if ($null -ne $Code -and $Code -isnot [string]) { $Code = [long]$Code }
    return [ordered]@{ stack = $Stack; code = $Code; text = $Text }
}

function ConvertTo-EesztEvidence {
    # Evidence of an exception; the innermost one that has a code of the system wins.
    param([System.Exception]$Exception)
    $last = $Exception
    for ($each = $Exception; $null -ne $each; $each = $each.InnerException) {
        if ($each -is [System.Net.Sockets.SocketException]) {
            return New-EesztEvidence 'winsock' $each.ErrorCode $each.Message
        }
        if ($each -is [System.ComponentModel.Win32Exception]) {
            return New-EesztEvidence 'win32' $each.NativeErrorCode $each.Message
        }
        $last = $each
    }
    return New-EesztEvidence 'probe' $last.GetType().Name $last.Message
}

function Get-EesztErrorWords {
    # What Windows itself says to an error code.
    param([int]$Code)
    return (New-Object System.ComponentModel.Win32Exception $Code).Message
}

Export-ModuleMember -Function New-EesztEvidence, ConvertTo-EesztEvidence, Get-EesztErrorWords
