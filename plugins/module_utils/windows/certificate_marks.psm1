# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The mark by which a certificate of ours in a store is known: its friendly name, "eeszt.connect" and words.
#   E01620K                        it is this institution's; those that share a certificate stand there together
#   E01620K/kept/SHA256            it was, until it was renewed to the certificate of this fingerprint, not proven yet
#   E01620K/refused/SHA256/CAUSE   the certificate of this fingerprint was taken back, and this one is in its place
#   E01620K/untold                 services are still to be told of it

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Get-EesztMarkWords {
    # The words of a friendly name of ours, all or one institution's; none where it is not of ours.
    param([string]$FriendlyName, [string]$Institution)
    $prefix = 'eeszt.connect '
    if (-not "$FriendlyName".StartsWith($prefix, [System.StringComparison]::Ordinal)) { return , @() }
    $words = @($FriendlyName.Substring($prefix.Length).TrimEnd([char]0).Split([char[]]' ,', [System.StringSplitOptions]::RemoveEmptyEntries))
    if (-not $Institution) { return , $words }
    return , @($words | Where-Object { $_.Split([char]'/')[0] -eq $Institution })
}

function Get-EesztMarked {
    # The institutions whose certificate it is.
    param([string]$FriendlyName)
    return , @((Get-EesztMarkWords $FriendlyName '') | Where-Object { $_.IndexOf('/') -lt 0 })
}

function Get-EesztMarkNotes {
    # What a mark tells of one institution: current (it is its certificate), kept (fingerprint of what it was renewed to,
    # else ''), refused (fingerprint of what was taken back, else '') and reason, untold (services are to be told of it).
    param([string]$FriendlyName, [string]$Institution)
    $notes = @{ current = $false; kept = ''; refused = ''; reason = ''; untold = $false }
    foreach ($word in (Get-EesztMarkWords $FriendlyName $Institution)) {
        $parts = $word.Split([char[]]'/', 4)
        if ($parts.Length -eq 1) { $notes.current = $true }
        elseif ($parts.Length -eq 2 -and $parts[1] -eq 'untold') { $notes.untold = $true }
        elseif ($parts.Length -eq 3 -and $parts[1] -eq 'kept') { $notes.kept = $parts[2] }
        elseif ($parts.Length -eq 4 -and $parts[1] -eq 'refused') { $notes.refused, $notes.reason = $parts[2], $parts[3] }
    }
    return $notes
}

function Format-EesztMark {
    param([string[]]$Words)
    return 'eeszt.connect ' + (($Words | Sort-Object -Unique) -join ' ')
}

function Edit-EesztMark {
    # A friendly name with other words for one institution; '' where no word is left.
    param([string]$FriendlyName, [string]$Institution, [string[]]$Words)
    $others = @((Get-EesztMarkWords $FriendlyName '') | Where-Object { $_.Split([char]'/')[0] -ne $Institution })
    $all = @($others) + @($Words | Where-Object { $_ })
    if ($all.Count -eq 0) { return '' }
    return Format-EesztMark $all
}

function Format-EesztKept {
    param([string]$Institution, [string]$Fingerprint)
    return "$Institution/kept/$Fingerprint"
}

function Format-EesztRefused {
    # $Reason: a word.
    param([string]$Institution, [string]$Fingerprint, [string]$Reason)
    return "$Institution/refused/$Fingerprint/$Reason"
}

function Format-EesztUntold {
    param([string]$Institution)
    return "$Institution/untold"
}

Export-ModuleMember -Function Get-EesztMarkWords, Get-EesztMarked, Get-EesztMarkNotes, Format-EesztMark, Edit-EesztMark, Format-EesztKept, Format-EesztRefused, Format-EesztUntold
