            [System.IO.Directory]::CreateDirectory([System.IO.Path]::GetDirectoryName($kept)) > $null
            $keptNew = $kept + '.' + [System.Guid]::NewGuid().ToString()
            [System.IO.File]::WriteAllBytes($keptNew, $code_ms.ToArray())
            [System.IO.File]::Move($keptNew, $kept, $true)
            [System.AppDomain]::CurrentDomain.SetData($kept, $compiled_assembly)
