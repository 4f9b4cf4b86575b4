"""A house per test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.store.building import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """An opened store on a new file."""
    house = House(tmp_path).opened()
    yield house
    house.store.abandon_connection()
