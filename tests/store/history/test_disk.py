"""T10: a disk that is full, fails, or may not be written, in the middle of packing, merging, archiving and letting go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from t3actors.errors import StoreFailing, StoreFull
from tests.store.building import announced, point
from tests.store.disk import Disk, simulated_disk
from tests.store.history.telling import HOUR_MS, MIDNIGHT_MS, Told


@pytest.fixture
def disk() -> Iterator[Disk]:
    with simulated_disk() as made:
        yield made


@pytest.fixture
def told(tmp_path: Path, disk: Disk) -> Iterator[Told]:
    """Six hours around midnight, of which nothing is packed."""
    made = Told(tmp_path, recent_s=2 * 3600.0)
    made.now_ms = MIDNIGHT_MS + 20 * HOUR_MS
    made.opened()
    made.put(announced([point(1), point(2)]))
    made.live(6.5)
    yield made
    disk.mend()
    made.reader = made.looking = None
    made.store.abandon_connection()


@pytest.mark.parametrize("failure", ["full", "EIO"])
def test_a_disk_that_fails_at_any_write_of_tidying_loses_nothing(
    told: Told, disk: Disk, failure: Literal["full", "EIO"]
) -> None:
    expected = StoreFull if failure == "full" else StoreFailing
    failures = writes = 0
    while True:
        disk.fail_after(1 + writes * 7 % 40, failure)
        writes += 1
        try:
            told.tidying._look_again_s = 0.0
            if not told.store.tidy(60.0):
                break
        except expected:
            failures += 1
        disk.mend()
        if not told.store.is_open:
            told.opened()
        told.is_whole()
    disk.mend()
    told.tidy()
    told.is_whole()
    assert failures > 10
    assert (
        told.parts() == [(0, 1, 1, 2), (0, 2, 2, 1), (2, 2, 1, 1)]
        or told.one("SELECT count(*) FROM parts WHERE state IN (0, 9)") == 0
    )


def test_while_the_disk_is_full_batches_are_borne_and_history_goes_on_by_itself(told: Told, disk: Disk) -> None:
    disk.fail_after(1, "full")
    with pytest.raises(StoreFull):
        told.store.tidy(1.0)
    disk.mend()
    told.tell("IN1", told.now_ms, 7.5)
    told.tidy()
    told.is_whole()


def test_a_file_that_was_damaged_in_a_block_costs_that_block_only(told: Told) -> None:
    told.tidy()
    told.rows("UPDATE blocks SET d = substr(d, 1, 1) WHERE id = (SELECT MIN(id) FROM blocks WHERE tw > 0 OR vw > 0)")
    whole = sum(told.told.values())
    read = sum(told.read().values())
    assert whole - 200 < read < whole
    told.now_ms += 30 * HOUR_MS
    told.live(1)
    told.tidy()
    assert sum(told.read().values()) == read + 8
