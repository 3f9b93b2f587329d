# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's half of bringing certificates to Windows.

The module is called first without any key. It looks, and does what needs none; where a key is missing it says so, and
which Windows it is on. Only then the key follows, in the encryption that this Windows can read. So a host that has
all costs one execution and sees no secret, and nobody has to configure the encryption.
"""

from __future__ import annotations

import base64
import contextlib
import secrets
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from .bundle import Bundle
from .delivery import (
    Delivery,
    Run,
    failure,
    look_into,
    nothing_to_do,
    older_in,
    result_of,
)
from .differences import about, content_before, diff_of_directories
from .errors import CertificateError

with contextlib.suppress(ImportError):  # library.require says it
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.hashes import SHA1, SHA256
    from cryptography.hazmat.primitives.serialization import PrivateFormat, pkcs12

Encryption = Literal["aes", "legacy"]

FIRST_WITH_AES = 17763
"""Build of Windows Server 2019 and Windows 10 1809. Server 2016 (14393) calls an AES-256 file a wrong password."""

ROUNDS = 2000
"""The password is random and used once: stretching it would guard nothing."""


def encryption_for(build: int) -> Encryption:
    """What the PKCS#12 reader of this build of Windows understands."""
    return "aes" if build >= FIRST_WITH_AES else "legacy"


def repack(bundle: Bundle, encryption: Encryption) -> dict[str, str]:
    """The certificate and its key, without issuers, as a PKCS#12 file (``data``, base64) under a one-time ``password``.

    Raises CertificateError (unsupported_encryption) where this controller cannot write the old encryption.
    """
    password = secrets.token_urlsafe(32)
    builder = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(ROUNDS)
    if encryption == "aes":
        builder = builder.key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC).hmac_hash(SHA256())
    else:
        builder = builder.key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC).hmac_hash(SHA1())
    try:
        data = pkcs12.serialize_key_and_certificates(
            None,
            bundle.key,  # type: ignore[arg-type]  # the kinds of key that a certificate cannot have are no matter here
            bundle.certificate,
            None,
            builder.build(password.encode("ascii")),
        )
    except (UnsupportedAlgorithm, ValueError) as error:
        raise CertificateError(
            "unsupported_encryption",
            f"This controller cannot write PKCS#12 in the encryption that the host's Windows reads ({encryption}).",
            "Bring the host to Windows Server 2019, Windows 10 1809 or newer, or take a controller whose OpenSSL is "
            "not in FIPS mode.",
        ) from error
    return {"data": _base64(data), "password": password}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _material(
    delivery: Delivery, token: str, needs: Iterable[tuple[str, str]] = (), encryption: Encryption = "aes"
) -> str:
    """What the module compares with, and the secrets that it ``needs``: (institution, pfx, key or pkcs12).

    Lines of institution, name and value with tabs between. One text, because Ansible hides nothing but texts on
    Windows; and no JSON, because what PowerShell parses it with is written to the event log where a policy asks for it.
    """
    lines = [("", "token", token)]
    for institution, bundle in delivery.bundles.items():
        lines += [
            (institution, "certificate", _base64(bundle.certificate_der)),
            *((institution, "issuer", _base64(one)) for one in bundle.chain_der),
            (institution, "pkcs12_sha256", bundle.pkcs12_sha256),
        ]
    for institution, what in needs:
        bundle = delivery.bundles[institution]
        if what == "pfx":
            made = repack(bundle, encryption)
            lines += [(institution, "pfx", made["data"]), (institution, "pfx_password", made["password"])]
        else:
            lines.append((institution, what, _base64(bundle.key_pem.encode() if what == "key" else bundle.pkcs12)))
    return "\n".join("\t".join(line) for line in lines)


def deliver_to_windows(delivery: Delivery, run: Run, *, diff: bool = False) -> dict[str, Any]:
    """Bring it to the host: one execution where no key is missing, else two.

    Returns the task's result, without any secret. When the module failed, its answer is returned with failed set.
    Raises CertificateError when the host's Windows is too old for this controller.
    """
    if not delivery.targets:
        return nothing_to_do()
    arguments = delivery.as_arguments()
    token = secrets.token_hex(32)
    if delivery.state == "present":
        arguments["material"] = _material(delivery, token)
    answer = run(dict(arguments))
    on_host: dict[str, Bundle | None] = {}
    if answer.get("undecided") or answer.get("needs"):
        on_host, kept = look_into(answer, delivery, token)
        needs = {(one["institution"], one["what"]) for one in answer["needs"]}
        needs |= {(one["institution"], "pkcs12") for one in answer["undecided"] if not kept[one["path"]]}
        material = _material(delivery, token, sorted(needs), encryption_for(answer["os_build"]))
        older = older_in(answer, delivery, token, on_host)
        answer = run({**arguments, "kept": kept, "older": older, "material": material})
        if answer.get("undecided") or answer.get("needs"):
            return {"failed": True, "msg": "The host's certificates changed while they were looked at; run it again."}
    if "files" not in answer:
        return failure(answer)
    result = result_of(delivery, answer)
    if diff:
        result["diff"] = list(_diff(delivery, answer, on_host))
    return result


def _diff(
    delivery: Delivery, answer: Mapping[str, Any], on_host: Mapping[str, Bundle | None]
) -> Iterator[dict[str, str]]:
    """Before and after of each file or store that changes: whose certificate it is and who reads the key."""
    for one in answer["files"]:
        if one["changed"]:
            yield {
                "before_header": f"{one['path']} ({one['institution']})",
                "after_header": f"{one['path']} ({one['institution']})",
                "before": _before(one, on_host.get(one["path"])),
                "after": _after(one, delivery.bundles.get(one["institution"])),
            }
    yield from diff_of_directories(answer)


def _access(entries: Iterable[Mapping[str, str]] | None) -> str:
    lines = [f"access: {one['account'] or one['sid']} {one['rights']}\n" for one in entries or ()]
    return "".join(sorted(lines))


def _before(one: Mapping[str, Any], inside: Bundle | None) -> str:
    found = one["before"]
    if not found["present"]:
        return ""
    text = _access(found.get("access"))
    if found.get("key") is False:
        text += "key: missing\n"
    return text + content_before(one, inside)


def _after(one: Mapping[str, Any], bundle: Bundle | None) -> str:
    if bundle is None or "unwanted" in one["reasons"]:
        return ""
    # Where no account was asked for, a key keeps the access that it has.
    text = _access(one["access"] if one["access"] is not None else one["before"].get("access"))
    if one["role"] == "key":
        return text + "content: as wanted\n"
    return text + about(bundle.chain[0] if one["role"] == "chain" else bundle.certificate)
