"""T21: every configuration that an earlier version brought along loads, and means what it meant; what it left out means so, too.

`old/` holds the samples as they were, a folder for each version that added a section, and in `read.json` what was read of them: the keys
that are not at their defaults. `least.toml` says the least that the version took, and `defaults.json` all that the version itself made
of it. A key may be added; one that changes its meaning or its default, or is refused, changes what a site's gateway does when it is
upgraded: it needs a line in CHANGELOG.md, a fault that says how to mend the file, and a place in CHANGED. A new version's files are
added by `python -m tests.configure.test_old_files`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from t3actors.config import BacnetNetwork, Config, DeviceConfig, ModbusPoint
from t3actors.configure.file import load
from t3actors.points import Kind

OLD = Path(__file__).parent / "old"
FILES = sorted(OLD.glob("*/sample.toml"))
READ, LEAST, DEFAULT = "read.json", "least.toml", "defaults.json"
GONE = "gone"
CHANGED: frozenset[str] = frozenset()
"""Defaults that were changed on purpose, as `changes` words them; CHANGELOG.md says so to the operator."""
DEFAULTS = {
    "devices": msgspec.to_builtins(DeviceConfig(name="", protocol="modbus", address="")),
    "points": msgspec.to_builtins(ModbusPoint(id="", kind=Kind.INPUT, register=-1)),
    "networks": msgspec.to_builtins(BacnetNetwork(number=0)),
}
"""Of the tables of an array."""


def meaning(config: Config) -> dict[str, Any]:
    """What is not at its default, as plain JSON; paths without the folder that the file lies in."""
    plain = msgspec.to_builtins(config, enc_hook=str)
    found = told(plain, msgspec.to_builtins(Config(), enc_hook=str))
    found.pop("source_hash")
    made: dict[str, Any] = json.loads(json.dumps(found).replace(f"{OLD}/", "/"))
    return made


def told(value: Any, default: Any, key: str = "") -> Any:
    """Leave out what is as by default."""
    if isinstance(value, dict):
        others = default if isinstance(default, dict) else {}
        return {
            name: told(one, others.get(name), name)
            for name, one in value.items()
            if name not in others or one != others[name]
        }
    return [told(one, DEFAULTS.get(key)) for one in value] if isinstance(value, list | tuple) else value


def changes(now: Any, then: Any, key: str = "") -> Iterator[str]:
    """Name all that is not as it was: more keys may be there."""
    if isinstance(then, dict) and isinstance(now, dict):
        for name, one in then.items():
            yield from changes(now.get(name, GONE), one, f"{key}.{name}" if key else name)
    elif isinstance(then, list) and isinstance(now, list) and len(now) == len(then):
        for place, (one, old) in enumerate(zip(now, then, strict=True)):
            yield from changes(one, old, f"{key}[{place}]")
    elif now != then:
        yield f"{key}: was {then!r}, is {now!r}"


def read_today(file: Path) -> Any:
    """Give all that is read of a file now, as plain JSON, without what is of no meaning."""
    plain = msgspec.to_builtins(load(file), enc_hook=str)
    del plain["source_hash"]
    return json.loads(json.dumps(plain).replace(f"{OLD}/", "/"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_an_old_file_loads_and_means_what_it_meant(file: Path) -> None:
    then = json.loads(file.with_name(READ).read_text())
    assert list(changes(read_today(file), then)) == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_what_an_old_file_leaves_out_has_the_default_it_had(file: Path) -> None:
    then = json.loads(file.with_name(DEFAULT).read_text())
    found = changes(read_today(file.with_name(LEAST)), then)
    assert [change for change in found if change not in CHANGED] == []


def test_a_changed_default_is_named() -> None:
    then = json.loads(FILES[-1].with_name(DEFAULT).read_text())
    now = json.loads(json.dumps(then))
    now["store"]["recent_s"] = 1.0
    now["devices"][0]["points"][0]["rules"]["stale_after"] = 4
    del now["api"]["rate"]
    assert sorted(changes(now, then)) == [
        "api.rate: was 100.0, is 'gone'",
        "devices[0].points[0].rules.stale_after: was 3, is 4",
        "store.recent_s: was 604800.0, is 1.0",
    ]


def test_the_samples_of_today_are_kept_for_tomorrow() -> None:
    assert len(FILES) >= 7
    for name in (READ, LEAST, DEFAULT):
        assert [file.parent for file in FILES] == [file.parent for file in sorted(OLD.glob(f"*/{name}"))]


def add(file: Path, what: Any) -> None:
    """Write it down once: what a version meant does not change any more."""
    if not file.exists():
        file.write_text(json.dumps(what, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    for file in FILES:
        add(file.with_name(READ), meaning(load(file)))
        add(file.with_name(DEFAULT), read_today(file.with_name(LEAST)))
