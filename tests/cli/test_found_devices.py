"""What a search found, as rows and as configuration."""

from __future__ import annotations

import tomllib
from pathlib import Path

from t3actors.cli.found_devices import Row, conflicts_of, file_text, rows_of
from t3actors.collect.bacnet.discover.sightings import Sightings
from t3actors.config import BacnetConfig, BacnetNetwork
from t3actors.configure.file import load
from tests.collect.bacnet.seen import seen

USED = BacnetConfig(
    interface='odd"name', port=47809, bbmd="10.0.0.9:47808", networks=(BacnetNetwork(number=50, router="10.0.0.8"),)
)


def rows(limits: tuple[int, int] | None = None, vendor: int | None = None) -> list[Row]:
    book = Sightings()
    for one in (
        seen("50:7", 6, 999),
        seen("10.0.0.2:47808", 5),
        seen("10.0.0.1:47808", 9),
        seen("10.0.0.3:47808", 5),
        seen("51:0x010203", 5),
    ):
        book.take(one, 0.0)
    return rows_of(book.listed(), limits, vendor)


def test_the_order_is_that_of_the_addresses_whoever_answered_first() -> None:
    assert [row["address"] for row in rows()] == [
        "10.0.0.1:47808", "10.0.0.2:47808", "10.0.0.3:47808", "50:7", "51:0x010203"
    ]  # fmt: skip


def test_a_row_has_its_stable_keys() -> None:
    (row,) = rows(limits=(6, 6))
    config = row.pop("config")
    assert row == {
        "name": "bacnet:50:07:6", "address": "50:7", "network": 50, "mac": "07", "instance": 6, "vendor_id": 999,
        "max_apdu": 480, "segmentation": "none", "conflict": None,
    }  # fmt: skip
    assert tomllib.loads(config) == {
        "devices": [{"name": "bacnet-6", "protocol": "bacnet", "address": "50:7", "instance": 6}]
    }


def test_other_instances_and_vendors_are_left_out() -> None:
    assert [row["instance"] for row in rows(limits=(5, 6), vendor=999)] == [6]


def test_the_file_is_accepted_and_those_in_conflict_are_commented_out(tmp_path: Path) -> None:
    text = file_text(rows(), USED)
    (tmp_path / "found.toml").write_text(text, encoding="utf-8")
    config = load(tmp_path / "found.toml")
    assert {device.name: (device.address, device.instance) for device in config.devices} == {
        "bacnet-9": ("10.0.0.1:47808", 9), "bacnet-5": ("10.0.0.2:47808", 5), "bacnet-6": ("50:7", 6)
    }  # fmt: skip
    assert config.bacnet == USED
    commented = [line.removeprefix("# ") for line in text.splitlines() if line.startswith("# ") and "=" in line]
    named = tomllib.loads("[x]\n" + "\n".join(line for line in commented if line.startswith("name = "))[:20])
    assert named["x"]["name"] == "bacnet-5-2"
    assert 'name = "bacnet-5-3"' in commented


def test_each_conflict_is_told_with_both() -> None:
    said = conflicts_of(rows())
    assert len(said) == 2
    assert said[0].startswith(
        "conflict: instance 5 is claimed by bacnet:0:0a000002bac0:5 and by bacnet:0:0a000003bac0:5 at 10.0.0.3:47808"
    )


def test_nothing_found_is_still_a_file_to_begin_with(tmp_path: Path) -> None:
    (tmp_path / "found.toml").write_text(file_text([], BacnetConfig(interface="eth0", port=0)), encoding="utf-8")
    config = load(tmp_path / "found.toml")
    assert config.bacnet == BacnetConfig(interface="eth0")
