"""The log, read back from the journal: with a program that answers as journalctl does."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from t3actors.watch import journal
from t3actors.watch.journal import JournalTail, lines_since
from tests.waiting import blocking_until

ANSWERS_WITHIN_S = 30.0


class FakeJournal:
    """What the journal has, by a `journalctl` of our own: what it was asked, and what it says."""

    def __init__(self, folder: Path) -> None:
        self.asked = folder / "asked"
        self.said = folder / "said"
        self.said.touch()
        program = folder / "bin" / "journalctl"
        program.parent.mkdir()
        program.write_text(
            f'#!/bin/sh\necho "$@" >> {self.asked}\n'
            f'case "$*" in *--follow*) exec tail -n +1 -f {self.said} ;; *) exec cat {self.said} ;; esac\n'
        )
        program.chmod(0o755)
        self.path = f"{program.parent}:{os.environ['PATH']}"

    def say(self, *lines: str) -> None:
        with self.said.open("a") as said:
            said.writelines(f"{line}\n" for line in lines)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeJournal:
    """A machine that systemd runs."""
    fake = FakeJournal(tmp_path)
    monkeypatch.setenv("PATH", fake.path)
    monkeypatch.setattr(journal, "BOOTED", tmp_path)
    return fake


def line(event: str, gateway: str = "riverside") -> str:
    return json.dumps({"event": event, "gateway": gateway}, separators=(",", ":"))


def test_only_the_log_of_the_gateway_of_that_name_is_read_since_then(kept: FakeJournal) -> None:
    kept.say(line("a"), line("b", "hillside"), "2 devices are configured", line("c"), line("d", "riverside-2"))
    assert lines_since("riverside", 1_795_000_000_999) == [line("a").encode(), line("c").encode()]
    asked = kept.asked.read_text().split()
    assert {"--since=@1795000000", "--identifier=t3actors", "--output=cat"} <= set(asked)


def test_what_comes_is_followed_by_whole_lines_and_the_follower_ends(kept: FakeJournal) -> None:
    tail = JournalTail("riverside")
    try:
        seen: list[bytes] = []

        def has(count: int) -> bool:
            seen.extend(tail.news())
            return len(seen) == count

        kept.say(line("a"), line("b", "hillside"))
        blocking_until(lambda: has(1), ANSWERS_WITHIN_S)
        with kept.said.open("a") as said:
            said.write(line("c")[:9])
            said.flush()
            assert tail.news() == []
            said.write(line("c")[9:] + "\n")
        blocking_until(lambda: has(2), ANSWERS_WITHIN_S)
        assert seen == [line("a").encode(), line("c").encode()]
    finally:
        tail.close()
    assert tail._process is not None
    assert tail._process.returncode is not None


def test_without_systemd_nobody_is_asked(kept: FakeJournal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "BOOTED", tmp_path / "nowhere")
    tail = JournalTail("riverside")
    assert (lines_since("riverside", 0), tail.news(), kept.asked.exists()) == ([], [], False)
    tail.close()


def test_without_journalctl_there_is_nothing(
    kept: FakeJournal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    tail = JournalTail("riverside")
    assert (lines_since("riverside", 0), tail.news()) == ([], [])
    tail.close()
