"""The actor on its thread: both files real, the writer a real one too, or a list."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import apsw
import msgspec
import pytest

from supervision.registry import Registry
from supervision.testing import running
from t3actors.messages import BatchStored
from t3actors.store.webview import actor as actor_module
from t3actors.store.webview import backlog
from t3actors.store.webview.actor import Pulse, WebviewWriter
from t3actors.store.webview.mail import Delivered
from t3actors.store.writer import DatabaseWriter
from tests.store.building import T0_MS, announced, change
from tests.store.test_writer import Detector
from tests.store.webview.scene import Scene
from tests.waiting import WITHIN_S, until


class Both:
    """Both writers, running. Their log is the scene's."""

    def __init__(self, folder: Path) -> None:
        self.scene = Scene(folder)
        self.detector = Detector()
        self.registry = Registry()
        self.registry.register("detector", self.detector)
        scene = self.scene
        self.writer = DatabaseWriter(
            scene.config, "test", "1.0", "boot", scene.log, lambda: scene.now_ms, lambda _path: 1 << 40
        )

    def webview(self) -> WebviewWriter:
        scene = self.scene
        return WebviewWriter(scene.webview_config, scene.path, "UTC", scene.log, lambda: scene.now_ms, lambda: 0.5, {})

    async def put(self, *items: Any) -> None:
        stored = len(self.detector.of(BatchStored))
        self.registry.send("writer", self.scene.batch(*items))
        await until(lambda: len(self.detector.of(BatchStored)) > stored)

    def values(self) -> list[str]:
        """What the history of T3000's file has; nothing while that is being made."""
        try:
            return [row[2] for row in self.scene.details()] if self.scene.front.exists() else []
        except apsw.SQLError:
            return []


@asynccontextmanager
async def both(folder: Path) -> AsyncIterator[Both]:
    scene = Both(folder)
    async with running(scene.writer, name="writer", registry=scene.registry):
        yield scene


async def test_what_the_writer_stores_is_in_t3000_s_file_at_once(tmp_path: Path) -> None:
    async with both(tmp_path) as scene, running(scene.webview(), name="webview", registry=scene.registry):
        await scene.put(announced(), change(1))
        await until(lambda: scene.values() == ["1000"])
        await scene.put(change(2, at_ms=T0_MS + 1000))
        await until(lambda: scene.values() == ["1000", "2000"])
    assert scene.scene.logged("webview.synchronised") != []


async def test_what_was_stored_before_it_came_up_comes_first(tmp_path: Path) -> None:
    async with both(tmp_path) as scene:
        await scene.put(announced(), change(1))
        await scene.put(change(2, at_ms=T0_MS + 1000))
        async with running(scene.webview(), name="webview", registry=scene.registry):
            await until(lambda: scene.values() == ["1000", "2000"])


async def test_a_stop_writes_what_is_there_and_a_clean_stop_leaves_an_outbox_of_one_row(tmp_path: Path) -> None:
    async with both(tmp_path) as scene:
        async with running(scene.webview(), name="webview", registry=scene.registry):
            await scene.put(announced(), change(0))
            for value in range(1, 20):
                await scene.put(change(value, at_ms=T0_MS + value * 1000))
        assert scene.values() == [f"{value * 1000}" for value in range(20)]
    assert scene.scene.waiting() == 1


async def test_the_writer_deletes_what_is_in_the_other_file_for_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "SETTLED_AFTER_S", 0.0)
    async with both(tmp_path) as scene, running(scene.webview(), name="webview", registry=scene.registry):
        await scene.put(announced(), change(0))
        for value in range(1, 10):
            await scene.put(change(value, at_ms=T0_MS + value * 1000))
            await until(lambda: len(scene.values()) == value + 1)  # noqa: B023
        assert scene.scene.waiting() < 5


async def test_a_locked_file_holds_nobody_up_and_is_said_once_and_once_that_it_is_over(tmp_path: Path) -> None:
    async with both(tmp_path) as scene, running(scene.webview(), name="webview", registry=scene.registry):
        await scene.put(announced(), change(0))
        await until(lambda: scene.values() == ["0"])
        other = apsw.Connection(str(scene.scene.front))
        other.execute("BEGIN IMMEDIATE")
        for value in range(1, 6):
            await scene.put(change(value, at_ms=T0_MS + value * 1000))
        await until(lambda: scene.scene.logged("webview.blocked") != [])
        for value in range(6, 9):
            await scene.put(change(value, at_ms=T0_MS + value * 1000))
        other.execute("COMMIT")
        other.close()
        await until(lambda: len(scene.values()) == 9)
    assert len(scene.scene.logged("webview.blocked")) == len(scene.scene.logged("webview.recovered")) == 1
    assert scene.scene.logged("store.busy") == []
    (line,) = scene.scene.logged("webview.recovered")
    assert line["waiting"] in range(1, 9)


async def test_a_stop_while_the_file_is_locked_is_quick_and_the_next_start_goes_on(tmp_path: Path) -> None:
    async with both(tmp_path) as scene:
        async with running(scene.webview(), name="webview", registry=scene.registry):
            await scene.put(announced(), change(0))
            await until(lambda: scene.values() == ["0"])
            other = apsw.Connection(str(scene.scene.front))
            other.execute("BEGIN IMMEDIATE")
            await scene.put(change(1, at_ms=T0_MS + 1000))
            await until(lambda: scene.scene.logged("webview.blocked") != [])
        other.execute("COMMIT")
        other.close()
        async with running(scene.webview(), name="webview", registry=scene.registry):
            await until(lambda: scene.values() == ["0", "1000"])


async def test_one_that_is_given_up_on_commits_nothing_and_its_successor_writes_each_row_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, hangs = threading.Event(), threading.Event()
    times = actor_module.Webview._write

    def slow(self: Any, row: Any, changes: Any) -> int:
        hangs.set()
        go_on.wait(WITHIN_S)
        return times(self, row, changes)

    async with both(tmp_path) as scene:
        first = scene.webview()
        async with running(first, name="webview", registry=scene.registry):
            monkeypatch.setattr(actor_module.Webview, "_write", slow)
            await scene.put(announced(), change(1))
            await until(hangs.is_set)
            first.on_abandon()
            monkeypatch.setattr(actor_module.Webview, "_write", times)
            go_on.set()
            await until(lambda: scene.scene.logged("webview.blocked") != [])
            assert scene.values() == []
        async with running(scene.webview(), name="webview", registry=scene.registry):
            await until(lambda: scene.values() == ["1000"])


async def test_mail_that_it_does_not_know_is_a_bug(tmp_path: Path) -> None:
    scene = Both(tmp_path)
    with pytest.raises(TypeError, match="does not know Delivered"):
        async with running(scene.webview(), name="webview", registry=scene.registry) as ref:
            ref.tell(Delivered("x", 1))
            await until(lambda: not ref.is_alive())


async def test_a_pulse_brings_what_falls_due(tmp_path: Path) -> None:
    async with both(tmp_path) as scene:
        async with running(scene.webview(), name="webview", registry=scene.registry) as ref:
            await scene.put(announced(), change(1))
            await until(lambda: scene.values() == ["1000"])
            for suffix in ("", "-wal", "-shm"):
                scene.scene.front.with_name(scene.scene.front.name + suffix).unlink(missing_ok=True)
            ref.tell(Pulse())
            await until(lambda: scene.scene.logged("webview.replaced") != [])


async def test_without_a_webview_the_writer_is_as_it_was(tmp_path: Path) -> None:
    scene = Both(tmp_path)
    config = msgspec.structs.replace(scene.scene.config, webview=None)
    scene.writer = DatabaseWriter(config, "test", "1.0", "boot", scene.scene.log, lambda: T0_MS, lambda _path: 1 << 40)
    async with running(scene.writer, name="writer", registry=scene.registry):
        await scene.put(announced(), change(1))
    assert scene.scene.waiting() == 0
    assert scene.registry.dead_letters["webview"] == 0
