# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Takes PowerShell files apart by PowerShell's own parser. In: a JSON file with a list of paths. Out: JSON of {path:
# {faults: [[line, text]], types: [[line, type, member]], csharp: [[line, text]], assemblies, top, functions}}.
# It only reads; what is allowed is decided by the caller, except for syntax, which only the parser knows.

param([string]$Paths)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$numbers = '^-?(0x[0-9a-f]+|(\d+\.?\d*|\.\d+)(e[+-]?\d+)?)[ld]?([kmgtp]b)?$'

function Get-NewSyntax {
    # What Windows PowerShell 5.1 does not parse, or reads otherwise.
    param($Node)
    $name = $Node.GetType().Name
    $has = { param($Property) $Node.PSObject.Properties[$Property] -and $Node.$Property }
    switch ($name) {
        'TernaryExpressionAst' { return 'the ternary operator' }
        'PipelineChainAst' { return 'a chain of pipelines (&&, ||)' }
        'UsingStatementAst' { return 'a using statement' }
        'PipelineAst' { if (& $has 'Background') { return 'a background operator (&)' } }
        'ScriptBlockAst' { if (& $has 'CleanBlock') { return 'a clean block' } }
        'BinaryExpressionAst' { if ("$($Node.Operator)" -eq 'QuestionQuestion') { return 'the null-coalescing operator (??)' } }
        'AssignmentStatementAst' { if ("$($Node.Operator)" -eq 'QuestionQuestionEquals') { return 'the null-coalescing assignment (??=)' } }
        'ConstantExpressionAst' { if ($Node.Value -is [System.ValueType] -and $Node.Value -isnot [bool] -and $Node.Extent.Text -notmatch $numbers) { return "the number $($Node.Extent.Text)" } }
        'TypeDefinitionAst' { return 'a class or an enum, which no runspace gets as text' }
        'CommandAst' { if ($Node.Extent.Text -match '^New-Object\s+(-TypeName\s+)?\W?[\w.]+\[\]') { return 'an array of New-Object, which its ConvertTo-Json writes as {value, Count}' } }
    }
    if ((& $has 'NullConditional')) { return 'a null-conditional operator (?. or ?[])' }
    if ($name -match '^(StringConstant|ExpandableString)ExpressionAst$' -and "$($Node.StringConstantType)" -like 'DoubleQuoted*' -and
        $Node.Extent.Text -cmatch '(?<!`)(``)*`(e|u\{)') { return 'an escape sequence (`e, `u{})' }
}

function Get-TypeNames {
    # A type name and those inside it: the elements of arrays, the arguments of generic types.
    param($Name)
    if ($Name -is [System.Management.Automation.Language.ArrayTypeName]) { Get-TypeNames $Name.ElementType }
    elseif ($Name -is [System.Management.Automation.Language.GenericTypeName]) {
        "$($Name.TypeName.FullName)``$($Name.GenericArguments.Count)" -replace '`\d+(?=`)', ''
        foreach ($each in $Name.GenericArguments) { Get-TypeNames $each }
    }
    else { $Name.FullName }
}

function Get-NamedTypes {
    # [line, type, member] of a node: [Type], [Type]::Member, New-Object Type.
    param($Node)
    $line = $Node.Extent.StartLineNumber
    if ($Node -is [System.Management.Automation.Language.TypeExpressionAst] -or
        $Node -is [System.Management.Automation.Language.TypeConstraintAst]) {
        foreach ($name in @(Get-TypeNames $Node.TypeName)) { , @($line, $name, $null) }
    }
    if ($Node -is [System.Management.Automation.Language.MemberExpressionAst] -and $Node.Static -and
        $Node.Expression -is [System.Management.Automation.Language.TypeExpressionAst] -and
        $Node.Member -is [System.Management.Automation.Language.StringConstantExpressionAst]) {
        , @($line, @(Get-TypeNames $Node.Expression.TypeName)[0], $Node.Member.Value)
    }
    if ($Node -is [System.Management.Automation.Language.CommandAst] -and $Node.GetCommandName() -eq 'New-Object') {
        $words = @($Node.CommandElements | Select-Object -Skip 1)
        if (@($words | Where-Object { "$($_.Extent.Text)" -like '-Com*' }).Count -eq 0) {
            $first = @($words | Where-Object { $_ -is [System.Management.Automation.Language.StringConstantExpressionAst] })
            if ($first.Count -gt 0) {
                $tree = [System.Management.Automation.Language.Parser]::ParseInput("[$($first[0].Value)]", [ref]$null, [ref]$null)
                $type = $tree.Find({ $args[0] -is [System.Management.Automation.Language.TypeExpressionAst] }, $true)
                foreach ($name in @(Get-TypeNames $type.TypeName)) { , @($line, $name, $null) }
            }
        }
    }
}

function Get-Script {
    param([string]$Path)
    $tokens, $errors = $null, $null
    $tree = [System.Management.Automation.Language.Parser]::ParseFile($Path, [ref]$tokens, [ref]$errors)
    $faults = @(foreach ($each in $errors) { , @($each.Extent.StartLineNumber, $each.Message) })
    $types, $csharp, $commands, $assemblies = @(), @(), @(), @()
    foreach ($node in $tree.FindAll({ $true }, $true)) {
        $line = $node.Extent.StartLineNumber
        $new = Get-NewSyntax $node
        if ($new) { $faults += , @($line, "newer than 5.1: $new") }
        foreach ($each in @(Get-NamedTypes $node)) { $types += , $each }
        if ($node -is [System.Management.Automation.Language.StringConstantExpressionAst] -and
            $node.Value -match '(?m)^\s*(using System|\[DllImport|\[System\.Runtime\.InteropServices\.DllImport|public (static |sealed |abstract )*(class|struct|enum) )') {
            $csharp += , @($line, $node.Value)
        }
        if ($node -is [System.Management.Automation.Language.CommandAst]) {
            $name = $node.GetCommandName()
            if ($null -ne $name) {
                $parameters = @($node.CommandElements | Where-Object { $_ -is [System.Management.Automation.Language.CommandParameterAst] })
                $commands += , @($line, $name, @($parameters | ForEach-Object { $_.ParameterName }))
                if ($name -eq 'Add-Type') {
                    $words = @($node.CommandElements | Where-Object { $_ -is [System.Management.Automation.Language.StringConstantExpressionAst] })
                    $assemblies += @($words | Select-Object -Skip 1 | ForEach-Object { $_.Value })
                }
            }
        }
    }
    $required = $tree.ScriptRequirements
    if ($null -ne $required -and $null -ne $required.RequiredPSVersion -and $required.RequiredPSVersion -gt [version]'5.1') {
        $faults += , @(1, "newer than 5.1: requires PowerShell $($required.RequiredPSVersion)")
    }
    $functions = @($tree.FindAll({ $args[0] -is [System.Management.Automation.Language.FunctionDefinitionAst] }, $false))
    $blocks = @($tree.BeginBlock, $tree.ProcessBlock, $tree.EndBlock | Where-Object { $null -ne $_ })
    $top = @(foreach ($block in $blocks) { foreach ($each in $block.Statements) {
        if ($each -isnot [System.Management.Automation.Language.FunctionDefinitionAst]) { , @($each.Extent.StartLineNumber, $each.Extent.Text) }
    } })
    return [ordered]@{
        faults = $faults
        types = $types
        csharp = $csharp
        commands = $commands
        assemblies = $assemblies
        top = $top
        functions = @($functions | ForEach-Object { , @($_.Extent.StartLineNumber, $_.Name) })
    }
}

$found = [ordered]@{}
foreach ($path in @([System.IO.File]::ReadAllText($Paths) | ConvertFrom-Json)) { $found[$path] = Get-Script $path }
# PowerShell's own types are known by PowerShell alone.
$own = @{}
foreach ($name in @($found.Values | ForEach-Object { $_.types } | ForEach-Object { $_[1] } | Select-Object -Unique)) {
    if ($name -like 'System.Management.Automation.*') { $own[$name] = $null -ne [psobject].Assembly.GetType($name) }
}
ConvertTo-Json ([ordered]@{ scripts = $found; powershell = $own }) -Depth 8 -Compress
