# A PowerShell of the double that serves one command of Ansible after the other, each in a runspace of its own.
# A line on standard input is a job, as JSON in base64. Its end is a line with the mark and the exit code, on standard output
# and on standard error.
param([Parameter(Mandatory = $true)][string]$Mark)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

# What a command may ask of its host: all goes to the console's, but the exit code.
Add-Type -TypeDefinition @'
using System;
using System.Globalization;
using System.Management.Automation.Host;
public class DoubleHost : PSHost
{
    private readonly PSHost console;
    private readonly Guid id = Guid.NewGuid();
    public int ExitCode;
    public DoubleHost(PSHost console) { this.console = console; }
    public override string Name { get { return console.Name; } }
    public override Version Version { get { return console.Version; } }
    public override Guid InstanceId { get { return id; } }
    public override CultureInfo CurrentCulture { get { return console.CurrentCulture; } }
    public override CultureInfo CurrentUICulture { get { return console.CurrentUICulture; } }
    public override PSHostUserInterface UI { get { return console.UI; } }
    public override void SetShouldExit(int code) { ExitCode = code; }
    public override void EnterNestedPrompt() { throw new NotImplementedException(); }
    public override void ExitNestedPrompt() { throw new NotImplementedException(); }
    public override void NotifyBeginApplication() { }
    public override void NotifyEndApplication() { }
}
'@

function Invoke-DoubleJob {
    param([Parameter(Mandatory = $true)]$Job, [Parameter(Mandatory = $true)][DoubleHost]$As)
    $state = [System.Management.Automation.Runspaces.InitialSessionState]::CreateDefault2()
    $runspace = [System.Management.Automation.Runspaces.RunspaceFactory]::CreateRunspace($As, $state)
    $runspace.Open()
    $shell = [System.Management.Automation.PowerShell]::Create()
    try {
        $shell.Runspace = $runspace
        $runspace.SessionStateProxy.Path.SetLocation($Job.directory) > $null
        $shell.AddScript($Job.script) > $null
        foreach ($item in $shell.Invoke([string[]]$Job.lines)) {
            $text = if ($item -is [string]) { $item } else { ($item | Out-String).TrimEnd() }
            [System.Console]::Out.WriteLine($text)
        }
        foreach ($record in $shell.Streams.Error) {
            [System.Console]::Error.WriteLine([string]$record)
        }
    }
    catch {
        $As.ExitCode = 1
        [System.Console]::Error.WriteLine([string]$_)
    }
    finally {
        $shell.Dispose()
        $runspace.Dispose()
    }
}

$utf8 = New-Object -TypeName System.Text.UTF8Encoding -ArgumentList $false
[System.Console]::OutputEncoding = $utf8
$streams = [System.Console]::OpenStandardOutput(), [System.Console]::OpenStandardError()
$in = New-Object -TypeName System.IO.StreamReader -ArgumentList ([System.Console]::OpenStandardInput()), $utf8
while ($null -ne ($line = $in.ReadLine())) {
    $job = $utf8.GetString([System.Convert]::FromBase64String($line)) | ConvertFrom-Json
    $as = New-Object -TypeName DoubleHost -ArgumentList $Host
    $before = [System.Environment]::GetEnvironmentVariables()
    foreach ($variable in $job.environment.PSObject.Properties) {
        [System.Environment]::SetEnvironmentVariable($variable.Name, [string]$variable.Value)
    }
    Invoke-DoubleJob -Job $job -As $as
    foreach ($name in @([System.Environment]::GetEnvironmentVariables().Keys)) {
        if ($before[$name] -cne [System.Environment]::GetEnvironmentVariable($name)) {
            [System.Environment]::SetEnvironmentVariable($name, $before[$name])
        }
    }
    [System.Console]::Out.Flush()
    [System.Console]::Error.Flush()
    $answer = $utf8.GetBytes("`n" + $Mark + [string]$as.ExitCode + "`n")
    foreach ($stream in $streams) {
        $stream.Write($answer, 0, $answer.Length)
        $stream.Flush()
    }
}
