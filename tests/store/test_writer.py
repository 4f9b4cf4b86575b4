"""The actor on its thread: a real file, a detector that is a list."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import apsw
import pytest

from supervision import ask
from supervision.registry import Registry
from supervision.testing import running
from t3actors.errors import SchemaTooNew, StoreBusy, StoreDamaged
from t3actors.messages import BatchStored, StateLoaded, StateRequested, WriterReady
from t3actors.questions import LearnedRequested, RememberedRequested, WriterStandingRequested
from t3actors.store import connection, memory, place, store, transaction, writer
from t3actors.store import opened as opened_module
from t3actors.store.integrity import FileChecked
from t3actors.store.writer import DatabaseWriter, Pulse, Tidy
from tests.store.building import T0_MS, House, announced, change
from tests.store.disk import simulated_disk
from tests.store.test_memory import found, learned
from tests.waiting import until


class Detector:
    """Plays the role and keeps what it is sent."""

    incarnation = 1

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def deliver(self, message: object) -> bool:
        self.heard.append(message)
        return True

    def ask_later(self, message: object) -> Any:
        raise NotImplementedError

    def of(self, kind: type) -> list[Any]:
        return [message for message in self.heard if isinstance(message, kind)]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A locked database is tried again soon."""
    monkeypatch.setattr(connection, "BUSY_TIMEOUT_MS", 50)
    monkeypatch.setattr(writer, "RETRY_S", 0.05)


class Writing:
    """A running writer and its surroundings."""

    def __init__(self, folder: Path, min_free_bytes: int = 0) -> None:
        self.house = House(folder, min_free_bytes)
        self.detector = Detector()
        self.registry = Registry()
        self.registry.register("detector", self.detector)
        house = self.house
        self.actor = DatabaseWriter(
            house.config, "test", "1.0", "boot", house.log, lambda: house.now_ms, lambda _path: house.free
        )
        self.ref: Any = None

    async def heard(self, kind: type, count: int = 1) -> list[Any]:
        await until(lambda: len(self.detector.of(kind)) >= count)
        return self.detector.of(kind)


@asynccontextmanager
async def writing(folder: Path, min_free_bytes: int = 0) -> AsyncIterator[Writing]:
    scene = Writing(folder, min_free_bytes)
    async with running(scene.actor, name="writer", registry=scene.registry) as ref:
        scene.ref = ref
        yield scene


async def test_a_writer_says_when_it_is_ready_and_acknowledges_each_batch(tmp_path: Path) -> None:
    async with writing(tmp_path) as scene:
        assert await scene.heard(WriterReady) == [WriterReady(incarnation=1, fresh=False)]
        scene.ref.tell(scene.house.batch(announced(), change()))
        (stored,) = await scene.heard(BatchStored)
        assert (stored.incarnation, stored.batch_no, stored.samples, stored.dropped) == (1, 1, 1, ())
        assert (scene.actor.batches_stored, scene.actor.samples_stored) == (1, 1)
    assert scene.house.one("SELECT clean_stop FROM GATEWAY") == 1


async def test_state_is_told_as_of_the_mail_before_it(tmp_path: Path) -> None:
    async with writing(tmp_path) as scene:
        scene.ref.tell(scene.house.batch(announced(), change(1)))
        scene.ref.tell(StateRequested(incarnation=5))
        scene.ref.tell(scene.house.batch(change(2, at_ms=T0_MS + 1)))
        (state,) = await scene.heard(StateLoaded)
        assert (state.incarnation, state.points[0].reading.value) == (5, 1)


async def test_a_locked_database_delays_a_batch_and_the_question_behind_it_and_loses_neither(tmp_path: Path) -> None:
    async with writing(tmp_path) as scene:
        await scene.heard(WriterReady)
        other = apsw.Connection(str(scene.house.path))
        other.execute("BEGIN IMMEDIATE")
        batch = scene.house.batch(announced(), change())
        scene.ref.tell(batch)
        scene.ref.tell(batch)  # the detector, impatient
        scene.ref.tell(StateRequested(incarnation=2))
        await until(lambda: scene.house.logged("store.busy") != [])
        scene.ref.tell(Pulse())
        await until(scene.actor.actor_inbox.empty)
        assert scene.detector.of(BatchStored) == scene.detector.of(StateLoaded) == []
        other.execute("COMMIT")
        other.close()
        (state,) = await scene.heard(StateLoaded)
        assert len(state.points) == 1
        assert [type(message) for message in scene.detector.heard] == [WriterReady, BatchStored, StateLoaded]
        assert len(scene.house.logged("store.busy")) == len(scene.house.logged("store.recovered")) == 1


async def test_a_writer_says_how_it_is_and_what_it_waits_for(tmp_path: Path) -> None:
    async with writing(tmp_path) as scene:
        await scene.heard(WriterReady)
        scene.ref.tell(scene.house.batch(announced(), change()))
        standing = await ask(scene.ref, WriterStandingRequested())
        assert (standing.batches_stored, standing.waits_for, standing.history_waits) == (1, "", False)
        assert standing.size_bytes > 4096
        other = apsw.Connection(str(scene.house.path))
        other.execute("BEGIN IMMEDIATE")
        scene.ref.tell(scene.house.batch(change(2, at_ms=T0_MS + 1)))
        assert "t3actors.db" in (await ask(scene.ref, WriterStandingRequested())).waits_for
        other.execute("COMMIT")
        other.close()
        await scene.heard(BatchStored, 2)
        assert (await ask(scene.ref, WriterStandingRequested())).waits_for == ""


async def test_a_writer_that_has_no_room_for_history_says_so(tmp_path: Path) -> None:
    async with writing(tmp_path, min_free_bytes=1000) as scene:
        await scene.heard(WriterReady)
        scene.house.free = 0
        scene.ref.tell(scene.house.batch(announced(), change()))
        assert (await ask(scene.ref, WriterStandingRequested())).history_waits


async def test_a_database_that_is_locked_at_the_start_is_waited_for(tmp_path: Path) -> None:
    House(tmp_path).opened().store.close()
    other = apsw.Connection(str(tmp_path / "t3actors.db"))
    other.execute("BEGIN IMMEDIATE")
    async with writing(tmp_path) as scene:
        scene.ref.tell(scene.house.batch(announced(), change()))
        await until(lambda: scene.house.logged("store.busy") != [])
        assert scene.detector.heard == []
        other.execute("COMMIT")
        other.close()
        await scene.heard(BatchStored)
        assert [type(message) for message in scene.detector.heard] == [WriterReady, BatchStored]


async def test_a_stop_stores_what_was_held(tmp_path: Path) -> None:
    async with writing(tmp_path) as scene:
        await scene.heard(WriterReady)
        other = apsw.Connection(str(scene.house.path))
        other.execute("BEGIN IMMEDIATE")
        scene.ref.tell(scene.house.batch(announced(), change()))
        await until(lambda: scene.house.logged("store.busy") != [])
        scene.actor.ask_stop()
        other.execute("COMMIT")
        other.close()
    assert scene.house.one("SELECT count(*) FROM samples") == 1
    assert scene.house.one("SELECT clean_stop FROM GATEWAY") == 1


async def test_a_damaged_file_at_start_makes_the_detector_forget(tmp_path: Path) -> None:
    house = House(tmp_path).opened()
    house.put(announced(), change())
    house.store.close()
    with house.path.open("r+b") as file:
        file.write(b"\xa5" * 8192)
    async with writing(tmp_path) as scene:
        assert await scene.heard(WriterReady) == [WriterReady(incarnation=1, fresh=True)]
        assert len(scene.house.logged("store.damaged")) == 1


async def test_damage_found_beside_the_work_sets_the_file_aside_and_work_goes_on(tmp_path: Path) -> None:
    async with writing(tmp_path) as scene:
        scene.ref.tell(scene.house.batch(announced(), change()))
        scene.ref.tell(FileChecked(0.1, damage="row 7 missing from index"))
        ready = await scene.heard(WriterReady, 2)
        assert [message.fresh for message in ready] == [False, True]
        scene.ref.tell(scene.house.batch(announced(), change()))
        await scene.heard(BatchStored, 2)
        assert [line["result"] for line in scene.house.logged("store.checked")] == ["row 7 missing from index"]
        await ask(scene.ref, FileChecked(0.1, damage="row 8, too"))  # of the file that was set aside
        assert len(scene.house.logged("store.damaged")) == 1
        assert scene.house.one("SELECT count(*) FROM samples") == 1


async def test_a_file_that_was_removed_is_noticed_at_the_next_pulse_and_a_new_one_begun(tmp_path: Path) -> None:
    async with writing(tmp_path) as scene:
        path = scene.house.path
        scene.ref.tell(scene.house.batch(announced(), change()))
        await scene.heard(BatchStored)
        await ask(scene.ref, Pulse())  # and over: the writer must not look while the file is half removed
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink()
        scene.ref.tell(Pulse())
        ready = await scene.heard(WriterReady, 2)
        assert [message.fresh for message in ready] == [False, True]
        (line,) = scene.house.logged("store.damaged")
        assert "was removed under the gateway" in str(line["reason"])
        assert line["set_aside"] == "nothing"
        scene.ref.tell(scene.house.batch(announced(), change()))
        await scene.heard(BatchStored, 2)
        assert scene.house.one("SELECT count(*) FROM samples") == 1


async def test_a_sound_file_that_was_put_in_the_place_of_ours_is_opened_as_it_is_and_nothing_set_aside(
    tmp_path: Path,
) -> None:
    """A backup that somebody restores, or the disk that was away and is back under another number."""
    async with writing(tmp_path) as scene:
        scene.ref.tell(scene.house.batch(announced(), change()))
        await scene.heard(BatchStored)
        backup = tmp_path / "backup"
        scene.house.rows(f"VACUUM INTO '{backup}'")
        scene.ref.tell(scene.house.batch(change(22.0, at_ms=T0_MS + 1)))
        await scene.heard(BatchStored, 2)
        await ask(scene.ref, Pulse())
        backup.replace(scene.house.path)
        scene.ref.tell(Pulse())
        assert [message.fresh for message in await scene.heard(WriterReady, 2)] == [False, True]
        assert [event for event, _ in scene.house.lines if event in {"store.replaced", "store.damaged"}] == [
            "store.replaced"
        ]
        assert scene.house.rows("SELECT value FROM TRENDLOG_DATA") == [
            (21.5,)
        ]  # the lost file's log was not played into it
        assert tmp_path.joinpath("t3actors.db.stray-wal").exists()
        scene.ref.tell(scene.house.batch(announced(), change(23.0, at_ms=T0_MS + 2)))
        await scene.heard(BatchStored, 3)
        assert scene.house.one("SELECT count(*) FROM samples") == 2
        assert scene.house.one("PRAGMA integrity_check") == "ok"


@pytest.mark.parametrize("replaced", ["file", "log"])
async def test_while_a_log_that_is_not_of_the_database_cannot_be_put_aside_it_is_not_opened_beside_it(
    tmp_path: Path, replaced: str
) -> None:
    """Not at the second attempt either: SQLite would play that log into the file."""
    async with writing(tmp_path) as scene:
        scene.ref.tell(scene.house.batch(announced(), change()))
        await scene.heard(BatchStored)
        backup, wal = tmp_path / "backup", tmp_path / "t3actors.db-wal"
        scene.house.rows(f"VACUUM INTO '{backup}'")
        scene.ref.tell(scene.house.batch(change(22.0, at_ms=T0_MS + 1)))
        await scene.heard(BatchStored, 2)
        await ask(scene.ref, Pulse())
        aside = tmp_path / "t3actors.db.stray-wal"
        (aside / "in the way").mkdir(parents=True)
        if replaced == "file":
            backup.replace(scene.house.path)
        else:
            wal.unlink()
            wal.write_bytes(b"the log of another database")
        stray = wal.read_bytes()
        for _ in range(3):
            await ask(scene.ref, Pulse())
        assert wal.read_bytes() == stray
        assert len(scene.house.logged("store.failing")) == 1
        shutil.rmtree(aside)
        scene.ref.tell(Pulse())
        assert [message.fresh for message in await scene.heard(WriterReady, 2)] == [False, replaced == "file"]
        assert aside.read_bytes() == stray
        assert (
            scene.house.rows("SELECT value FROM TRENDLOG_DATA") == [(21.5,), (22.0,)][: 1 if replaced == "file" else 2]
        )
        assert scene.house.one("PRAGMA integrity_check") == "ok"
        assert scene.house.logged("store.damaged") == []


async def test_while_what_was_put_there_is_no_database_of_ours_it_is_left_alone_and_waited(tmp_path: Path) -> None:
    async with writing(tmp_path) as scene:
        await scene.heard(WriterReady)
        await ask(scene.ref, Pulse())
        (tmp_path / "notes").write_text("somebody's own\n")
        (tmp_path / "notes").replace(scene.house.path)
        scene.ref.tell(Pulse())
        await until(lambda: scene.house.logged("store.failing") != [], within_s=10)
        assert "this is not a database" in str(scene.house.logged("store.failing")[0]["reason"])
        scene.house.path.unlink()
        scene.ref.tell(Pulse())
        await scene.heard(WriterReady, 2)
        scene.ref.tell(scene.house.batch(announced(), change()))
        await scene.heard(BatchStored)


async def test_where_the_disk_is_gone_from_its_place_no_new_database_is_begun_and_the_old_one_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, away = tmp_path / "mounted", tmp_path / "away"
    home.mkdir()
    monkeypatch.setattr(place, "disk_of", lambda folder: 1 if folder.joinpath("disk").exists() else 2)
    home.joinpath("disk").touch()
    async with writing(home) as scene:
        scene.ref.tell(scene.house.batch(announced(), change()))
        await scene.heard(BatchStored)
        home.rename(away)
        home.mkdir()
        scene.ref.tell(Pulse())
        scene.ref.tell(scene.house.batch(change(22.0, at_ms=T0_MS + 1)))
        await until(lambda: scene.house.logged("store.failing") != [], within_s=10)
        assert "the disk that it lay on is not in its place" in str(scene.house.logged("store.failing")[0]["reason"])
        assert list(home.iterdir()) == []
        home.rmdir()
        away.rename(home)
        await scene.heard(BatchStored, 2)
        assert scene.house.logged("store.damaged") == []
        assert scene.house.one("SELECT count(*) FROM samples") == 2


async def test_older_content_that_was_copied_into_the_file_is_noticed_at_the_next_pulse(tmp_path: Path) -> None:
    async with writing(tmp_path) as scene:
        backup = tmp_path / "backup"
        for number in range(3):
            scene.ref.tell(scene.house.batch(announced(), change(number, at_ms=T0_MS + number)))
            await scene.heard(BatchStored, number + 1)
            scene.house.rows("PRAGMA wal_checkpoint(PASSIVE)")
            await ask(scene.ref, Pulse())
            assert scene.house.logged("store.damaged") == []
            if number == 0:
                shutil.copyfile(scene.house.path, backup)
        with backup.open("rb") as old, scene.house.path.open("r+b") as file:
            shutil.copyfileobj(old, file)
        scene.ref.tell(Pulse())
        assert [message.fresh for message in await scene.heard(WriterReady, 2)] == [False, True]
        (line,) = scene.house.logged("store.damaged")
        assert "other content was copied into the file under the gateway" in str(line["reason"])


ANOTHER_GATEWAYS = """
CREATE TABLE GATEWAY (writer_epoch, boot_id); INSERT INTO GATEWAY VALUES (99, 'another');
CREATE TABLE stored_batches (incarnation, batch_no); INSERT INTO stored_batches VALUES (7, 9);
"""


@pytest.mark.parametrize(
    "tables", [ANOTHER_GATEWAYS, ""], ids=["another gateway's, however far it has come", "none of ours"]
)
async def test_content_of_another_origin_that_was_copied_into_the_file_is_noticed_too(
    tmp_path: Path, tables: str
) -> None:
    with closing(apsw.Connection(str(tmp_path / "other"))) as other:
        other.execute(tables + "CREATE TABLE t (a); INSERT INTO t VALUES (zeroblob(1000000))")
    async with writing(tmp_path) as scene:
        scene.ref.tell(scene.house.batch(announced(), change()))
        await scene.heard(BatchStored)
        scene.house.rows("PRAGMA wal_checkpoint(PASSIVE)")
        await ask(scene.ref, Pulse())
        with (tmp_path / "other").open("rb") as new, scene.house.path.open("r+b") as file:
            shutil.copyfileobj(new, file)
        scene.ref.tell(Pulse())
        await scene.heard(WriterReady, 2)
        assert "other content was copied" in str(scene.house.logged("store.damaged")[0]["reason"])


@pytest.mark.parametrize("left", [0, 32, 4152])
async def test_a_log_that_was_cut_short_where_it_lies_is_noticed_at_the_next_pulse(tmp_path: Path, left: int) -> None:
    async with writing(tmp_path) as scene:
        scene.ref.tell(scene.house.batch(announced(), change()))
        await scene.heard(BatchStored)
        await ask(scene.ref, Pulse())
        wal = scene.house.path.with_name("t3actors.db-wal")
        size = wal.stat().st_size
        os.truncate(wal, left)
        scene.ref.tell(Pulse())
        assert [message.fresh for message in await scene.heard(WriterReady, 2)] == [False, True]
        (line,) = scene.house.logged("store.damaged")
        assert f"t3actors.db-wal: the log was cut short under the gateway: {left} bytes are left of {size}" in str(
            line["reason"]
        )


async def test_a_log_that_was_cut_short_and_written_on_is_noticed_too(tmp_path: Path) -> None:
    async with writing(tmp_path) as scene:
        scene.ref.tell(scene.house.batch(announced(), change()))
        await scene.heard(BatchStored)
        await ask(scene.ref, Pulse())
        wal = scene.house.path.with_name("t3actors.db-wal")
        size = wal.stat().st_size
        os.truncate(wal, 0)
        os.truncate(wal, size)  # as if what came next lay behind a hole
        scene.ref.tell(Pulse())
        await scene.heard(WriterReady, 2)
        assert "the log was cut short under the gateway: it has a hole" in str(
            scene.house.logged("store.damaged")[0]["reason"]
        )


async def test_a_log_that_is_folded_in_and_begun_again_is_whole(tmp_path: Path) -> None:
    async with writing(tmp_path) as scene:
        for number in range(6):
            scene.ref.tell(scene.house.batch(announced(), change(number, at_ms=T0_MS + number)))
            await scene.heard(BatchStored, number + 1)
            await ask(scene.ref, Pulse())
            how = ("PASSIVE", "FULL", "RESTART", "TRUNCATE", "TRUNCATE", "PASSIVE")[number]
            scene.house.rows(f"PRAGMA wal_checkpoint({how})")
            await ask(scene.ref, Pulse())
        assert scene.house.logged("store.damaged") == []


async def test_an_index_that_was_removed_is_told_once_and_made_anew(tmp_path: Path) -> None:
    async with writing(tmp_path) as scene:
        scene.ref.tell(scene.house.batch(announced(), change()))
        await scene.heard(BatchStored)
        await ask(scene.ref, Pulse())
        index = scene.house.path.with_name("t3actors.db-shm")
        reader = apsw.Connection(str(scene.house.path), flags=apsw.SQLITE_OPEN_READONLY)
        reader.execute("SELECT count(*) FROM samples").fetchall()  # of this process: it keeps the removed one alive
        index.unlink()
        for _ in range(2):
            await ask(scene.ref, Pulse())
            assert not index.exists()
        reader.close()
        await ask(scene.ref, Pulse())
        assert index.exists()
        scene.ref.tell(scene.house.batch(change(22.0, at_ms=T0_MS + 1)))
        await scene.heard(BatchStored, 2)
        await ask(scene.ref, Pulse())
        assert len(scene.house.logged("store.index_lost")) == 1
        assert scene.house.logged("store.damaged") == []
        assert scene.house.one("SELECT count(*) FROM samples") == 2


@pytest.mark.parametrize("how", ["removed", "replaced"])
async def test_what_stands_in_a_log_that_was_lost_is_saved_at_the_next_pulse(tmp_path: Path, how: str) -> None:
    async with writing(tmp_path) as scene:
        wal = scene.house.path.with_name("t3actors.db-wal")
        scene.ref.tell(scene.house.batch(announced(), change()))
        await scene.heard(BatchStored)
        await ask(scene.ref, Pulse())
        wal.unlink()
        if how == "replaced":
            wal.write_bytes(b"the log of another database")
        await ask(scene.ref, Pulse())
        assert [line["how"] for line in scene.house.logged("store.log_lost")] == [how]
        copy = tmp_path / "as a kill leaves it"
        copy.mkdir()
        for suffix in ("", "-wal"):
            shutil.copy(f"{scene.house.path}{suffix}", copy)
        assert House(copy).one("SELECT count(*) FROM samples") == 1
        assert tmp_path.joinpath("t3actors.db.stray-wal").exists() is (how == "replaced")
        scene.ref.tell(scene.house.batch(change(23.0, at_ms=T0_MS + 1)))
        await scene.heard(BatchStored, 2)
        await ask(scene.ref, Pulse())
        assert len(scene.house.logged("store.log_lost")) == 1
        assert scene.house.logged("store.damaged") == []
        assert wal.stat().st_size
        assert scene.house.one("SELECT count(*) FROM samples") == 2


async def test_a_lost_log_that_a_reader_holds_is_told_once_kept_open_and_saved_when_he_goes(tmp_path: Path) -> None:
    async with writing(tmp_path) as scene:
        scene.ref.tell(scene.house.batch(announced(), change()))
        await scene.heard(BatchStored)
        reader = apsw.Connection(str(scene.house.path), flags=apsw.SQLITE_OPEN_READONLY)
        reader.execute("BEGIN; SELECT count(*) FROM samples").fetchall()
        scene.house.path.with_name("t3actors.db-wal").unlink()
        for number in range(2):
            scene.ref.tell(scene.house.batch(change(23.0 + number, at_ms=T0_MS + 1 + number)))
            await ask(scene.ref, Pulse())
        await scene.heard(BatchStored, 3)
        assert len(scene.house.logged("store.opened")) == 1
        reader.close()
        await ask(scene.ref, Pulse())
        assert len(scene.house.logged("store.opened")) == 2
        assert len(scene.house.logged("store.log_lost")) == 1
        assert scene.house.one("SELECT count(*) FROM samples") == 3


async def test_a_lost_log_that_cannot_be_saved_costs_the_file(tmp_path: Path) -> None:
    with simulated_disk() as disk:
        async with writing(tmp_path) as scene:
            scene.ref.tell(scene.house.batch(announced(), change()))
            await scene.heard(BatchStored)
            scene.house.path.with_name("t3actors.db-wal").unlink()
            disk.fail("write", only="t3actors.db")
            for _ in range(2):
                await ask(scene.ref, Pulse())
            assert scene.house.logged("store.damaged") == []
            scene.ref.tell(Pulse())
            ready = await scene.heard(WriterReady, 2)
            assert ready[-1].fresh
            assert "its -wal was removed" in str(scene.house.logged("store.damaged")[0]["reason"])
            disk.mend()


@pytest.mark.parametrize("left", [0, 4096])
async def test_a_file_that_was_cut_short_is_set_aside_at_the_next_pulse(tmp_path: Path, left: int) -> None:
    async with writing(tmp_path) as scene:
        scene.ref.tell(scene.house.batch(announced(), change()))
        await scene.heard(BatchStored)
        scene.house.rows("PRAGMA wal_checkpoint(PASSIVE)")
        await ask(scene.ref, Pulse())
        size = scene.house.path.stat().st_size
        os.truncate(scene.house.path, left)
        scene.ref.tell(Pulse())
        assert [ready.fresh for ready in await scene.heard(WriterReady, 2)] == [False, True]
        (line,) = scene.house.logged("store.damaged")
        assert f"cut short under the gateway: {left} bytes are left of {size}" in str(line["reason"])
        scene.ref.tell(scene.house.batch(announced(), change()))
        await scene.heard(BatchStored, 2)
        assert scene.house.one("SELECT count(*) FROM samples") == 1


async def test_a_file_that_somebody_has_vacuumed_is_sound(tmp_path: Path) -> None:
    async with writing(tmp_path) as scene:
        scene.ref.tell(scene.house.batch(announced(), change()))
        await scene.heard(BatchStored)
        with closing(apsw.Connection(str(scene.house.path))) as shell:
            shell.execute(
                "CREATE TABLE mine (octets); INSERT INTO mine VALUES (zeroblob(500000)); PRAGMA wal_checkpoint(TRUNCATE)"
            )
            await ask(scene.ref, Pulse())
            size = scene.house.path.stat().st_size
            shell.execute("DROP TABLE mine; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)")
            assert scene.house.path.stat().st_size < size
            shell.execute("CREATE TABLE more (octets); INSERT INTO more VALUES (zeroblob(100000))")  # in the log alone
            await ask(scene.ref, Pulse())
        scene.ref.tell(scene.house.batch(change(2.0)))
        await scene.heard(BatchStored, 2)
        assert scene.house.logged("store.damaged") == []


async def test_a_sound_file_is_said_to_be_sound(tmp_path: Path) -> None:
    async with writing(tmp_path) as scene:
        scene.ref.tell(FileChecked(0.1))
        await until(lambda: [line["result"] for line in scene.house.logged("store.checked")] == ["ok"])
        assert len(scene.detector.of(WriterReady)) == 1


async def test_a_directory_that_vanished_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "data"
    async with writing(folder) as scene:
        await scene.heard(WriterReady)
        shutil.rmtree(folder)
        folder.write_text("in the way")
        scene.ref.tell(FileChecked(0.1, damage="gone"))
        await until(lambda: scene.house.logged("store.failing") != [])
        folder.unlink()
        ready = await scene.heard(WriterReady, 2)
        assert ready[-1].fresh
        assert scene.house.logged("store.recovered")


async def test_no_room_at_all_holds_the_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = transaction.write
    full, refused = [True], [0]

    def no_room(*arguments: Any) -> None:
        if full[0]:
            refused[0] += 1
            raise apsw.FullError("database or disk is full")
        write(*arguments)

    monkeypatch.setattr(opened_module, "write", no_room)
    async with writing(tmp_path) as scene:
        scene.ref.tell(scene.house.batch(announced(), change()))
        await until(lambda: refused[0] >= 2)  # with its history, and without
        assert scene.detector.of(BatchStored) == []
        full[0] = False
        (stored,) = await scene.heard(BatchStored)
        assert stored.samples == 1
        assert len(scene.house.logged("store.full")) == len(scene.house.logged("store.recovered")) == 1
        assert scene.house.logged("store.busy") == []


async def test_an_idle_writer_keeps_the_heartbeat(tmp_path: Path) -> None:
    async with writing(tmp_path) as scene:
        await scene.heard(WriterReady)
        scene.house.now_ms += 20_000
        scene.ref.tell(Pulse())
        await until(lambda: scene.house.one("SELECT heartbeat_at FROM GATEWAY") == scene.house.now_ms)


async def test_a_file_that_a_failing_heartbeat_let_go_of_is_opened_again_also_where_nothing_is_to_be_stored(
    tmp_path: Path,
) -> None:
    with simulated_disk() as disk:
        async with writing(tmp_path) as scene:
            await scene.heard(WriterReady)
            scene.house.now_ms += 20_000
            disk.fail("write")
            scene.ref.tell(Pulse())
            with pytest.raises(StoreBusy):
                await ask(scene.ref, RememberedRequested())
            disk.mend()
            scene.ref.tell(Pulse())
            assert await ask(scene.ref, RememberedRequested()) == ()
            assert len(await scene.heard(WriterReady, 2)) == 2


async def test_history_that_cannot_be_tidied_is_said_and_costs_no_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: Any) -> bool:
        raise RuntimeError("a bug")

    monkeypatch.setattr(store.Store, "tidy", broken)
    async with writing(tmp_path) as scene:
        for _ in range(3):
            await ask(scene.ref, Tidy())
        scene.ref.tell(scene.house.batch(announced(), change()))
        await scene.heard(BatchStored)
        assert [line["reason"] for line in scene.house.logged("tidying.failed")] == ["RuntimeError: a bug"]


async def test_a_newer_file_ends_the_start_with_its_error(tmp_path: Path) -> None:
    house = House(tmp_path).opened()
    house.store.close()
    house.rows("PRAGMA user_version = 50")
    with pytest.raises(SchemaTooNew):
        async with writing(tmp_path):
            pass


async def test_an_abandoned_writer_commits_nothing(tmp_path: Path) -> None:
    scene = Writing(tmp_path)
    house = scene.house.opened()
    scene.actor._store = house.store
    scene.actor.on_abandon()
    with pytest.raises(Exception, match="given up"):
        house.put(announced())
    assert house.one("SELECT count(*) FROM DEVICES") == 0
    house.store.abandon_connection()


# ----------------------------------------------------------------------------------------------------- questions


async def test_who_asks_is_told_what_is_kept_as_of_the_mail_before_his_question(tmp_path: Path) -> None:
    async with writing(tmp_path) as scene:
        scene.ref.tell(scene.house.batch(announced(), found(), learned()))
        assert await ask(scene.ref, LearnedRequested(device="ahu-1")) == {"objects": b"\x00\xff"}
        assert await ask(scene.ref, LearnedRequested(device="nobody")) == {}
        (remembered,) = await scene.registry.ask("writer", RememberedRequested(), timeout_s=10)
        assert (remembered.name, remembered.instance, remembered.network) == ("bacnet:50:7:7", 7, 50)


async def test_a_question_is_answered_while_another_program_locks_batches_out(tmp_path: Path) -> None:
    async with writing(tmp_path) as scene:
        scene.ref.tell(scene.house.batch(announced(), learned()))
        await scene.heard(BatchStored)
        other = apsw.Connection(str(scene.house.path))
        other.execute("BEGIN IMMEDIATE")
        scene.ref.tell(scene.house.batch(learned(b"later")))
        assert await ask(scene.ref, LearnedRequested(device="ahu-1")) == {"objects": b"\x00\xff"}
        other.execute("ROLLBACK")
        other.close()


@pytest.mark.parametrize("question", [LearnedRequested(device="ahu-1"), RememberedRequested()])
async def test_who_asks_before_the_database_is_open_is_told_to_ask_again(tmp_path: Path, question: object) -> None:
    House(tmp_path).opened().store.close()
    other = apsw.Connection(str(tmp_path / "t3actors.db"))
    other.execute("BEGIN IMMEDIATE")
    async with writing(tmp_path) as scene:
        with pytest.raises(StoreBusy, match="is not open yet: ask again"):
            await ask(scene.ref, question)
        other.execute("COMMIT")
        other.close()
        await scene.heard(WriterReady)
        assert not await ask(scene.ref, question)


async def test_damage_that_a_question_finds_is_told_and_a_new_file_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def torn(*_arguments: Any) -> None:
        raise apsw.CorruptError("database disk image is malformed")

    async with writing(tmp_path) as scene:
        await scene.heard(WriterReady)
        with monkeypatch.context() as patch:
            patch.setattr(memory, "learned_of", torn)
            with pytest.raises(StoreDamaged, match="malformed"):
                await ask(scene.ref, LearnedRequested(device="ahu-1"))
        ready = await scene.heard(WriterReady, 2)
        assert [message.fresh for message in ready] == [False, True]
        assert await ask(scene.ref, LearnedRequested(device="ahu-1")) == {}


async def test_a_writer_tidies_while_no_batch_waits(tmp_path: Path) -> None:
    async with writing(tmp_path) as scene:
        scene.ref.tell(scene.house.batch(announced(), *(change(n, at_ms=T0_MS + n * 60_000) for n in range(300))))
        await scene.heard(BatchStored)
        scene.house.now_ms = T0_MS + 6 * 3_600_000
        for _ in range(40):
            scene.ref.tell(Tidy())
        await until(
            lambda: scene.house.one("SELECT SUM(samples) FROM parts WHERE kind = 0 AND state IN (1, 2)") == 300,
        )
        scene.ref.tell(scene.house.batch(change(1, at_ms=scene.house.now_ms)))
        await scene.heard(BatchStored, 2)


async def test_tidying_waits_for_a_locked_database_and_says_so_once(tmp_path: Path) -> None:
    async with writing(tmp_path) as scene:
        scene.ref.tell(scene.house.batch(announced(), *(change(n, at_ms=T0_MS + n * 60_000) for n in range(60))))
        await scene.heard(BatchStored)
        scene.house.now_ms = T0_MS + 6 * 3_600_000
        other = apsw.Connection(str(scene.house.path))
        other.execute("BEGIN IMMEDIATE")
        scene.ref.tell(Tidy())
        await until(lambda: scene.house.logged("tidying.failed") != [])
        scene.ref.tell(Tidy())
        await until(scene.actor.actor_inbox.empty)
        assert len(scene.house.logged("tidying.failed")) == 1
        other.execute("COMMIT")
        other.close()
        assert scene.detector.of(WriterReady) == [WriterReady(incarnation=1, fresh=False)]
