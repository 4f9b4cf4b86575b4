"""The writer's side: what a batch means for T3000's file is in the outbox exactly if the batch is stored, and nothing waits for it."""

from __future__ import annotations

from pathlib import Path

import apsw
import msgspec
import pytest

from t3actors.config import StoreConfig
from t3actors.errors import StoreBusy
from t3actors.messages import DeviceProgress, DeviceRemoved, DeviceStatusChanged, PollCounts
from t3actors.points import DeviceStatus, Status
from t3actors.store.room import Room
from t3actors.store.webview.mail import Delivered, Posted
from t3actors.store.webview.outbox import ROW_BYTES
from t3actors.store.webview.posting import Change, unpack
from tests.store.building import T0_MS, announced, change, point
from tests.store.test_store import fill_up, make_room
from tests.store.webview.scene import Scene


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    scene = Scene(tmp_path).opened()
    scene.put(announced([point(n) for n in range(1, 9)]))
    scene.posts.clear()
    return scene


def postings(scene: Scene) -> list[tuple[int, tuple[int, ...], tuple[Change, ...]]]:
    return [
        (id_, *unpack(content)) for id_, content in scene.rows("SELECT id, content FROM webview_outbox ORDER BY id")
    ]  # type: ignore[misc, arg-type]


def identity(scene: Scene) -> str:
    return str(scene.one("SELECT identity FROM webview_identity"))


def delivered(scene: Scene, up_to: int) -> None:
    scene.outbox.delivered(Delivered(identity(scene), up_to))


def test_a_batch_is_one_row_and_the_other_side_is_told(scene: Scene) -> None:
    scene.put(change(21.5), change(2, "IN2", at_ms=T0_MS + 1999, auto_manual=1), change(3, "IN3", sample=False))
    assert postings(scene)[-1] == (
        2,
        (),
        (
            Change(1, T0_MS // 1000, 0, 1, 21500, Status.OK, None, True),
            Change(1, T0_MS // 1000 + 1, 0, 2, 2000, Status.OK, 1, True),
            Change(1, T0_MS // 1000, 0, 3, 3000, Status.OK, None, False),
        ),
    )
    assert scene.posts == [Posted(identity(scene), 2)]


def test_what_concerns_a_whole_device_names_it_and_what_concerns_nobody_there_is_no_row(scene: Scene) -> None:
    scene.put(
        DeviceStatusChanged(
            device="ahu-1", at_ms=T0_MS, status=DeviceStatus.ONLINE, was=DeviceStatus.UNKNOWN, reason=""
        )
    )
    scene.put(DeviceProgress(device="ahu-1", last_ok_at_ms=T0_MS, counts=PollCounts(1)))
    scene.put(change(1, "IN9"), change(1, device="stranger"))
    scene.put(DeviceRemoved(device="ahu-1", at_ms=T0_MS, reason="gone"))
    assert [posting[:2] for posting in postings(scene)] == [(1, (1,)), (2, (1,)), (3, (1,))]
    assert [posted.newest for posted in scene.posts] == [2, 3]


def test_a_value_that_is_not_good_is_no_sample(scene: Scene) -> None:
    scene.put(change(5, status=Status.DOWN), change(float("nan"), "IN2"), change("text", "IN3"))
    found = [(c.point_index, c.raw, c.status, c.sample) for c in postings(scene)[-1][2]]
    assert found == [(1, 5000, Status.DOWN, False), (2, None, Status.FAULT, False), (3, None, Status.OK, False)]
    assert scene.one("SELECT samples FROM webview_outbox WHERE id = 2") == 0


def test_a_batch_that_is_not_stored_leaves_nothing_and_one_that_is_sent_again_leaves_one_row(scene: Scene) -> None:
    batch = scene.batch(change(7))
    other = apsw.Connection(str(scene.path))
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusy):
        scene.store.store(batch)
    other.close()
    assert (scene.waiting(), scene.posts) == (1, [])
    scene.store.store(batch)
    scene.store.store(batch)
    assert (scene.waiting(), len(scene.posts)) == (2, 1)


def test_a_row_that_the_store_refuses_is_not_posted_and_the_others_are(scene: Scene) -> None:
    scene.put(change(1), change(2, "IN2", reason="\ud800"), change(3, "IN3"))
    assert [c.point_index for c in postings(scene)[-1][2]] == [1, 3]


def test_the_next_batch_deletes_what_was_delivered_but_never_the_newest_row(scene: Scene) -> None:
    for value in range(3):
        scene.put(change(value))
    delivered(scene, 3)
    scene.put(change(4))
    assert [id_ for id_, *_ in postings(scene)] == [4, 5]
    delivered(scene, 5)
    scene.put(DeviceProgress(device="ahu-1", last_ok_at_ms=T0_MS, counts=PollCounts(1)))
    assert [id_ for id_, *_ in postings(scene)] == [5]
    scene.killed()
    scene.put(change(6))
    assert [id_ for id_, *_ in postings(scene)] == [5, 6]


def test_what_another_database_of_ours_had_delivered_deletes_nothing(scene: Scene) -> None:
    scene.put(change(1))
    scene.outbox.delivered(Delivered("somebody", 9))
    scene.put(change(2))
    assert scene.waiting() == 3


def test_a_clean_stop_deletes_what_was_delivered(scene: Scene) -> None:
    scene.put(change(1))
    delivered(scene, 2)
    scene.store.close()
    assert [id_ for id_, *_ in postings(scene)] == [2]


def test_each_opening_writes_a_stream_of_its_own(scene: Scene) -> None:
    scene.put(change(1))
    scene.reopened()
    scene.put(change(2))
    streams = [stream for (stream,) in scene.rows("SELECT stream FROM webview_outbox ORDER BY id")]
    assert streams[0] == streams[1] != streams[2]


def test_beyond_the_limit_the_oldest_rows_go_counted_and_said_once(tmp_path: Path) -> None:
    scene = Scene(tmp_path, outbox_bytes=20 * (ROW_BYTES + 20)).opened()
    scene.put(announced())
    for value in range(100):
        scene.put(change(value + 0.123, at_ms=T0_MS + value))
    ids = [id_ for id_, *_ in postings(scene)]
    assert ids == list(range(ids[0], 102))
    assert 15 < len(ids) < 25
    assert len(scene.logged("webview.outbox_full")) == 1
    assert scene.one("SELECT count(*) FROM samples") == 100
    delivered(scene, 101)
    scene.put(change(1.5, at_ms=T0_MS + 200))
    assert scene.logged("webview.outbox_drained") == [{"lost_samples": ids[0] - 2}]
    scene.put(change(2.5, at_ms=T0_MS + 201))
    assert len(scene.logged("webview.outbox_drained")) == 1


def test_one_row_larger_than_the_limit_stays_until_there_is_a_newer_one(tmp_path: Path) -> None:
    scene = Scene(tmp_path, outbox_bytes=100).opened()
    scene.put(announced([point(n) for n in range(1, 200)]), *(change(n + 0.5, f"IN{n}") for n in range(1, 200)))
    assert scene.waiting() == 1
    scene.put(change(0.25))
    assert scene.waiting() == 1


def test_the_size_is_known_again_after_a_restart(tmp_path: Path) -> None:
    scene = Scene(tmp_path, outbox_bytes=20 * (ROW_BYTES + 20)).opened()
    scene.put(announced())
    for value in range(15):
        scene.put(change(value + 0.123, at_ms=T0_MS + value))
    scene.killed()
    for value in range(15, 40):
        scene.put(change(value + 0.123, at_ms=T0_MS + value))
    assert scene.waiting() < 25


def test_where_history_has_to_wait_states_are_posted_and_samples_are_not(scene: Scene) -> None:
    scene.config = msgspec.structs.replace(scene.config, min_free_bytes=1000)
    scene.store.abandon_connection()
    scene.store = scene.new_store()
    scene.opened()
    scene.free = 999
    scene.put(announced([point(1)]), change(5))
    (one,) = postings(scene)[-1][2]
    assert (one.raw, one.sample) == (5000, False)


def test_where_not_even_samples_find_room_the_outbox_takes_none_and_a_number_says_so(scene: Scene) -> None:
    fill_up(scene)
    at_ms = T0_MS
    while not scene.logged("store.full"):
        at_ms += 1000
        scene.put(*(change(at_ms, f"IN{n}", at_ms=at_ms) for n in range(1, 9)))
    last = postings(scene)[-1][0]
    assert scene.posts[-1].newest == last + 1
    make_room(scene)
    scene.put(change(1, at_ms=at_ms + 1000))
    assert [id_ for id_, *_ in postings(scene)][-2:] == [last, last + 2]


def test_numbers_that_found_no_room_are_given_when_there_is(scene: Scene) -> None:
    before = scene.rows("SELECT count(*) FROM webview_numbers")
    batch = scene.batch(announced([point(n) for n in range(1, 9)], device="new", serial=7))
    assert scene.store._opened is not None
    tally = scene.store._opened.commit(batch, Room.POINTS_ONLY)
    assert tally.rows > 0
    scene.outbox.committed()
    assert scene.rows("SELECT count(*) FROM webview_numbers") == before
    scene.put(change(1))
    assert scene.rows("SELECT count(*) FROM webview_numbers WHERE device_id = 2") == [(8,)]


def test_without_a_configuration_nothing_is_posted_and_what_was_left_is_deleted(scene: Scene) -> None:
    for value in range(5):
        scene.put(change(value))
    scene.config = StoreConfig(database=scene.path, min_free_bytes=0)
    scene.reopened()
    scene.posts.clear()
    scene.put(announced([point(1), point(77, point_id="x")]), change(9))
    assert (scene.waiting(), scene.posts) == (1, [])
    assert scene.one("SELECT count(*) FROM webview_numbers WHERE point_index = 77") == 0
