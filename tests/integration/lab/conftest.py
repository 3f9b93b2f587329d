"""Fleets of these tests: names of their own, so that a fleet of the developer's is left alone."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import Fleet
from tests.integration.fleets import standing

NAME = "pytest"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of these need root; without it they cannot even be tried."""
    for item in items:
        if Path(__file__).parent in item.path.parents and os.geteuid() != 0:
            item.add_marker(pytest.mark.skip(reason="the lab needs root"))


@pytest.fixture(scope="module")
def shared() -> Iterator[Fleet]:
    """One fleet for a module, as `test.yml` says, and nothing left of it afterwards."""
    with standing(NAME, "test") as made:
        yield made


@pytest.fixture
def fleet(shared: Fleet) -> Fleet:
    """The module's fleet, mended of whatever the test before did to it."""
    shared.up()
    return shared
