"""The real ``ansible-inventory``, run in the checkout with the checkout's own configuration."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[3]
HEAD = "plugin: eeszt.connect.site_plan\n"


def ansible_inventory(source: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the real command in the checkout, with the checkout's own configuration."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    return subprocess.run(
        [sys.executable, "-m", "ansible.cli.inventory", "-i", str(source), *options],
        cwd=CHECKOUT,
        env={**clean, "COLUMNS": "2000", "ANSIBLE_NOCOLOR": "1", **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def listing(source: Path, *options: str, **environment: str) -> dict[str, Any]:
    """Return what ``--list`` says."""
    done = ansible_inventory(source, "--list", *options, **environment)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))
