"""T09: power cuts while samples are stored, packed, merged and let go of, and while a file is brought up to date. x1,000:
benchmarks/power_cuts.py."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

import pytest

from t3actors.config import Durability
from t3actors.store.connection import open_for_writing
from t3actors.store.migrate import migrate, schema_files
from tests.store.building import House, announced, point
from tests.store.cuts import Lives, faults_after, lay
from tests.store.disk import simulated_disk
from tests.store.history.telling import HOUR_MS, Told
from tests.store.power import PowerDisk
from tests.store.test_migrate import made_by_schema

LIVES, BATCHES, CUTS = 2, 100, 50


@pytest.mark.parametrize("durability", ["full", "normal"])
def test_a_power_cut_leaves_a_sound_file_nothing_twice_and_all_but_what_the_durability_says(
    tmp_path: Path, durability: Durability
) -> None:
    pick = Random(6)
    (tmp_path / "life").mkdir()
    lives = Lives(tmp_path / "life", pick, durability)
    doing: Counter[str] = Counter()
    for _ in range(LIVES):
        cuts = lives.live(BATCHES, CUTS)
        for cut in cuts:
            assert faults_after(cut, lay(cut.files, tmp_path / "cut"), durability) == [], cut.doing
            doing[cut.doing] += 1
        lives.begin_on(pick.choice(cuts[-5:]))
    assert doing.total() > LIVES * CUTS / 2
    assert {"storing", "pack_hour"} <= set(doing)


@pytest.mark.parametrize("schema", [2, 4])
def test_a_power_cut_while_a_file_is_brought_up_to_date_leaves_the_old_or_a_newer_one_with_every_row(
    tmp_path: Path, schema: int
) -> None:
    told = Told(tmp_path, recent_s=6 * 3600.0)
    told.opened()
    told.put(announced([point(1), point(2)]))
    told.live(12)
    if schema > 2:
        told.tidy()
    made_by_schema(schema, told)
    pick = Random(schema)
    pictures: list[dict[str, bytes]] = []
    with simulated_disk(PowerDisk(lambda: pick.random() < 0.3, pictures.append, pick)):
        connection = open_for_writing(told.path)
        connection.pragma("journal_mode", "wal")
        migrate(connection, told.path)
        connection.close()
    newest = len(schema_files())
    seen = set()
    for files in pictures:
        house = House(tmp_path / "cut")
        lay(files, tmp_path / "cut")
        seen.add(house.one("PRAGMA user_version"))
        assert house.one("PRAGMA integrity_check") == "ok"
        house.opened()
        assert house.logged("store.damaged") == []
        assert house.one("PRAGMA user_version") == newest
        samples = house.rows("SELECT point_id, sampled_at, value, status, text FROM TRENDLOG_ALL")
        assert Counter(samples) == told.told
        house.now_ms = told.now_ms + 2 * HOUR_MS
        house.tidy()
        assert Counter(house.rows("SELECT point_id, sampled_at, value, status, text FROM TRENDLOG_ALL")) == told.told
        house.store.abandon_connection()
    assert schema in seen
    assert len(pictures) > 5
