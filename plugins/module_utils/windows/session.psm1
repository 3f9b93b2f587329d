# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Which session looks, and who else is logged on: a remote session sees other readers than the one at the screen.

#AnsibleRequires -CSharpUtil ansible_collections.eeszt.connect.plugins.module_utils.windows.Sessions

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Get-EesztSession {
    # remote: true inside RDP, null for a logon over the network (its readers are those of no desktop).
    $machine = [ansible_collections.eeszt.connect.plugins.module_utils.windows.Sessions.Machine]
    $identity = [System.Security.Principal.WindowsIdentity]::GetCurrent()
    $id = $machine::SessionOf($machine::OwnProcess())
    $groups = @($identity.Groups | ForEach-Object { $_.Value })
    $kind = Get-EesztSessionKind $groups "$($identity.User.Value)" $id $machine::IsRemoteSession()
    return [ordered]@{
        account = $identity.Name
        remote = if ($kind -eq 'network') { $null } else { $kind -eq 'rdp' }
        id = if ($null -eq $id) { $null } else { [int]$id }
        kind = $kind
        other_sessions = @(Get-EesztOtherSessions $machine::Sessions() $id)
    }
}

function Get-EesztSessionKind {
    # By well-known SIDs of the token: NETWORK, SERVICE, REMOTE INTERACTIVE LOGON, LOCAL SYSTEM and its like.
    param([string[]]$Groups, [string]$User, $Id, [bool]$Remote)
    if ($Groups -contains 'S-1-5-2') { return 'network' }
    if ($Remote -or $Groups -contains 'S-1-5-14') { return 'rdp' }
    if ($Groups -contains 'S-1-5-6' -or @('S-1-5-18', 'S-1-5-19', 'S-1-5-20') -contains $User) { return 'service' }
    if ($null -ne $Id -and $Id -eq 0) { return 'service' }
    return 'console'
}

function Get-EesztOtherSessions {
    # Sessions that somebody is logged on to, but this one.
    param($Sessions, $Own)
    $states = 'active', 'connected', 'connect_query', 'shadow', 'disconnected', 'idle', 'listen', 'reset', 'down', 'init'
    foreach ($each in $Sessions) {
        if ($each.Account -eq '' -or $each.Id -eq $Own) { continue }
        $known = $each.State -ge 0 -and $each.State -lt $states.Count
        [ordered]@{
            id = [int]$each.Id
            account = $each.Account
            kind = if ($each.Protocol -eq 2) { 'rdp' } else { 'console' }
            state = if ($known) { $states[$each.State] } else { "$($each.State)" }
        }
    }
}

Export-ModuleMember -Function Get-EesztSession, Get-EesztSessionKind, Get-EesztOtherSessions
