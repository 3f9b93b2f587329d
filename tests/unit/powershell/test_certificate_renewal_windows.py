# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A renewal on Windows: what is kept in a store and beside files, when it goes or comes back, and what a kill leaves.

The store is a list, and the files are real ones on Linux; what Windows makes of marks only a Windows tells.
"""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from powershell_host import UTILS, Pwsh

HERE = Path(__file__).parent
OWN, OTHER = "E01620K", "P000301"
Json = dict[str, Any]


def made(name: str, *, since: int, days: int = 60) -> Json:
    """A certificate with its key, its PEM file and something that stands for its PKCS#12 file."""
    key, subject = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begin = datetime.now(UTC) + timedelta(days=since)
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), 1, begin, begin + timedelta(days=days))
    issued = builder.sign(key, hashes.SHA256())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    container = f"the file of {name}".encode()
    return {
        "certificate": base64.b64encode(issued.public_bytes(Encoding.DER)).decode(),
        "key": base64.b64encode(pem).decode(),
        "container": base64.b64encode(container).decode(),
        "sha256": hashlib.sha256(container).hexdigest(),
    }


CERTIFICATES = {
    "old": made("old", since=-30),
    "new": made("new", since=-2),
    "newer": made("newer", since=-1),
    "expired": made("expired", since=-90),
}
PRINTS = {name: hashlib.sha256(base64.b64decode(one["certificate"])).hexdigest() for name, one in CERTIFICATES.items()}
NEW, NEWER = PRINTS["new"], PRINTS["newer"]
STORE, PEM, SEALED = "windows_store", "pem_files", "pkcs12_file"


def step(state: str = "present", source: str | None = None, *types: str, **given: Any) -> Json:
    """One run of the module; ``kill`` names the step of Windows from which on nothing is done."""
    plain = {"check": False, "retry": False, "older": True, "kill": 0, "lose": None, "hide": False, "untold": False}
    wish = {"state": state, "fingerprints": {}, "reasons": {}, "with": {OWN: source} if source else {}}
    return {**plain, **wish, "targets": [{"institution": OWN, "type": one} for one in types or ALL], **given}


ALL = (STORE, PEM, SEALED)
BOTH = [{"institution": one, "type": STORE} for one in (OWN, OTHER)]
KEPT = [step(source="old"), step(source="new")]
BACK = [*KEPT, step("rolled_back", reasons={OWN: "client_cert_revoked"})]
MARK = f"eeszt.connect {OWN}"
STORIES: dict[str, list[Json]] = {
    "kept": [*KEPT, step(source="new")],
    "check": [KEPT[0], step(source="new", check=True)],
    "retired": [*KEPT, step("retired", fingerprints={OWN: NEW}), step("retired")],
    "another proven": [
        *KEPT,
        step("retired", fingerprints={OWN: NEWER}),
        step("rolled_back", fingerprints={OWN: NEWER}),
    ],
    "all that is left": [*KEPT, step("retired", None, STORE, lose="new")],
    "rolled back": [*BACK, step(source="new"), step(source="newer")],
    "retried": [*BACK, step(source="new", retry=True)],
    "never proven": [*KEPT, step(source="newer"), step("rolled_back")],
    "back by hand": [*KEPT, step(source="old")],
    "old again after a refusal": [*BACK, step(source="old")],
    "expired": [step(source="expired"), step(source="new", older=False)],
    "absent": [*KEPT, step("absent"), step("absent")],
    "absent after a refusal": [*BACK, step("absent")],
    "not ours to read": [*KEPT, step("present", "new", PEM, SEALED, hide=True)],
}
STORIES["no key"] = [step("present", "old", STORE), step("present", "new", STORE, lose="old")]
STORIES["no way back"] = [
    step("present", "old", STORE),
    step("present", "new", STORE),
    step("rolled_back", None, STORE, lose="old"),
]
STORIES["a lost one is no way back"] = [*STORIES["no way back"][:2], step("present", "newer", STORE, lose="old")]
STORIES["shared"] = [
    step(targets=BOTH, **{"with": {OWN: "old", OTHER: "old"}}),
    step(targets=BOTH, **{"with": {OWN: "new", OTHER: "new"}}),
    step("retired", targets=BOTH[:1]),
    step("rolled_back", targets=BOTH[1:]),
]
STORIES["another institution's"] = [
    step(targets=BOTH, **{"with": {OWN: "old", OTHER: "old"}}),
    step(targets=BOTH, **{"with": {OWN: "new", OTHER: "old"}}),
]
TOLD = step("told")
NOTED = [step(source="old"), step(source="new", untold=True)]
STORIES["untold"] = [*NOTED, step(source="new", untold=True), TOLD, step(source="new", untold=True), TOLD]
STORIES["untold, on the way back"] = [*KEPT, step("rolled_back", untold=True), step(source="new", untold=True), TOLD]
STORIES["untold in check mode"] = [
    KEPT[0],
    step(source="new", untold=True, check=True),
    NOTED[1],
    step("told", check=True),
]
STORIES["untold, no service planned"] = [*NOTED, step(source="new", check=True), step(source="new"), step(source="new")]
STORIES["untold, retired"] = [*NOTED, step("retired", untold=True)]
STORIES["untold, absent"] = [*NOTED, step("absent", untold=True)]
STORIES["untold, renewed again"] = [*NOTED, step(source="newer", untold=True)]
STORIES["untold, a mark is mended"] = [
    step("present", "old", STORE),
    step("present", "old", STORE, untold=True, lose="old"),
]
WAYS: dict[str, Json] = {
    "renewal": {"before": KEPT[:1], "last": KEPT[1], "kills": 17},
    "retirement": {"before": KEPT, "last": step("retired"), "kills": 3},
    "way back": {"before": KEPT, "last": BACK[-1], "kills": 17},
    "renewal of what was not proven": {"before": KEPT, "last": step(source="newer"), "kills": 18},
    "removal": {"before": KEPT, "last": step("absent"), "kills": 7},
    "renewal, untold": {"before": KEPT[:1], "last": NOTED[1], "kills": 21},
    "way back, untold": {"before": KEPT, "last": step("rolled_back", untold=True), "kills": 21},
}


def asked(pwsh: Pwsh, folder: Path, **given: Any) -> Json:
    (folder / "given.json").write_text(json.dumps({"certificates": CERTIFICATES, **given}), "utf-8")
    found: Json = json.loads(pwsh(HERE / "run_certificate_renewal.ps1", UTILS, folder / "host", folder / "given.json"))
    return found


@pytest.fixture(scope="module")
def told(pwsh: Pwsh, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Json]]:
    """What was said, and what was there, after each step of each story."""
    found: dict[str, list[Json]] = asked(pwsh, tmp_path_factory.mktemp("told"), stories=STORIES, ways={})["stories"]
    return found


@pytest.fixture(scope="module")
def killed(pwsh: Pwsh, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[list[Json]]]:
    """By way, for each step at which it was killed: that run, the next one, and the one after it."""
    found: dict[str, list[list[Json]]] = asked(pwsh, tmp_path_factory.mktemp("killed"), stories={}, ways=WAYS)["ways"]
    return found


def pem_of(after: Json) -> str | None:
    """Whose certificate and key lie in the files; None where they do not belong together or one is missing."""
    files = {name: base64.b64decode(text).decode() for name, text in after["folder"].items()}
    for name, one in CERTIFICATES.items():
        body = files.get("c.pem", "").replace("\n", "")
        if one["certificate"] in body and files.get("k.pem") == base64.b64decode(one["key"]).decode():
            return name
    return None


def sealed_in(after: Json) -> str | None:
    return next((name for name, one in CERTIFICATES.items() if one["container"] == after["folder"].get("c.p12")), None)


def notes(after: Json) -> list[str]:
    return [name for name in after["folder"] if name.startswith(".eeszt-connect.")]


BESIDE = [".eeszt-connect.c.p12.kept", ".eeszt-connect.c.pem.kept"]
REFUSED = [".eeszt-connect.c.p12.refused", ".eeszt-connect.c.pem.refused"]


def test_the_one_before_is_kept_beside_and_out_of_sight(told: dict[str, list[Json]]) -> None:
    first, renewed, again = told["kept"]
    assert first["renewals"] == []
    assert renewed["renewals"] == ["kept"] * 3
    assert sorted(renewed["store"]) == [f"new [{MARK}]", f"old [{MARK}/kept/{NEW}] archived"]
    assert (pem_of(renewed), sealed_in(renewed), notes(renewed)) == ("new", "new", BESIDE)
    assert renewed["seen"] == [f"new kept {NEW}", f"kept {NEW}", f"kept {NEW}"]
    assert (again["changed"], again["renewals"], again["files"]) == (
        False,
        ["kept, unchanged"] * 3,
        ["store", "chain", "key", "certificate", "pkcs12"],
    )
    assert again["folder"] == renewed["folder"]


def test_check_mode_keeps_nothing_and_says_so(told: dict[str, list[Json]]) -> None:
    before, looked = told["check"]
    assert (looked["changed"], looked["renewals"]) == (True, ["kept"] * 3)
    assert (looked["store"], looked["folder"], looked["steps"]) == (before["store"], before["folder"], 0)


def test_once_proven_it_goes_with_its_key(told: dict[str, list[Json]]) -> None:
    _, _, retired, again = told["retired"]
    assert (retired["renewals"], retired["files"]) == (["retired"] * 3, [])
    assert (retired["store"], retired["keys"], notes(retired)) == ([f"new [{MARK}]"], 1, [])
    assert (again["changed"], again["renewals"]) == (False, [])


def test_a_proof_of_another_certificate_decides_nothing(told: dict[str, list[Json]]) -> None:
    _, kept, retired, back = told["another proven"]
    assert (retired["changed"], retired["renewals"], back["renewals"]) == (False, [], [])
    assert back["store"] == kept["store"]
    assert back["folder"] == kept["folder"]


def test_nothing_is_retired_where_it_is_all_that_is_left(told: dict[str, list[Json]]) -> None:
    after = told["all that is left"][-1]
    assert (after["changed"], after["renewals"]) == (False, ["kept, unchanged"])
    assert f"old [{MARK}/kept/{NEW}] archived" in after["store"]


def test_once_refused_it_comes_back_and_the_new_one_is_held_back(told: dict[str, list[Json]]) -> None:
    _, _, back, held, other = told["rolled back"]
    word = f"{OWN}/refused/{NEW}/client_cert_revoked"
    assert back["renewals"] == ["rolled_back"] * 3
    assert back["files"][0] == "store: mark superseded"
    assert (back["store"], back["keys"]) == ([f"old [{MARK} {word}]"], 1)
    assert (pem_of(back), sealed_in(back), notes(back)) == ("old", "old", REFUSED)
    assert back["seen"] == ["old", f"refused {NEW} client_cert_revoked", f"refused {NEW} client_cert_revoked"]
    assert (held["changed"], held["renewals"]) == (False, ["held_back, unchanged"] * 3)
    assert held["store"] == back["store"]
    assert other["renewals"] == ["kept"] * 3
    assert sorted(other["store"]) == [f"newer [{MARK}]", f"old [{MARK}/kept/{NEWER}] archived"]
    assert notes(other) == BESIDE


def test_it_is_tried_again_when_asked(told: dict[str, list[Json]]) -> None:
    after = told["retried"][-1]
    assert after["renewals"] == ["kept"] * 3
    assert sorted(after["store"]) == [f"new [{MARK}]", f"old [{MARK}/kept/{NEW}] archived"]


def test_what_was_never_proven_is_not_what_one_goes_back_to(told: dict[str, list[Json]]) -> None:
    _, _, renewed, back = told["never proven"]
    assert sorted(renewed["store"]) == [f"newer [{MARK}]", f"old [{MARK}/kept/{NEWER}] archived"]
    assert renewed["keys"] == 2
    assert (back["store"], pem_of(back), sealed_in(back)) == (
        [f"old [{MARK} {OWN}/refused/{NEWER}/request]"],
        "old",
        "old",
    )


@pytest.mark.parametrize("name", ["back by hand", "old again after a refusal"])
def test_back_to_the_first_by_hand_needs_no_proof(told: dict[str, list[Json]], name: str) -> None:
    after = told[name][-1]
    assert after["renewals"] == ["settled"] * 3
    assert (after["store"], pem_of(after), notes(after), after["keys"]) == ([f"old [{MARK}]"], "old", [], 1)


@pytest.mark.parametrize("name", ["expired", "no key"])
def test_what_does_not_work_is_not_kept(told: dict[str, list[Json]], name: str) -> None:
    after = told[name][-1]
    assert (after["renewals"], after["store"], notes(after)) == ([], [f"new [{MARK}]"], [])


def test_without_its_key_none_comes_back(told: dict[str, list[Json]]) -> None:
    after = told["no way back"][-1]
    assert "is gone, so it cannot come back" in after["failed"]
    assert f"new [{MARK}]" in after["store"]
    assert sorted(told["a lost one is no way back"][-1]["store"]) == [
        f"new [{MARK}/kept/{NEWER}] archived",
        f"newer [{MARK}]",
    ]


def test_removal_leaves_no_copy(told: dict[str, list[Json]]) -> None:
    _, _, removed, again = told["absent"]
    assert removed["renewals"] == ["removed"] * 3
    assert (removed["store"], removed["keys"], removed["folder"]) == ([], 0, {})
    assert (again["changed"], again["renewals"]) == (False, [])
    refused = told["absent after a refusal"][-1]
    assert (refused["renewals"], refused["store"], refused["folder"]) == (["removed"] * 3, [], {})


def test_what_is_not_ours_to_read_is_no_way_back(told: dict[str, list[Json]]) -> None:
    after = told["not ours to read"][-1]
    assert after["renewals"] == ["settled"] * 2
    assert notes(after) == []


def test_institutions_that_share_one_are_finished_each_alone(told: dict[str, list[Json]]) -> None:
    both, renewed, retired, back = told["shared"]
    word = f"{OTHER}/kept/{NEW}"
    assert both["store"] == [f"old [{MARK} {OTHER}]"]
    assert sorted(renewed["store"]) == [f"new [{MARK} {OTHER}]", f"old [{MARK}/kept/{NEW} {word}] archived"]
    assert sorted(retired["store"]) == [f"new [{MARK} {OTHER}]", f"old [eeszt.connect {word}] archived"]
    assert sorted(back["store"]) == [f"new [{MARK}]", f"old [eeszt.connect {OTHER} {OTHER}/refused/{NEW}/request]"]


def test_another_institutions_is_not_kept(told: dict[str, list[Json]]) -> None:
    after = told["another institution's"][-1]
    assert sorted(after["store"]) == [f"new [{MARK}]", f"old [eeszt.connect {OTHER}]"]
    assert after["renewals"] == []


@pytest.mark.parametrize("way", WAYS)
def test_every_step_is_killed(killed: dict[str, list[list[Json]]], way: str) -> None:
    assert [runs[0]["failed"] != "" for runs in killed[way]] == [True] * (WAYS[way]["kills"] - 1) + [False]


def works(after: Json) -> bool:
    """In the store one is in use with its key; the files are whole, or what was before can be had back."""
    used = [line for line in after["store"] if f"[{MARK}]" in line or f"[{MARK} " in line]
    whole = pem_of(after) is not None and sealed_in(after) is not None
    kept = {name for name in notes(after) if name.endswith(".kept")}
    return any("no key" not in one and "archived" not in one for one in used) and (whole or kept == set(BESIDE))


@pytest.mark.parametrize("way", [way for way in WAYS if way != "removal"])
def test_a_kill_at_any_step_leaves_one_that_works(killed: dict[str, list[list[Json]]], way: str) -> None:
    assert [at for at, runs in enumerate(killed[way], 1) if not works(runs[0])] == []


@pytest.mark.parametrize("way", WAYS)
def test_the_next_run_completes_what_was_killed(killed: dict[str, list[list[Json]]], way: str) -> None:
    *cut_off, (whole, _, _) = killed[way]
    for at, (_, done, again) in enumerate(cut_off, 1):
        found = [(each["failed"], sorted(each["store"]), each["keys"], each["folder"]) for each in (done, again)]
        assert found == [("", sorted(whole["store"]), whole["keys"], whole["folder"])] * 2, at
        assert again["changed"] is False, at


UNTOLD = [".eeszt-connect.c.p12.untold", ".eeszt-connect.c.pem.untold"]
PLACES = ["LocalMachine\\My", "c.pem", "c.p12"]


def is_noted(after: Json) -> list[str]:
    return [name for name in notes(after) if name.endswith(".untold")]


def test_a_note_stays_until_the_services_were_told(told: dict[str, list[Json]]) -> None:
    _, renewed, again, said, after, said_again = told["untold"]
    assert (renewed["untold"], is_noted(renewed)) == (PLACES, UNTOLD)
    assert sorted(renewed["store"]) == [f"new [{MARK} {OWN}/untold]", f"old [{MARK}/kept/{NEW}] archived"]
    assert (again["changed"], again["untold"], again["renewals"]) == (False, PLACES, ["kept, unchanged"] * 3)
    assert (said["changed"], said["renewals"], is_noted(said)) == (True, ["told"] * 3, [])
    assert sorted(said["store"]) == [f"new [{MARK}]", f"old [{MARK}/kept/{NEW}] archived"]
    assert (after["changed"], after["untold"], said_again["changed"]) == (False, [], False)


def test_a_way_back_is_noted_like_a_way_forward(told: dict[str, list[Json]]) -> None:
    _, _, back, held, said = told["untold, on the way back"]
    word = f"{OWN}/refused/{NEW}/request"
    assert (back["untold"], is_noted(back), back["store"]) == (PLACES, UNTOLD, [f"old [{MARK} {word} {OWN}/untold]"])
    assert (held["changed"], held["untold"], held["store"]) == (False, PLACES, back["store"])
    assert (said["renewals"], is_noted(said), said["store"]) == (["told"] * 3, [], [f"old [{MARK} {word}]"])


def test_check_mode_says_whom_it_would_tell(told: dict[str, list[Json]]) -> None:
    before, looked, noted, said = told["untold in check mode"]
    assert (looked["changed"], looked["untold"], looked["steps"]) == (True, PLACES, 0)
    assert (looked["store"], looked["folder"]) == (before["store"], before["folder"])
    assert (said["changed"], said["steps"], said["store"], said["folder"]) == (True, 0, noted["store"], noted["folder"])


def test_a_note_where_no_service_is_planned_goes(told: dict[str, list[Json]]) -> None:
    _, _, looked, gone, again = told["untold, no service planned"]
    assert (looked["changed"], looked["untold"]) == (True, [])
    assert (gone["renewals"], is_noted(gone)) == (["kept, unchanged"] * 3 + ["told"] * 3, [])
    assert sorted(gone["store"]) == [f"new [{MARK}]", f"old [{MARK}/kept/{NEW}] archived"]
    assert again["changed"] is False


def test_a_note_that_was_left_is_named_whatever_a_run_does(told: dict[str, list[Json]]) -> None:
    after = told["untold, retired"][-1]
    assert (after["untold"], after["store"]) == (PLACES, [f"new [{MARK} {OWN}/untold]"])


def test_removal_leaves_no_note(told: dict[str, list[Json]]) -> None:
    after = told["untold, absent"][-1]
    assert (after["untold"], after["store"], after["folder"]) == ([], [], {})


def test_a_note_does_not_stay_with_what_is_only_kept(told: dict[str, list[Json]]) -> None:
    after = told["untold, renewed again"][-1]
    assert sorted(after["store"]) == [f"newer [{MARK} {OWN}/untold]", f"old [{MARK}/kept/{NEWER}] archived"]


def test_a_key_that_comes_back_is_noted(told: dict[str, list[Json]]) -> None:
    after = told["untold, a mark is mended"][-1]
    assert (after["files"][0], after["store"]) == ("store: key", [f"old [{MARK} {OWN}/untold]"])


@pytest.mark.parametrize(("way", "before"), [("renewal, untold", "old"), ("way back, untold", "new")])
def test_a_kill_at_any_step_leaves_no_service_untold(
    killed: dict[str, list[list[Json]]], way: str, before: str
) -> None:
    """Each certificate in use is the one that the services know, or a note is there."""
    for at, (cut_off, _, _) in enumerate(killed[way], 1):
        used = [line for line in cut_off["store"] if f"[{MARK}]" in line or f"[{MARK} " in line]
        assert all(line.startswith(before) or "/untold" in line for line in used), at
        assert pem_of(cut_off) in (None, before) or UNTOLD[1] in notes(cut_off), at
        assert sealed_in(cut_off) in (None, before) or UNTOLD[0] in notes(cut_off), at
