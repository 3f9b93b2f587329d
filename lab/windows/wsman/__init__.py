"""A double of Windows' WS-Management service (WinRM) on the standard library alone.

It speaks enough of [MS-WSMV] for pywinrm, and so for Ansible's `winrm` connection: text shells with commands, their
streams and their end, over HTTP and HTTPS.  `python3 -m wsman --config FILE` serves; see lab/windows/README.md.
Imports are relative: a lab host has the package alone, the tests have it as `lab.windows.wsman`.
"""
