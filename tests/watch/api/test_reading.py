"""The database is asked in a thread, within a time, one question at a time; a new file is opened when there is one."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, cast

import pytest
import trio

from t3actors.errors import StoreError
from t3actors.watch.api import reading
from t3actors.watch.api.reading import Lane, Reader, Reading, encoded
from t3actors.watch.api.refusals import Refused
from tests.waiting import WITHIN_S, until


class FakeReader:
    """A reader whose questions last until they are interrupted."""

    def __init__(self) -> None:
        self.interrupted = threading.Event()
        self.closed = False

    def devices(self) -> list[Any]:
        return ["ahu-1"]

    def events(self) -> list[Any]:
        assert self.interrupted.wait(WITHIN_S)
        raise StoreError("interrupted")

    def interrupt(self) -> None:
        self.interrupted.set()

    def close(self) -> None:
        self.closed = True


class Opened:
    """Opens readers, and remembers them."""

    def __init__(self) -> None:
        self.readers: list[FakeReader] = []

    def __call__(self, _path: Path) -> Reader:
        self.readers.append(FakeReader())
        return cast("Reader", self.readers[-1])


def lane(database: Path, within_s: float = WITHIN_S) -> tuple[Lane, Opened]:
    opened = Opened()
    return Lane(database, opened, within_s), opened


def long_question(reader: Reader) -> object:
    return cast("Any", reader).events()


async def test_an_answer_is_made_in_another_thread_and_the_reader_kept(tmp_path: Path) -> None:
    made, opened = lane(tmp_path)
    threads = [await made.read(lambda _reader: threading.get_ident()) for _ in range(3)]
    assert threading.get_ident() not in threads
    assert len(opened.readers) == 1
    assert await made.read(encoded(lambda reader: reader.devices())) == b'["ahu-1"]'


async def test_a_question_that_takes_too_long_is_ended_and_refused(tmp_path: Path) -> None:
    made, opened = lane(tmp_path, within_s=0.05)
    with pytest.raises(Refused, match=r"the database: it took longer than 0.05 s: ask for less"):
        await made.read(long_question)
    assert opened.readers[0].closed
    assert await made.read(lambda reader: len(reader.devices())) == 1


async def test_who_goes_away_leaves_no_question_behind(tmp_path: Path) -> None:
    made, opened = lane(tmp_path)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(made.read, long_question)
        await until(lambda: opened.readers)
        nursery.cancel_scope.cancel()
    assert opened.readers[0].interrupted.is_set()
    assert await made.read(lambda reader: len(reader.devices())) == 1


async def test_what_the_database_says_against_it_is_told(tmp_path: Path) -> None:
    def busy(_reader: Reader) -> object:
        raise StoreError("site.db: is busy")

    made, _ = lane(tmp_path)
    with pytest.raises(Refused, match=r"the database: site.db: is busy"):
        await made.read(busy)


async def test_a_refusal_out_of_a_question_comes_through_as_it_is(tmp_path: Path) -> None:
    def refuse(_reader: Reader) -> object:
        raise Refused(reading.HTTPStatus.NOT_FOUND, "no such device")

    made, opened = lane(tmp_path)
    with pytest.raises(Refused, match="no such device"):
        await made.read(refuse)
    assert not opened.readers[0].closed


async def test_a_database_that_was_begun_anew_is_opened_anew(tmp_path: Path) -> None:
    database = tmp_path / "t3actors.db"
    database.touch()
    made, opened = lane(database)
    await made.read(lambda reader: reader.devices())
    database.rename(tmp_path / "aside")
    database.touch()
    await made.read(lambda reader: reader.devices())
    assert [each.closed for each in opened.readers] == [True, False]


async def test_a_long_question_keeps_a_short_one_of_the_other_lane_not_waiting(tmp_path: Path) -> None:
    opened = Opened()
    both = Reading(tmp_path, opened)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(both.slow.read, long_question)
        await until(lambda: opened.readers)
        assert await both.quick.read(lambda reader: len(reader.devices())) == 1
        nursery.cancel_scope.cancel()
    both.close()
    assert all(each.closed for each in opened.readers)


async def test_a_lane_in_which_nobody_asks_lets_go_until_the_next_question(tmp_path: Path) -> None:
    opened = Opened()
    both = Reading(tmp_path, opened)
    await both.quick.read(lambda reader: reader.devices())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(both.slow.read, long_question)
        await until(lambda: len(opened.readers) == 2)
        both.let_go()
        assert [each.closed for each in opened.readers] == [True, False]
        nursery.cancel_scope.cancel()
    assert await both.quick.read(lambda reader: len(reader.devices())) == 1
    both.close()


async def test_who_waits_too_long_for_his_turn_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "WAITS_AT_MOST_S", 0.05)
    made, opened = lane(tmp_path)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(made.read, long_question)
        await until(lambda: opened.readers)
        with pytest.raises(Refused, match="too many questions wait"):
            await made.read(lambda reader: reader.devices())
        nursery.cancel_scope.cancel()


async def test_a_reader_of_a_log_that_was_removed_is_kept_until_there_is_another(tmp_path: Path) -> None:
    (tmp_path / "t3actors.db").touch()
    log = tmp_path / "t3actors.db-wal"
    log.touch()
    (tmp_path / "t3actors.db-shm").touch()
    asked, opened = lane(tmp_path / "t3actors.db")
    await asked.read(lambda reader: reader.devices())
    log.rename(tmp_path / "removed")
    await asked.read(lambda reader: reader.devices())
    assert len(opened.readers) == 1
    log.touch()
    await asked.read(lambda reader: reader.devices())
    assert [reader.closed for reader in opened.readers] == [True, False]


async def test_a_reader_lets_go_of_an_index_that_was_removed_and_waits_for_another(tmp_path: Path) -> None:
    files = [tmp_path / f"t3actors.db{suffix}" for suffix in ("", "-wal", "-shm")]
    for file in files:
        file.touch()
    asked, opened = lane(files[0])
    await asked.read(lambda reader: reader.devices())
    files[2].rename(tmp_path / "removed")
    with pytest.raises(Refused, match="its -shm is gone"):
        await asked.read(lambda reader: reader.devices())
    assert opened.readers[0].closed
    files[2].touch()
    await asked.read(lambda reader: reader.devices())
    assert [reader.closed for reader in opened.readers] == [True, False]
