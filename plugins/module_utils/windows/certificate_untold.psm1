# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Notes that services are still to be told of a certificate: the promises of certificate_untold.py, beside files by a note
# (certificate_notes), in a store by a word of the mark (certificate_marks), which comes with the certificate in one step.

#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.certificate_imports
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.certificate_marks
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.certificate_notes
#AnsibleRequires -PowerShell ansible_collections.eeszt.connect.plugins.module_utils.windows.certificate_stores

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Get-EesztUntoldPlace {
    # A target as notes see it: path, institution, there (a note is), changing (its certificate does in this run), and where
    # the note lies: file, or location, store and finding (null: the store stays as it is).
    param($Target, $Findings)
    $changing = @($Findings | Where-Object { $_.reasons.Count -gt 0 }).Count -gt 0
    $place = @{ institution = $Target.institution; changing = $changing; file = $null }
    if ($Target.type -ne 'windows_store') {
        $place.path = if ($Target.type -eq 'pkcs12_file') { $Target.path } else { $Target.certificate }
        $place.file = Get-EesztBeside $place.path 'untold'
        $place.there = [System.IO.File]::Exists($place.file)
        return $place
    }
    $place.path, $place.location, $place.store = "$($Target.location)\$($Target.store)", $Target.location, $Target.store
    $place.finding = $Findings | Where-Object { $_.role -eq 'store' } | Select-Object -First 1
    $place.there = @(Find-EesztUntold $place).Count -gt 0
    return $place
}

function Find-EesztUntold {
    # The store's certificates that bear the word.
    param($Place)
    foreach ($each in (Get-EesztStoreCertificates $Place.location $Place.store)) {
        if ((Get-EesztMarkNotes $each.FriendlyName $Place.institution).untold) { $each }
    }
}

function Set-EesztUntold {
    # Leaves a note before anything changes. A certificate that is still to come to a store brings its own.
    param($Place)
    if ($null -ne $Place.file) {
        if (-not $Place.there) { Write-EesztNote $Place.file (New-EesztNote $Place.institution ([ordered]@{})) }
        return
    }
    if ($null -eq $Place.finding) { return }
    $Place.finding.untold = $true
    $current = $Place.finding.current
    if ($null -eq $current -or -not (Get-EesztMarkNotes $current.FriendlyName $Place.institution).current) { return }
    $words = (Get-EesztMarkWords $current.FriendlyName $Place.institution) + @(Format-EesztUntold $Place.institution)
    Write-EesztMark $current $Place (Edit-EesztMark $current.FriendlyName $Place.institution $words)
}

function Clear-EesztUntold {
    # Takes the note away.
    param($Place)
    if ($null -ne $Place.file) {
        [System.IO.File]::Delete($Place.file)
        return
    }
    foreach ($each in @(Find-EesztUntold $Place)) {
        $words = @((Get-EesztMarkWords $each.FriendlyName $Place.institution) | Where-Object { $_ -ne (Format-EesztUntold $Place.institution) })
        Write-EesztMark $each $Place (Edit-EesztMark $each.FriendlyName $Place.institution $words)
    }
}

Export-ModuleMember -Function Get-EesztUntoldPlace, Set-EesztUntold, Clear-EesztUntold
