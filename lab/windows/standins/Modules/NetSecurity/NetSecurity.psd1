# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

@{
    ModuleVersion = '2.0.0.0'
    GUID = '4b26ff51-7aa0-4ff0-b5a5-5b6b1c1c1b1d'
    Author = 'The eeszt.connect maintainers'
    Description = 'Stands for NetSecurity of Windows on a double: see README.md of the stand-ins.'
    RootModule = 'NetSecurity.psm1'
    FunctionsToExport = @(
        'New-NetFirewallRule', 'Get-NetFirewallRule', 'Set-NetFirewallRule', 'Remove-NetFirewallRule',
        'Enable-NetFirewallRule', 'Disable-NetFirewallRule', 'Get-NetFirewallProfile', 'Set-NetFirewallProfile',
        'Sync-NetFirewallDouble'
    )
    CmdletsToExport = @()
    VariablesToExport = @()
    AliasesToExport = @()
}
