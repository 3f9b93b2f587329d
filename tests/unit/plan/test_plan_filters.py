"""The filters and tests for identifiers, in templates as a user writes them, through the real command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]

GOOD = {
    "'50123' | eeszt.connect.eeszt_username('doctor')": "O50123",
    "'01620K' | eeszt.connect.eeszt_institution_id('oth')": "E01620K",
    "'99002' | eeszt.connect.eeszt_institution_id(authority='ogyei')": "P099002",
    "'O50123' is eeszt.connect.eeszt_username": True,
    "'o50123' is eeszt.connect.eeszt_username": False,
    "'050123' is eeszt.connect.eeszt_username": False,
    "50123 is eeszt.connect.eeszt_username": False,
    "'E01620K' is eeszt.connect.eeszt_institution_id": True,
    "'P099002' is eeszt.connect.eeszt_institution_id": True,
    "'01620K' is eeszt.connect.eeszt_institution_id": False,
    "193 is not eeszt.connect.eeszt_institution_id": True,
}


def debug(*expressions: str) -> subprocess.CompletedProcess[str]:
    """Let Ansible's debug module show what the expressions become."""
    message = json.dumps({"msg": ["{{ " + expression + " }}" for expression in expressions]})
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "ansible.cli.adhoc",
            "localhost",
            "-i",
            "localhost,",
            "-c",
            "local",
            "-m",
            "debug",
            "-a",
            message,
        ],
        cwd=CHECKOUT,
        env={**os.environ, "ANSIBLE_CALLBACK_RESULT_FORMAT": "json", "ANSIBLE_NOCOLOR": "1", "COLUMNS": "2000"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_filters_make_identifiers_and_the_tests_answer_yes_or_no() -> None:
    done = debug(*GOOD)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout.partition("=>")[2])["msg"] == list(GOOD.values())


def test_a_filter_refuses_with_reason_and_remedy() -> None:
    done = debug("193 | eeszt.connect.eeszt_institution_id('oth')")
    assert done.returncode != 0
    told = done.stdout + done.stderr
    assert "eeszt_institution_id: it is the number 193, not text" in told
    assert "YAML takes a leading zero for octal" in told
    refused = debug("'50123' | eeszt.connect.eeszt_username('o')")
    assert 'the prefix \\"o\\" is lower case' in refused.stdout + refused.stderr
