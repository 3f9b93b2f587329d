"""The proxy of fleets that ask for one: squid on the gateway, with an open port and one that asks for an account."""

import secrets
import string
from pathlib import Path

from lab.run import run, write_file
from lab.spec import ACCOUNT, GATEWAY

OPEN_PORT, ACCOUNT_PORT = 3128, 3129
USERNAME = "Mintarendelő"
_PASSWORD = "proxy.password"
_ACCOUNTS = "etc/squid/lab-accounts"
# Hungarian letters and a colon are there on purpose: both are allowed in a password, and both are easy to get wrong.
_LETTERS = string.ascii_letters + string.digits + "őű:"

_SQUID = """\
http_port {address}:{open_port} name=open
{account}acl at_open_port myportname open
acl centre_ports port {ports}
acl CONNECT method CONNECT
http_access deny !CONNECT
http_access deny !centre_ports
http_access allow at_open_port
{known}http_access deny all
dns_nameservers {address}
cache deny all
pinger_enable off
access_log stdio:/var/log/squid/access.log
pid_filename /run/squid.pid
shutdown_lifetime 0 seconds
"""
_WITH_ACCOUNT = """\
http_port {address}:{account_port} name=account
auth_param basic program /usr/lib/squid/basic_ncsa_auth /{accounts}
auth_param basic realm eeszt.connect lab
auth_param basic utf8 on
auth_param basic casesensitive on
acl at_account_port myportname account
acl known proxy_auth REQUIRED
"""


def ports(kind: str) -> tuple[int, ...]:
    """TCP ports of a fleet's proxy; none without one."""
    return () if not kind else (OPEN_PORT, ACCOUNT_PORT) if kind == ACCOUNT else (OPEN_PORT,)


def configuration(kind: str, centre_ports: tuple[int, ...]) -> str:
    """squid.conf; "" without a proxy."""
    if not kind:
        return ""
    names = {"address": GATEWAY, "open_port": OPEN_PORT, "account_port": ACCOUNT_PORT, "accounts": _ACCOUNTS}
    account = _WITH_ACCOUNT.format(**names) if kind == ACCOUNT else ""
    known = "http_access allow at_account_port known\n" if kind == ACCOUNT else ""
    return _SQUID.format(ports=" ".join(map(str, centre_ports)), account=account, known=known, **names)


def ensure_account(folder: Path) -> bool:
    """Make the account's password where it is missing; returns whether it was."""
    file = password_file(folder)
    if file.exists():
        return False
    write_file(file, "".join(secrets.choice(_LETTERS) for _ in range(16)), 0o600)
    return True


def password_file(folder: Path) -> Path:
    """The file with the account's password, which root alone reads."""
    return folder / _PASSWORD


def prepare(root: Path, pki: Path, kind: str, centre_ports: tuple[int, ...]) -> None:
    """Write squid's files into the gateway's new root."""
    write_file(root / "etc/squid/squid.conf", configuration(kind, centre_ports))
    if kind == ACCOUNT:
        password = password_file(pki).read_text()
        # The gateway's own openssl: the machine need not have one.
        crypted = run(["chroot", root, "openssl", "passwd", "-6", "-stdin"], stdin=password).strip()
        write_file(root / _ACCOUNTS, f"{USERNAME}:{crypted}\n", 0o600)
        run(["chroot", root, "chown", "proxy:", f"/{_ACCOUNTS}"])
