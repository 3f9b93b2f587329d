    # By compiled.py, before Ansible's own branches: is this source's assembly kept, or even loaded?
    $keptBytes = [System.Text.Encoding]::UTF8.GetBytes((@($defined_symbols) + $References + $IgnoreWarnings) -join [char]0)
    $keptName = [System.BitConverter]::ToString([System.Security.Cryptography.SHA256]::Create().ComputeHash($keptBytes))
    $kept = 'C:\eeszt-double\compiled\' + $keptName.Replace('-', '') + '.dll'
    $keptAssembly = [System.AppDomain]::CurrentDomain.GetData($kept)
    if ($null -eq $keptAssembly -and [System.IO.File]::Exists($kept)) {
        $keptStream = New-Object -TypeName System.IO.MemoryStream -ArgumentList @(, [System.IO.File]::ReadAllBytes($kept))
        $keptAssembly = [System.Runtime.Loader.AssemblyLoadContext]::Default.LoadFromStream($keptStream)
        [System.AppDomain]::CurrentDomain.SetData($kept, $keptAssembly)
    }
    if ($null -ne $keptAssembly) {
        $compiled_assembly = $keptAssembly
        foreach ($reference in $References) {
            foreach ($match in $type_pattern.Matches($reference)) {
                $type_accelerators.Add(@{Name = $match.Groups["Name"].Value; TypeName = $match.Groups["TypeName"].Value })
            }
        }
    }
