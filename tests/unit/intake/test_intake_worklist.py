# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""eeszt-connect worklist: the order, the persons, and the letters."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from intake_bench import ALFA, BETA, GAMMA, PASSWORD, Bench, Done

from ansible_collections.eeszt.connect.plugins.plugin_utils.intake.letters import hungarian_day, write_letters
from ansible_collections.eeszt.connect.plugins.plugin_utils.intake.worklist import Person, Row
from ansible_collections.eeszt.connect.plugins.plugin_utils.ledger import open_ledger
from ansible_collections.eeszt.connect.plugins.plugin_utils.plan.model import Administrator
from tests.unit.ledger.results import observation, result

# A little more than whole days, so that the days left do not depend on the second.
NOW = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
ANNA = {"name": "Dr. Alfa Anna", "user_name": "O91001", "email": "anna@alfa.example"}
BELA = {"name": "Béla", "user_name": None, "email": None}


def days(count: int) -> datetime:
    return NOW + timedelta(days=count)


def seen(host: str, certificates: list[tuple[str, datetime]], institutions: list[dict[str, Any]], **more: Any) -> Any:
    return result(host, observation=observation(certificates=certificates), institutions=institutions, **more)


@pytest.fixture
def fleet(bench: Bench) -> Bench:
    """Alfa's certificate is renewed on one of its hosts, Béta's ends soon, Gamma's has ended."""
    ledger = open_ledger(bench.home / "ledger")
    alfa = {"id": ALFA, "name": "Alfa Szakrendelő", "administrator": ANNA}
    past = {"id": ALFA, "name": "Alfa", "administrator": BELA}
    beta = {"id": BETA, "name": "Béta Patika", "administrator": None}
    gamma = {"id": GAMMA, "name": "Gamma Rendelő"}
    yesterday = datetime.now(UTC) - timedelta(days=1)
    ledger.append(seen("ws-1", [(ALFA, days(200)), (BETA, days(12))], [alfa, beta], finished_at=datetime.now(UTC)))
    ledger.append(seen("ws-2", [(ALFA, days(9))], [past], finished_at=yesterday))
    ledger.append(seen("ws-3", [(GAMMA, days(-4))], [gamma], finished_at=yesterday))
    # The name of another run begins later; check mode never counts.
    ledger.append(seen("ws-4", [(BETA, days(900))], [beta], run_id="20301125T070000Z-ab12-check", dry_run=True))
    return bench


def lines(done: Done) -> list[list[str]]:
    return [line.split("  ") for line in done.said.splitlines()]


def test_the_first_to_end_comes_first(fleet: Bench) -> None:
    done = fleet.run("worklist", "--ledger", "ledger")
    assert (done.code, done.shown) == (0, "")
    rows = [[cell.strip() for cell in line if cell.strip()] for line in lines(done)]
    assert [row[1:] for row in rows[1:]] == [
        ["-4", GAMMA, "Gamma Rendelő"],
        ["12", BETA, "Béta Patika"],
        ["200", ALFA, "Alfa Szakrendelő", "Dr. Alfa Anna", "anna@alfa.example", "an older one on ws-2"],
    ]
    assert rows[1][0] == f"{days(-4):%Y-%m-%d}"


def test_within_leaves_out_what_has_time(fleet: Bench) -> None:
    done = fleet.run("worklist", "--ledger", "ledger", "--within", "12")
    assert [BETA in done.said, GAMMA in done.said, ALFA in done.said] == [True, True, False]
    done = fleet.run("worklist", "--ledger", "ledger", "--within", "-30")
    assert done.said == "no certificate ends in that time\n"


def test_a_plan_adds_who_has_none_and_says_who_is_asked(fleet: Bench) -> None:
    text = (fleet.home / "plan.yml").read_text("utf-8")
    text = text.replace("sites:", "  - {name: Delta, authority: oth, authority_id: 99904A}\nsites:").replace(
        GAMMA, "E99904A"
    )
    text = text.replace('  - {name: Gamma Rendelő, authority: oth, authority_id: "99903A"}\n', "")
    (fleet.home / "plan.yml").write_text(text, "utf-8")
    done = fleet.run("worklist", "--ledger", "ledger", "--plan", "plan.yml", "--letters", "letters")
    assert done.code == 0, done.shown
    assert done.said.splitlines()[1].split() == ["none", "E99904A", "Delta"]
    assert GAMMA not in done.said
    assert [each.name for each in (fleet.home / "letters").iterdir()] == [f"{BETA}-{days(12):%Y-%m-%d}.txt"]


def test_letters_are_written_once(fleet: Bench) -> None:
    arguments = (
        "worklist",
        "--ledger",
        "ledger",
        "--letters",
        "letters",
        "--within",
        "300",
        "--sender",
        "Minta Informatika",
    )
    done = fleet.run(*arguments)
    assert "letters written to letters: 3; there already, and left as they are: 0" in done.said
    assert "anna@alfa.example" in done.said.partition("letters written")[2]
    assert "no e-mail address is known" in done.said
    letter = fleet.home / "letters" / f"{ALFA}-{days(200):%Y-%m-%d}.txt"
    text = letter.read_text("utf-8")
    for words in (
        "Címzett: anna@alfa.example",
        "Tisztelt Dr. Alfa Anna!",
        "Tájékoztatjuk, hogy lejár az alábbi intézmény",
        "Alfa Szakrendelő",
        ALFA,
        hungarian_day(days(200).date()),
        "e-Személyi",
        "SMS-ben",
        "A jelszót ne küldje el e-mailben",
        "Minta Informatika",
    ):
        assert words in text
    ended = (fleet.home / "letters" / f"{GAMMA}-{days(-4):%Y-%m-%d}.txt").read_text("utf-8")
    assert "Tájékoztatjuk, hogy lejárt az alábbi intézmény" in ended
    assert "Tisztelt Adminisztrátor!" in ended
    assert "Címzett" not in ended
    assert "(aláírás)" not in ended
    letter.write_text("sent")
    done = fleet.run(*arguments)
    assert "letters written to letters: 0; there already, and left as they are: 3" in done.said
    assert letter.read_text() == "sent"


def test_a_vendors_own_template(fleet: Bench) -> None:
    (fleet.home / "own.j2").write_text("{{ institution.id }} {{ days_left }} {{ not_after | day }} {{ today | day }}\n")
    done = fleet.run("worklist", "--ledger", "ledger", "--letters", "letters", "--template", "own.j2")
    assert done.code == 0, done.shown
    beta = (fleet.home / "letters" / f"{BETA}-{days(12):%Y-%m-%d}.txt").read_text("utf-8")
    assert beta == f"{BETA} 12 {hungarian_day(days(12).date())} {hungarian_day(datetime.now().date())}\n"


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        (b"x\n{% if %}", "own.j2:2: "),
        (b"{{ password }}", "own.j2: 'password' is undefined"),
        (b"\xff", "own.j2: this is not UTF-8"),
        (b"{{ days_left + 'x' }}", "own.j2: the template cannot be filled in"),
        (b"{{ ''.__class__.__mro__ }}", "own.j2: "),
    ],
)
def test_a_template_that_cannot_be_filled_in_writes_nothing(fleet: Bench, template: bytes, reason: str) -> None:
    (fleet.home / "own.j2").write_bytes(template)
    done = fleet.run("worklist", "--ledger", "ledger", "--letters", "letters", "--template", "own.j2")
    assert done.code == 2
    assert reason in done.shown
    assert "Traceback" not in done.shown
    assert not (fleet.home / "letters").exists()


def test_what_the_controller_has_already_needs_no_letter(fleet: Bench) -> None:
    fleet.put("beta.p12", fleet.issue(BETA, not_after=NOW + timedelta(days=500)))
    assert fleet.intake("--passwords", fleet.passwords({"beta.p12": PASSWORD})).code == 0
    vault = ("--certificates", str(fleet.dest), "--vault-password-file", str(fleet.vault_file))
    done = fleet.run("worklist", "--ledger", "ledger", *vault, "--letters", "letters")
    assert f"a newer one ({days(500):%Y-%m-%d}) waits to be rolled out" in done.said
    assert [each.name for each in (fleet.home / "letters").iterdir()] == [f"{GAMMA}-{days(-4):%Y-%m-%d}.txt"]
    assert fleet.leaks(done.said, done.shown) == []
    alone = fleet.run("worklist", *vault)
    assert alone.said.splitlines()[1].split() == [f"{days(500):%Y-%m-%d}", "500", BETA]
    fleet.downloads.joinpath("beta.p12").unlink()
    assert f"warning: {BETA}: {fleet.downloads}/beta.p12: No such file" in fleet.run("worklist", *vault).shown


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "say where the certificates are: --ledger FOLDER or --certificates FILE"),
        (("--ledger", "nowhere"), "there is no ledger at nowhere"),
        (("--certificates", "nowhere.yml"), "nowhere.yml: there is no such file"),
    ],
)
def test_what_cannot_be_listed_is_said(bench: Bench, arguments: tuple[str, ...], reason: str) -> None:
    done = bench.run("worklist", *arguments)
    assert (done.code, done.said) == (2, "")
    assert reason in done.shown


def test_an_id_cannot_leave_the_folder(tmp_path: Path) -> None:
    person = Person("X", Administrator(None, None, None))
    row = Row("../../E1", person, datetime(2026, 12, 7, tzinfo=UTC), 3)
    letters = write_letters([row], tmp_path / "letters", date(2026, 12, 4))
    assert [each.path.parent for each in letters] == [tmp_path / "letters"]
    assert "Kelt: 2026. december 4." in letters[0].path.read_text("utf-8")
