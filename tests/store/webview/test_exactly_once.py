"""Between two files there is no common transaction: killed anywhere, every trend row is in T3000's file once."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
import pytest

from t3actors.errors import StoreError
from t3actors.store.webview import webview as webview_module
from t3actors.store.webview.watermark import Watermark
from tests.store.building import T0_MS, announced, change, point
from tests.store.webview import doomed
from tests.store.webview.scene import Scene


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(tmp_path).opened()
    scene.put(announced([point(1), point(2)]))
    scene.deliver()
    yield scene
    scene.close()


def put(scene: Scene, first: int, count: int = 1) -> None:
    """Batches of two samples each, of values that tell them apart."""
    for number in range(first, first + count):
        at_ms = T0_MS + number * 1000
        scene.put(change(number, at_ms=at_ms), change(number, "IN2", at_ms=at_ms))


def values(scene: Scene) -> list[int]:
    return sorted(int(value) // 1000 for point_id, _, value, _ in scene.details() if point_id == "IN1")


def test_a_kill_before_the_commit_loses_nothing(scene: Scene) -> None:
    put(scene, 1, 3)
    scene.killed()
    scene.deliver()
    assert values(scene) == [1, 2, 3]


def test_a_kill_between_the_two_commits_doubles_nothing(scene: Scene) -> None:
    put(scene, 1, 3)
    scene.deliver()
    scene.killed()
    assert scene.waiting() == 4
    put(scene, 4)
    scene.deliver()
    assert values(scene) == [1, 2, 3, 4]


def test_a_kill_at_every_step_of_the_way(scene: Scene) -> None:
    for number in range(1, 12):
        put(scene, number)
        for posted in scene.posts:
            scene.webview.posted(posted)
        for _ in range(number % 5):
            scene.webview.step()
        if number % 3 == 0:
            scene.settle()
        scene.killed()
    scene.deliver()
    assert values(scene) == list(range(1, 12))


def test_kill_9_at_every_point_between_the_two_commits(tmp_path: Path) -> None:
    for place, point_ in enumerate(doomed.POINTS):
        number, first = 3 + place % 3, 1000 * (place + 1)
        ended = subprocess.run(
            [sys.executable, "-m", "tests.store.webview.doomed", str(tmp_path), point_, str(number), str(first)],
            check=False,
        )
        assert ended.returncode == -signal.SIGKILL, point_
    scene = Scene(tmp_path).opened()
    scene.deliver()
    stored = [value for (value,) in scene.rows("SELECT value FROM samples ORDER BY 1")]
    assert len(stored) > 10
    assert values(scene) == stored
    assert scene.cells("PRAGMA integrity_check") == [("ok",)]
    scene.close()


def test_equal_samples_within_a_second_are_all_there_and_stay_as_many(scene: Scene) -> None:
    scene.put(change(1, at_ms=T0_MS), change(2, at_ms=T0_MS + 100), change(1, at_ms=T0_MS + 200))
    scene.deliver()
    scene.killed()
    scene.deliver()
    assert values(scene) == [1, 1, 2]


def test_a_large_batch_is_written_in_parts_and_goes_on_where_it_was(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webview_module, "MOST_CHANGES", 2)
    scene.webview = scene.new_webview()
    scene.deliver()
    scene.put(*(change(value, at_ms=T0_MS + value * 1000) for value in range(1, 8)))
    for posted in scene.posts:
        scene.webview.posted(posted)
    scene.webview.step()
    scene.webview.step()
    assert values(scene) == [1, 2, 3, 4]
    scene.killed()
    scene.deliver()
    assert values(scene) == list(range(1, 8))


def test_a_power_cut_that_takes_our_last_batches_back_loses_nothing_of_what_comes_next(scene: Scene) -> None:
    put(scene, 1)
    scene.deliver()
    scene.store.close()
    before = scene.path.read_bytes()
    scene.opened()
    put(scene, 2, 3)
    scene.deliver()
    scene.store.close()
    scene.webview.close()
    for suffix in ("-wal", "-shm"):
        scene.path.with_name(scene.path.name + suffix).unlink(missing_ok=True)
    scene.path.write_bytes(before)
    scene.killed()
    put(scene, 12, 3)
    scene.deliver()
    assert values(scene) == [1, 2, 3, 4, 12, 13, 14]


def test_a_power_cut_that_takes_the_other_file_s_last_commits_back_finds_them_in_the_outbox(scene: Scene) -> None:
    put(scene, 1)
    scene.settle()
    scene.webview.close()
    before = scene.front.read_bytes()
    scene.webview = scene.new_webview()
    scene.deliver()
    put(scene, 2, 3)
    scene.deliver(59.9)
    assert scene.webview.settled() is None
    scene.webview.close()
    scene.front.write_bytes(before)
    scene.killed()
    scene.deliver()
    assert values(scene) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "tidy",
    [
        lambda scene: scene.other("DELETE FROM APPLICATION_CONFIG"),
        lambda scene: scene.other("DROP TABLE APPLICATION_CONFIG"),
        lambda scene: scene.other("UPDATE APPLICATION_CONFIG SET config_value = 'what is this?'"),
    ],
    ids=["deleted", "no such table", "overwritten"],
)
def test_without_the_mark_no_row_is_doubled_that_has_an_equal_there(
    scene: Scene, tidy: Callable[[Scene], None]
) -> None:
    put(scene, 1, 4)
    for posted in scene.posts:
        scene.webview.posted(posted)
    for _ in range(2):
        scene.webview.step()
    done = values(scene)
    assert 0 < len(done) < 4
    scene.webview.close()
    tidy(scene)
    for steps in (2, 4, 3):
        scene.killed()
        for _ in range(steps):
            scene.webview.step()
    scene.deliver()
    assert values(scene) == [1, 2, 3, 4]
    put(scene, 5)
    scene.deliver()
    assert values(scene) == [1, 2, 3, 4, 5]


def test_a_mark_that_is_deleted_under_us_is_written_again(scene: Scene) -> None:
    put(scene, 1)
    scene.deliver()
    scene.other("DELETE FROM APPLICATION_CONFIG")
    put(scene, 2, 2)
    scene.deliver()
    assert values(scene) == [1, 2, 3]
    assert len(scene.cells("SELECT 1 FROM APPLICATION_CONFIG WHERE config_key LIKE 't3actors.%'")) == 1


def test_marks_of_openings_that_are_over_are_tidied_away(scene: Scene) -> None:
    for number in range(6):
        put(scene, number + 1)
        scene.settle()
        put(scene, number + 11)
        scene.killed()
        scene.deliver()
    (mark,) = scene.cells("SELECT config_value FROM APPLICATION_CONFIG WHERE config_key LIKE 't3actors.outbox.%'")
    assert len(mark[0].split()) <= 3


def test_two_gateways_have_a_mark_each(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    second = Scene(tmp_path / "b")
    second.front, second.webview_config = scene.front, scene.webview_config
    second.webview = second.new_webview()
    second.opened().put(announced(device="b", serial=2))
    for number in (1, 2, 3):
        put(scene, number)
        second.put(change(number + 10, device="b", at_ms=T0_MS + number))
        for gateway in (scene, second):
            gateway.deliver()
            gateway.killed()
            gateway.deliver()
    second.close()
    assert values(scene) == [1, 2, 3, 11, 12, 13]


def test_a_writer_that_was_given_up_on_commits_nothing_beside_its_successor(scene: Scene) -> None:
    put(scene, 1)
    ghost = scene.webview
    scene.webview = scene.new_webview()
    ghost.give_up()
    for posted in scene.posts:
        ghost.posted(posted)
    with pytest.raises(StoreError):
        while ghost.step():
            pass
    scene.deliver()
    ghost.close()
    assert values(scene) == [1]


def test_two_writers_at_once_write_each_row_once(scene: Scene) -> None:
    ghost, scene.webview = scene.webview, scene.new_webview()
    put(scene, 1, 5)
    for posted in scene.posts:
        ghost.posted(posted)
    for _ in range(20):
        ghost.step()
        scene.webview.step()
    ghost.close()
    assert values(scene) == [1, 2, 3, 4, 5]


def test_the_outbox_is_let_go_of_only_a_minute_after_the_commit(scene: Scene) -> None:
    put(scene, 1, 2)
    scene.deliver(1)
    assert scene.webview.settled() is None
    scene.deliver(59.9)
    first = scene.webview.settled()
    assert first is not None
    assert first.up_to == 1  # the announcement, of a second earlier
    scene.deliver(0.1)
    delivered = scene.webview.settled()
    assert delivered is not None
    assert delivered.up_to == 3
    assert scene.webview.settled() is None
    put(scene, 3)
    scene.deliver()
    at_the_end = scene.webview.settled(at_the_end=True)
    assert at_the_end is not None
    assert at_the_end.up_to == 4


@contextmanager
def connection() -> Iterator[apsw.Connection]:
    opened = apsw.Connection(":memory:")
    try:
        yield opened
    finally:
        opened.close()


def test_a_mark_is_read_as_it_was_written() -> None:
    with connection() as memory:
        memory.execute(
            "CREATE TABLE APPLICATION_CONFIG (config_key, config_value, config_type, description, is_system, updated_at)"
        )
        mark = Watermark("abc", has_table=True)
        assert mark.read(memory) is None
        for places in ({0: (1, 0)}, {(1 << 53) - 1: (1 << 40, 200_000), 7: (3, 1)}):
            mark.write(memory, places)
            assert mark.read(memory) == places
        assert Watermark("other", has_table=True).read(memory) is None
        assert Watermark("abc", has_table=False).read(memory) is None
