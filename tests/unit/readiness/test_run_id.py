# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All workers of one command agree on a run id."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from ansible_collections.eeszt.connect.plugins.plugin_utils.readiness.run_id import shared_run_id


def ask(folder, name):
    return shared_run_id(folder, lambda: name)


def test_the_first_one_decides(tmp_path):
    assert ask(tmp_path, "first") == "first"
    assert ask(tmp_path, "second") == "first"


def test_workers_at_the_same_time_agree(tmp_path):
    with ProcessPoolExecutor(8, mp_context=get_context("fork")) as pool:
        ids = list(pool.map(ask, [tmp_path] * 32, map(str, range(32))))
    assert len(set(ids)) == 1


def test_nothing_but_the_marker_is_left(tmp_path):
    ask(tmp_path, "first")
    ask(tmp_path, "second")
    assert [each.name for each in tmp_path.iterdir()] == ["eeszt_run_id"]
