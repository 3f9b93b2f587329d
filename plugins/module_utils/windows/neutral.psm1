# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The observation's neutral forms: what a section says when nobody could look. No reader of it ever meets a missing field.

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function Get-EesztNeutral {
    param([string]$Name, $Request)
    switch ($Name) {
        'readers' { return Get-EesztNeutralReaders }
        'client' { return [ordered]@{ error = $null; packages = @(); processes = @() } }
        'firewall' { return Get-EesztNeutralFirewall }
        'certificates' { return [ordered]@{ error = $null; targets = @(); anchors = $null } }
        'endpoints' { return Get-EesztNeutralEndpoints $Request }
        'proxy_settings' { return [ordered]@{ error = $null; settings = @() } }
        'clock' { return [ordered]@{ error = $null; utc = Get-EesztUtcNow; synchronized = $null; source = $null } }
    }
}

function Get-EesztNeutralReaders {
    return [ordered]@{
        error = $null
        usb_bus = $false
        usb_devices = @()
        library = $false
        service = [ordered]@{ present = $null; active = $null; socket_active = $null; enabled = $null }
        context = [ordered]@{ established = $false; error = $null }
        session = [ordered]@{ account = ''; remote = $null }
        readers = @()
    }
}

function Get-EesztNeutralFirewall {
    return [ordered]@{
        error = $null
        backend = 'unknown'
        outbound = @()
        chains = @()
        owned = @()
        persistence = [ordered]@{ present = $null; included = $null; service_enabled = $null; sha256 = $null }
    }
}

function Get-EesztNeutralEndpoints {
    # The records stay, so that the judge knows what was to be looked at.
    param($Request)
    $control = $Request['control_endpoint']
    $unseen = $null
    if ($null -ne $control) {
        $unseen = Get-EesztNeutralEndpoint @{
            name = $control['name']; host = $control['host']; port = $control['port']; protocol = 'http'; institution = $null
        }
    }
    return [ordered]@{
        error = $null
        endpoints = @(foreach ($each in $Request['endpoints']) { Get-EesztNeutralEndpoint $each })
        control = $unseen
    }
}

function Get-EesztNeutralEndpoint {
    # Of one asked endpoint; a section fills in what it sees.
    param($Asked)
    return [ordered]@{
        name = $Asked['name']
        host = $Asked['host']
        port = $Asked['port']
        protocol = $Asked['protocol']
        institution = $Asked['institution']
        route = 'direct'
        dns = $null
        proxy = $null
        tcp = $null
        tls = $null
        http = $null
        raw = $null
    }
}

function Get-EesztNeutralHost {
    return [ordered]@{
        system = 'windows'
        distribution = $null
        version = $null
        hostname = [System.Environment]::MachineName
        machine_id_hash = $null
        boot_id = $null
        account = "$([System.Environment]::UserDomainName)\$([System.Environment]::UserName)"
        privileged = $false
    }
}

Export-ModuleMember -Function Get-EesztNeutral, Get-EesztNeutralEndpoint, Get-EesztNeutralHost
