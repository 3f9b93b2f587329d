"""The fleet's ssh key, the hosts' keys, and the known_hosts file that names them."""

from pathlib import Path

from lab import forward, pki
from lab.run import write_file
from lab.spec import WINDOWS, Host


def ensure(folder: Path, hosts: list[Host], fleet: str) -> bool:
    """Make what is missing; returns whether anything was.  A private key is written after its public half."""
    made = _pair(folder / "id_ed25519")
    for host in hosts:
        made |= _pair(folder / "hosts" / host.name)
    lines = [f"{_names(host, fleet)} {(folder / 'hosts' / f'{host.name}.pub').read_text().strip()}" for host in hosts]
    known = folder / "known_hosts"
    text = "\n".join(lines) + "\n"
    if not known.exists() or known.read_text() != text:
        write_file(known, text)
        made = True
    return made


def _names(host: Host, fleet: str) -> str:
    names = [host.address, host.name]
    return ",".join(names + ([forward.address(fleet, host.number)] if host.kind == WINDOWS else []))


def _pair(path: Path) -> bool:
    if path.exists():
        return False
    private, public = pki.ssh_key()
    write_file(path.with_name(path.name + ".pub"), public + "\n")
    write_file(path, private, 0o600)
    return True
