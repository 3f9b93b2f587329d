"""The gateway: the double of the centre (mutual TLS), an unrelated host, and the fleet's DNS."""

from pathlib import Path

from lab import images, proxy
from lab.errors import LabError
from lab.hosts import LinuxHost
from lab.paths import FleetPaths
from lab.run import write_file
from lab.spec import CONTROL, GATEWAY, FleetSpec, Host

NAME = "gateway"
NUMBER = 2
CENTRE_PORTS = (443, 4443, 5443)
PROTOCOLS = {"1.2": "TLSv1.2", "1.3": "TLSv1.3", "both": "TLSv1.2 TLSv1.3"}
_TLS = "etc/nginx/lab-tls.conf"
_OUTAGE = "inet outage"

_NGINX = """\
user www-data;
pid /run/nginx.pid;
events {{ worker_connections 512; }}
http {{
	access_log /var/log/nginx/access.log;
	include /etc/nginx/lab-tls.conf;
	ssl_certificate /etc/nginx/lab/server.pem;
	ssl_certificate_key /etc/nginx/lab/server.key;
	server {{
		server_name {centre};
{centre_listen}
		ssl_client_certificate /etc/nginx/lab/ca.pem;
		ssl_verify_client on;
		location / {{ default_type text/plain; return 200 "eeszt.connect lab centre\\n"; }}
	}}
	server {{
		server_name {control};
		listen {control_address}:443 ssl;
		location / {{ default_type text/plain; return 200 "eeszt.connect lab control\\n"; }}
	}}
}}
"""

_DNSMASQ = """\
no-resolv
no-hosts
bind-interfaces
listen-address={address}
host-record={centre},{address}
host-record={control},{control_address}
# Every other name does not exist; without this dnsmasq would answer REFUSED.
local=/#/
"""


class Gateway(LinuxHost):
    """The gateway is a host like the others, with a layer and files of its own."""

    def __init__(self, paths: FleetPaths, spec: FleetSpec) -> None:
        super().__init__(paths, spec, Host(NAME, NUMBER, release=images.GATEWAY_RELEASE, card=False))

    def addresses(self) -> tuple[str, ...]:
        """Its own and that of the unrelated host."""
        return (GATEWAY, CONTROL)

    def layers(self) -> list[Path]:
        """The gateway's packages over the base."""
        proxied = [images.proxy().path / "up"] if self.spec.proxy else []
        return [*proxied, images.gateway().path / "up", *super().layers()]

    def ports(self) -> set[int]:
        """sshd, DNS, the centre and the proxy."""
        return {22, 53, *CENTRE_PORTS, *proxy.ports(self.spec.proxy)}

    def definition(self) -> str:
        """Also what its configuration says."""
        squid = proxy.configuration(self.spec.proxy, CENTRE_PORTS)
        return super().definition() + self._nginx() + self._dnsmasq() + squid

    def prepare(self) -> None:
        """Configuration of nginx and dnsmasq."""
        super().prepare()
        root, pki = self.root, self.paths.pki
        for name, mode in (("server.pem", 0o644), ("server.key", 0o600), ("ca.pem", 0o644)):
            write_file(root / "etc/nginx/lab" / name, (pki / name).read_bytes(), mode)
        write_file(root / "etc/nginx/nginx.conf", self._nginx())
        write_file(root / _TLS, _tls("both"))
        write_file(root / "etc/dnsmasq.d/lab.conf", self._dnsmasq())
        if self.spec.proxy:
            proxy.prepare(root, pki, self.spec.proxy, CENTRE_PORTS)
        # It serves; the rules of a workstation are not its own.
        write_file(root / "etc/nftables.conf", "flush ruleset\n", 0o755)
        for unit in ("pcscd.service", "pcscd.socket"):
            link = root / "etc/systemd/system" / unit
            link.symlink_to("/dev/null")

    def tls(self) -> str:
        """The TLS versions it offers now: 1.2, 1.3 or both."""
        text = (self.root / _TLS).read_text()
        return next((word for word in PROTOCOLS if text == _tls(word)), "unknown")

    def set_tls(self, version: str) -> bool:
        """Offer only these TLS versions; returns whether that changed something."""
        if version not in PROTOCOLS:
            raise LabError(f"The gateway speaks TLS {', '.join(PROTOCOLS)}, not {version}.")
        if self.tls() == version:
            return False
        write_file(self.root / _TLS, _tls(version))
        # A restart, not a reload: workers of before a reload would still take connections for a moment.
        done = self.execute(["systemctl", "restart", "nginx"])
        if done.returncode:
            raise LabError(f"nginx on the gateway did not restart: {done.stderr.strip()}")
        return True

    def centre_is_up(self) -> bool:
        """Whether the centre takes connections; the unrelated host always does."""
        return self.execute(["nft", "list", "table", *_OUTAGE.split()]).returncode != 0

    def set_centre(self, up: bool) -> bool:
        """Let the centre take connections, or refuse all of them; returns whether that changed something."""
        if self.centre_is_up() == up:
            return False
        ports = ", ".join(map(str, CENTRE_PORTS))
        refuse = f"ip daddr {GATEWAY} tcp dport {{ {ports} }} reject with tcp reset"
        chain = f"chain input {{ type filter hook input priority 0; {refuse}; }};"
        done = self.execute(["nft", f"delete table {_OUTAGE}" if up else f"table {_OUTAGE} {{ {chain} }}"])
        if done.returncode:
            raise LabError(f"The centre's double cannot be {'opened' if up else 'closed'}: {done.stderr.strip()}")
        return True

    def _nginx(self) -> str:
        listen = "\n".join(f"\t\tlisten {GATEWAY}:{port} ssl;" for port in CENTRE_PORTS)
        return _NGINX.format(
            centre=self.spec.centre, control=self.spec.control, control_address=CONTROL, centre_listen=listen
        )

    def _dnsmasq(self) -> str:
        return _DNSMASQ.format(
            address=GATEWAY, control_address=CONTROL, centre=self.spec.centre, control=self.spec.control
        )


def _tls(version: str) -> str:
    return f"ssl_protocols {PROTOCOLS[version]};\n"
