# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the certificates and the golden fixtures anew. Only for a change of their shape: every digest changes.

    python tests/unit/contract/make_fixtures.py            all: certificates, requests, observations
    python tests/unit/contract/make_fixtures.py --checks   only checks.json, after a meant change of the judge

Read the difference before committing it: checks.json is what both probes and the judge are held to.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT), str(ROOT / ".collections")]

from tests.unit.judge.support import CASES, FIXTURES, judge_case, load_case  # noqa: E402

NOW = datetime(2026, 3, 2, 8, 0, 0, tzinfo=UTC)
FIRST, SECOND = "E000301", "E000302"
Pair = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def issue(name: str, issuer: Pair | None, since: int = -100, until: int = 600, ca: bool = False) -> Pair:
    """Make a certificate; ``since`` and ``until`` are days from NOW."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "HU"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example, made for tests"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days=since))
        .not_valid_after(NOW + timedelta(days=until))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .sign(issuer[1] if issuer else key, hashes.SHA256())
    )
    return certificate, key


def der(pair: Pair) -> str:
    return base64.b64encode(pair[0].public_bytes(serialization.Encoding.DER)).decode()


def make_certificates() -> dict[str, str]:
    """Give every certificate and name that fixtures and faults speak of, by name, in base64."""
    root = issue("Example WAF Root", None, -2000, 4000, ca=True)
    waf = issue("Example WAF Issuing CA", root, -1000, 3000, ca=True)
    test_waf = issue("Example WAF TST CA", root, -1000, 3000, ca=True)
    server_root = issue("Example Server Root", None, -2000, 4000, ca=True)
    server_ca = issue("Example Server CA", server_root, -1000, 3000, ca=True)
    control_ca = issue("Example Other CA", None, -1000, 3000, ca=True)
    device = issue("Example Filter Box", None, -10, 3000, ca=True)
    made = {
        "waf_root": root,
        "waf_ca": waf,
        "test_waf_ca": test_waf,
        "first": issue(FIRST, waf),
        "second": issue(SECOND, waf),
        "first_new": issue(FIRST, waf, -1, 900),
        "first_expired": issue(FIRST, waf, -800, -3),
        "first_early": issue(FIRST, waf, 5, 600),
        "first_soon": issue(FIRST, waf, -600, 10),
        "first_test": issue(FIRST, test_waf),
        "server_ca": server_ca,
        "server": issue("gateway.example", server_ca),
        "server_expired": issue("gateway.example", server_ca, -400, -2),
        "control_ca": control_ca,
        "control": issue("control.example", control_ca),
        "device": device,
        "server_by_device": issue("gateway.example", device, -10, 20),
        "control_by_device": issue("control.example", device, -10, 20),
        "foreign_server": issue("gateway.example", issue("Example Lonely CA", None, ca=True)),
    }
    names = {
        "name_waf_ca": base64.b64encode(waf[0].subject.public_bytes()).decode(),
        "name_other_ca": base64.b64encode(control_ca[0].subject.public_bytes()).decode(),
    }
    return {name: der(pair) for name, pair in made.items()} | names


def fingerprint(text: str) -> str:
    return hashlib.sha256(base64.b64decode(text)).hexdigest()


def endpoint(name: str, port: int, institution: str | None) -> dict[str, Any]:
    return {
        "name": name,
        "host": "gateway.example",
        "port": port,
        "protocol": "http",
        "path": None,
        "server_name": None,
        "mutual_tls": institution is not None,
        "institution": institution,
    }


def request(system: str) -> dict[str, Any]:
    linux = system == "linux"
    pem = {
        "institution": FIRST,
        "type": "pem_files",
        "certificate": "/etc/eeszt/E000301/certificate.pem",
        "key": "/etc/eeszt/E000301/key.pem",
        "chain": "/etc/eeszt/E000301/chain.pem",
        "owner": "praxis",
        "group": "praxis",
        "mode": "0600",
    }
    sealed = {
        "institution": SECOND,
        "type": "pkcs12_file",
        "path": "/etc/eeszt/E000302/certificate.p12",
        "owner": None,
        "group": None,
        "mode": None,
    }
    stores = [
        {
            "institution": each,
            "type": "windows_store",
            "location": "LocalMachine",
            "store": "My",
            "accounts": [],
        }
        for each in (FIRST, SECOND)
    ]
    return {
        "schema_version": 1,
        "observe": ["readers", "client", "firewall", "certificates", "endpoints", "proxy_settings", "clock"],
        "ports": [443, 4443, 5443],
        "certificate_targets": [pem, sealed] if linux else stores,
        "endpoints": [
            endpoint("portal", 443, None),
            endpoint("services", 4443, FIRST),
            endpoint("services", 4443, SECOND),
            endpoint("upload", 5443, FIRST),
        ],
        "control_endpoint": {"name": "control", "host": "control.example", "port": 443, "server_name": None},
        "client_certificates": [
            {"institution": each, "source": "memory", "certificate": None, "key": None, "chain": None}
            for each in (FIRST, SECOND)
        ],
        "trust_anchors": None,
        "proxy": None,
        "client": {"packages": ["eszemelyi*"], "executables": ["eszig-eid", "eszig-eid.exe"]},
        "limits": {"dns": 5, "connect": 5, "handshake": 8, "answer": 8, "section": 30},
    }


def connection(asked: dict[str, Any], certs: dict[str, str], control: bool = False) -> dict[str, Any]:
    """A connection on which everything went well."""
    address = "192.0.2.80" if control else "192.0.2.10"
    institution = asked.get("institution")
    shown = {FIRST: "first", SECOND: "second"}.get(institution or "")
    server = ["control", "control_ca"] if control else ["server", "server_ca"]
    return {
        "name": asked["name"],
        "host": asked["host"],
        "port": asked["port"],
        "protocol": "raw" if control else asked["protocol"],
        "institution": institution,
        "route": "direct",
        "dns": {"addresses": [address], "error": None, "seconds": 0.004},
        "proxy": None,
        "tcp": {"connected": True, "address": address, "error": None, "seconds": 0.011, "attempts": []},
        "tls": {
            "completed": True,
            "version": "TLSv1.3",
            "cipher": "TLS_AES_256_GCM_SHA384",
            "error": None,
            "seconds": 0.032,
            "alert": None,
            "server": {
                "hello": True,
                "verified": True,
                "verify_error": None,
                "chain": [certs[name] for name in server],
            },
            "client_certificate": {
                "requested": shown is not None,
                "acceptable_issuers": [certs["name_waf_ca"]] if shown else [],
                "presented": fingerprint(certs[shown]) if shown else None,
                "error": None,
            },
        },
        "http": None
        if control
        else {
            "method": "HEAD",
            "status": 404,
            "reason": "Not Found",
            "server": "example",
            "date": "Mon, 02 Mar 2026 08:00:00 GMT",
            "page": None,
            "error": None,
            "seconds": 0.02,
        },
        "raw": None,
    }


def file(role: str, path: str, mode: str, owner: str, content: str) -> dict[str, Any]:
    return {
        "role": role,
        "path": path,
        "present": True,
        "readable": True,
        "owner": owner,
        "group": owner,
        "mode": mode,
        "sha256": hashlib.sha256(content.encode()).hexdigest(),
        "size": 1704,
        "error": None,
    }


def certificate(asked: dict[str, Any], certs: dict[str, str]) -> dict[str, Any]:
    """A target as it should be."""
    name = {FIRST: "first", SECOND: "second"}[asked["institution"]]
    known = {"present": True, "fits": True, "encrypted": False, "error": None}
    found = {
        "institution": asked["institution"],
        "type": asked["type"],
        "files": [],
        "certificate": certs[name],
        "chain": [certs["waf_ca"]],
        "key": known,
        "untold": False,
    }
    if asked["type"] == "windows_store":
        owners = (("S-1-5-18", "NT AUTHORITY\\SYSTEM"), ("S-1-5-32-544", "BUILTIN\\Administrators"))
        access = [{"sid": sid, "account": account, "rights": "full"} for sid, account in owners]
        return found | {"path": "LocalMachine\\My", "access": access, "accounts": []}
    if asked["type"] == "pem_files":
        parts = (("certificate", "0644"), ("key", "0600"), ("chain", "0644"))
        files = [file(part, asked[part], mode, "praxis", f"{name} {part}") for part, mode in parts]
        return found | {"path": asked["certificate"], "files": files}
    sealed = {"present": None, "fits": None, "encrypted": True, "error": None}
    files = [file("pkcs12", asked["path"], "0600", "root", "the second PKCS#12 file")]
    return found | {"path": asked["path"], "files": files, "certificate": None, "chain": [], "key": sealed}


def observation(system: str, certs: dict[str, str]) -> dict[str, Any]:
    """A host on which everything is as it should be."""
    linux, asked = system == "linux", request(system)
    reader = "REINER SCT cyberJack RFID basis 00 00" if linux else "REINER SCT cyberJack RFID basis 0"
    account = "root" if linux else "PRAXIS\\eeszt"
    return {
        "schema_version": 1,
        "observed_at": "2026-03-02T08:00:01Z",
        "probe": {"name": "probe" if linux else "win_probe", "version": "0.1.0", "double": False},
        "host": {
            "system": system,
            "distribution": "Debian" if linux else "Windows 11 Professional",
            "version": "13" if linux else "10.0.26100",
            "hostname": f"{system}-1",
            "machine_id_hash": hashlib.sha256(system.encode()).hexdigest(),
            "boot_id": "0f6a3f0e-6b1c-4b0e-9a51-2f0f3a1c7d11" if linux else "boot-118",
            "account": account,
            "privileged": True,
        },
        "sections": {
            "readers": {
                "error": None,
                "usb_bus": True,
                "usb_devices": [
                    {
                        "vendor_id": "0c4b",
                        "product_id": "9102",
                        "product": "cyberJack RFID basis",
                        "driver": None if linux else "cjusb",
                        "problem": None if linux else 0,
                        **(linux_usb() if linux else {}),
                    }
                ],
                "library": True,
                "service": {
                    "present": True,
                    "active": True,
                    "socket_active": True if linux else None,
                    "enabled": True,
                },
                "context": {"established": True, "error": None},
                "session": {"account": account, "remote": True} if linux else windows_session(account),
                "readers": [
                    {
                        "name": reader,
                        "state": 0x22,
                        "card_present": True,
                        "card_mute": False,
                        "exclusive": False,
                        "in_use": False,
                        "atr": "3B878001803180738421600000",
                        "connect": {"ok": True, "error": None},
                    }
                ],
            },
            "client": client(linux),
            "firewall": {
                "error": None,
                "backend": "nftables" if linux else "windows",
                "outbound": [
                    {
                        "port": port,
                        "address": None,
                        "verdict": "accept",
                        "by": "inet eeszt_connect output" if linux else "rule EESZT 443, 4443, 5443",
                        "explicit": True,
                    }
                    for port in (443, 4443, 5443)
                ],
                "chains": [{"family": "inet", "table": "site", "name": "output", "policy": "drop"}] if linux else [],
                "owned": [
                    {
                        "family": "inet" if linux else "",
                        "table": "site" if linux else "",
                        "chain": "output" if linux else "",
                        "handle": 12 if linux else 0,
                        "kind": "rule",
                        "ports": [443, 4443, 5443],
                        "destinations": [],
                        **({} if linux else {"name": "eeszt.connect-443-4443-5443"}),
                    }
                ],
                "persistence": {
                    "present": True if linux else None,
                    "included": True if linux else None,
                    "service_enabled": True if linux else None,
                    "sha256": None,
                },
            },
            "certificates": {
                "error": None,
                "targets": [certificate(each, certs) for each in asked["certificate_targets"]],
                "anchors": None,
            },
            "endpoints": {
                "error": None,
                "endpoints": [connection(each, certs) for each in asked["endpoints"]],
                "control": connection(asked["control_endpoint"], certs, control=True),
            },
            "proxy_settings": {"error": None, "settings": []},
            "clock": {
                "error": None,
                "utc": "2026-03-02T08:00:01Z",
                "synchronized": True,
                "source": "systemd-timesyncd" if linux else "W32Time, NTP: time.windows.com,0x9",
            },
        },
        "exchange": {"sent_at": "2026-03-02T08:00:00Z", "received_at": "2026-03-02T08:00:02Z"},
    }


def linux_usb() -> dict[str, Any]:
    """What Linux alone shows of a USB device."""
    power = {"control": "on", "delay_ms": 2000, "status": "active"}
    return {"bus_id": "1-2", "power": power, "claimed_by": ["ifd-ccid.bundle"]}


def client(linux: bool) -> dict[str, Any]:
    """The client, installed and running; only Linux tells what its package brought."""
    package = {"name": "eszemelyi-kliens", "version": "2.0.38"}
    if not linux:
        executable = "C:\\Program Files\\eSzemelyi\\eszig-eid.exe"
        process = {"executable": executable, "account": "PRAXIS\\reception", "session": 2}
        return {"error": None, "packages": [package], "processes": [process]}
    program = "/usr/lib/ESZEMELYI/eszig-eid"
    return {
        "error": None,
        "packages": [{**package, "programs": [program]}],
        "processes": [{"executable": program, "account": "praxis", "package": package["name"]}],
        "autostart": ["/etc/xdg/autostart/example.desktop"],
    }


def windows_session(account: str) -> dict[str, Any]:
    """What the console's session of an account says, with a colleague logged on by RDP."""
    other = {"id": 2, "account": "PRAXIS\\reception", "kind": "rdp", "state": "active"}
    return {"account": account, "remote": False, "id": 1, "kind": "console", "other_sessions": [other]}


def broken(healthy: dict[str, Any], certs: dict[str, str]) -> dict[str, Any]:
    """A host with a fault on each chain: no card service, a closed port, an expired certificate, a slow clock."""
    found = copy.deepcopy(healthy)
    sections = found["sections"]
    found["host"]["hostname"] = "linux-2"
    readers = sections["readers"]
    readers["service"] = {"present": True, "active": False, "socket_active": False, "enabled": False}
    no_service = {"stack": "pcsc", "code": 0x8010001D, "text": "Service not available."}
    readers["context"] = {"established": False, "error": no_service}
    readers["readers"] = []
    sections["client"]["processes"] = []
    port = sections["firewall"]["outbound"][2]
    port.update(verdict="drop", by="inet site output policy", explicit=False)
    sections["firewall"]["owned"] = []
    target = sections["certificates"]["targets"][0]
    target["certificate"] = certs["first_expired"]
    target["files"][1]["mode"] = "0644"
    services, upload = sections["endpoints"]["endpoints"][1], sections["endpoints"]["endpoints"][3]
    services["tls"]["alert"] = {"number": 45, "name": "certificate expired", "phase": "after_handshake"}
    services["tls"]["client_certificate"]["presented"] = fingerprint(certs["first_expired"])
    services["http"].update(
        status=None,
        reason=None,
        server=None,
        date=None,
        error={"stack": "openssl", "code": None, "text": "SSLV3_ALERT_CERTIFICATE_EXPIRED"},
    )
    timed_out = {"stack": "errno", "code": None, "text": "timed out"}
    attempt = {"address": "192.0.2.10", "error": timed_out, "seconds": 5.0}
    upload["tcp"] = {
        "connected": False,
        "address": None,
        "error": timed_out,
        "seconds": 5.0,
        "attempts": [attempt],
    }
    upload.update(tls=None, http=None)
    sections["proxy_settings"]["settings"] = [
        {
            "source": "dconf",
            "place": "/etc/dconf/db/local.d/00-proxy",
            "account": None,
            "servers": [],
            "exceptions": [],
            "pac_url": "http://wpad.praxis.example/proxy.pac",
            "auto_detect": False,
        }
    ]
    sections["clock"].update(utc="2026-03-02T07:58:01Z", synchronized=False)
    return found


def write(path: Path, document: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False, sort_keys=False) + "\n", "utf-8")


def write_inputs() -> None:
    """Write certificates, requests and observations."""
    certs = make_certificates()
    write(FIXTURES / "certificates.json", certs)
    healthy = {system: observation(system, certs) for system in ("linux", "windows")}
    found = {
        "healthy_linux": healthy["linux"],
        "healthy_windows": healthy["windows"],
        "broken_linux": broken(healthy["linux"], certs),
    }
    for case, document in found.items():
        write(FIXTURES / case / "request.json", request(document["host"]["system"]))
        write(FIXTURES / case / "observation.json", document)


def write_checks() -> None:
    """Write what the judge says of every case."""
    for case in CASES:
        verdict = judge_case(load_case(case))
        write(FIXTURES / case / "checks.json", [check.to_dict() for check in verdict.checks])


if __name__ == "__main__":
    if "--checks" not in sys.argv[1:]:
        write_inputs()
    write_checks()
