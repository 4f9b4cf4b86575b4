from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.points import DeviceFacts, Kind
from t3actors.store.webview.numbering import give, own_number
from tests.store.building import announced, point
from tests.store.webview.scene import Scene


@pytest.mark.parametrize(
    ("kind", "point_id", "number"),
    [
        (0, "IN1", 1), (0, "IN64", 64), (1, "OUT3", 3), (2, "VAR128", 128), (0, "IN1000", 1000), (0, "IN1001", None), (0, "IN0", None),
        (0, "IN01", None), (0, "OUT3", None), (0, "AI3", None), (0, "in3", None), (0, "IN3x", None), (2, "VAR٣", None),
    ],
)  # fmt: skip
def test_a_point_that_is_called_so_has_its_own_number(kind: int, point_id: str, number: int | None) -> None:
    assert own_number(kind, point_id) == number


def test_others_are_numbered_from_1_in_the_order_of_their_index() -> None:
    assert give(0, [(100, "supply"), (200, "return")], (), is_panel=False) == [(100, 1), (200, 2)]
    assert give(0, [(150, "new")], (1, 2), is_panel=False) == [(150, 3)]


def test_on_a_panel_others_stand_behind_all_numbers_that_the_panel_may_use() -> None:
    assert give(0, [(1, "IN1"), (7, "IN7"), (90, "AI90")], (), is_panel=True) == [(1, 1), (7, 7), (90, 1001)]
    assert give(0, [(8, "IN8"), (91, "AI91")], (1, 7, 1001), is_panel=True) == [(8, 8), (91, 1002)]


def test_a_name_whose_number_is_taken_gets_the_next() -> None:
    assert give(0, [(5, "IN2")], (1, 2), is_panel=False) == [(5, 3)]


NAMED = st.integers(0, 40).map(lambda n: f"IN{n}" if n % 2 else f"AI{n}")


@given(st.dictionaries(st.integers(0, 1 << 32), NAMED, max_size=20), st.sets(st.integers(1, 40)), st.booleans())
def test_no_number_is_given_twice(missing: dict[int, str], taken: set[int], is_panel: bool) -> None:
    given_ = give(0, missing.items(), taken, is_panel=is_panel)
    numbers = [number for _, number in given_]
    assert sorted(index for index, _ in given_) == sorted(missing)
    assert len(set(numbers)) == len(numbers)
    assert not set(numbers) & taken
    assert min(numbers, default=1) >= 1


def test_a_number_stays_with_its_point_whatever_comes_and_goes(tmp_path: Path) -> None:
    scene = Scene(tmp_path).opened()
    bacnet = {"device": "vav", "serial": None, "protocol": "bacnet"}
    ai = {n: point(n, point_id=f"AI{n}") for n in (1, 3, 7)}
    scene.put(announced([ai[3], ai[7]], **bacnet))  # type: ignore[arg-type]
    scene.put(announced([ai[1], ai[7]], **bacnet))  # type: ignore[arg-type]
    scene.reopened()
    scene.put(announced([ai[1], ai[3], ai[7]], **bacnet))  # type: ignore[arg-type]
    assert scene.rows("SELECT point_index, number FROM webview_numbers ORDER BY 1") == [(1, 3), (3, 1), (7, 2)]
    scene.close()


def test_kinds_are_numbered_apart(tmp_path: Path) -> None:
    scene = Scene(tmp_path).opened()
    scene.put(
        announced([point(9, point_id="a"), point(9, Kind.OUTPUT, point_id="b"), point(9, Kind.VARIABLE, point_id="c")])
    )
    assert scene.rows("SELECT kind, number FROM webview_numbers ORDER BY 1") == [(0, 1), (1, 1), (2, 1)]
    scene.close()


@pytest.mark.parametrize(
    ("facts", "number"), [(DeviceFacts(vendor_id=148), 1001), (DeviceFacts(vendor_id=42), 1), (DeviceFacts(), 1)]
)
def test_a_temco_device_is_a_panel_before_its_own_points_are_known(
    tmp_path: Path, facts: DeviceFacts, number: int
) -> None:
    scene = Scene(tmp_path).opened()
    scene.put(announced([point(90, point_id="AI90")], facts=facts))
    scene.put(announced([point(90, point_id="AI90"), point(2)], facts=facts))
    numbers = dict(scene.rows("SELECT point_index, number FROM webview_numbers"))
    assert (numbers[90], numbers[2]) == (number, 2)
    scene.close()


def test_points_that_were_there_before_the_webview_was_configured_get_their_numbers_at_the_next_start(
    tmp_path: Path,
) -> None:
    scene = Scene(tmp_path)
    with_webview, scene.config = (
        scene.config,
        Scene(tmp_path / "other").config.__class__(database=scene.path, min_free_bytes=0),
    )
    scene.store = scene.new_store()
    scene.opened()
    scene.put(announced([point(1), point(500, point_id="x")], serial=None))
    assert scene.rows("SELECT * FROM webview_numbers") == scene.rows("SELECT * FROM webview_surrogates") == []
    scene.config = with_webview
    scene.reopened()
    assert scene.rows("SELECT point_index, number FROM webview_numbers ORDER BY 1") == [(1, 1), (500, 1001)]
    assert scene.rows("SELECT device_id, serial_number FROM webview_surrogates") == [(1, 2_000_000_001)]
    scene.close()
