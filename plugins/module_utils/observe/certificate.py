# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The WAF certificate on the host: files, rights, certificate, chain and whether the key belongs to it."""

from __future__ import annotations

from . import pem
from .credentials import key_fits
from .files import observe_accounts, observe_file
from .renewal import observe_holds, observe_kept, observe_refused, observe_untold
from .shapes import Certificate, Certificates, Evidence, FileFact, Json, Key

_NOT_HERE = "not on this system"


def observe_certificates(request: Json) -> Certificates:
    """One record for each of ``request["certificate_targets"]``, in their order."""
    targets = [_target(target) for target in request["certificate_targets"]]
    for target, asked in zip(targets, request["certificate_targets"]):  # noqa: B905 - Python 3.9 runs here
        if target.files:
            target.kept, target.refused = observe_kept(target.path), observe_refused(target.path)
            target.untold = observe_untold(target.path)
            if asked.get("accounts"):
                target.accounts = observe_accounts(asked["accounts"], [one.path for one in target.files])
    anchors = request["trust_anchors"]
    return Certificates(targets=targets, anchors=None if anchors is None else observe_file("anchors", anchors)[0])


def _target(target: Json) -> Certificate:
    kind = target["type"]
    if kind == "pem_files":
        return _pem_files(target)
    if kind == "windows_store":
        path = "\\".join(part for part in (target.get("location"), target.get("store")) if part)
        error = Evidence("probe", "not_on_this_system", f"{kind}: {_NOT_HERE}")
        return Certificate(target["institution"], kind, path, key=Key(error=error))
    # PKCS#12 and Java key stores are encrypted; the host has no password for them, so only the file is looked at.
    role = "pkcs12" if kind == "pkcs12_file" else "keystore"
    fact, _content = observe_file(role, target["path"])
    holds = observe_holds(target["path"], fact.sha256) if role == "keystore" else None
    return Certificate(target["institution"], kind, target["path"], files=[fact], holds=holds)


def _pem_files(target: Json) -> Certificate:
    paths = {"certificate": target["certificate"], "key": target.get("key"), "chain": target.get("chain")}
    files: dict[str, FileFact] = {}
    texts: dict[str, str] = {}
    for role, path in paths.items():
        if path is None:
            continue
        fact, content = observe_file(role, path)
        files[role] = fact
        if content is not None:
            texts[role] = content.decode("latin-1")  # PEM is ASCII; comments around the blocks may be anything
    own = pem.certificates(texts.get("certificate", ""))
    if "certificate" in texts and not own:
        files["certificate"].error = Evidence("probe", "no_pem", "the file holds no certificate in PEM form")
    return Certificate(
        target["institution"],
        target["type"],
        target["certificate"],
        files=list(files.values()),
        certificate=own[0] if own else None,
        chain=own[1:] + pem.certificates(texts.get("chain", "")),
        key=_key(files.get("key", files["certificate"]), texts),
    )


def _key(file: FileFact, texts: dict[str, str]) -> Key:
    text = texts.get("key" if file.role == "key" else "certificate")
    if text is None:
        # A file that only rights hide may hold the key: null, not false.
        return Key(present=None if file.present else False, error=file.error)
    if pem.key_block(text) is None:
        return Key(present=False)
    if pem.key_is_encrypted(text):
        return Key(present=True, encrypted=True)
    key = Key(present=True, encrypted=False)
    if pem.certificates(texts.get("certificate", "")):
        key.fits, key.error = key_fits(texts["certificate"], text)
    return key
