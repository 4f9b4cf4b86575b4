"""T21: every configuration that an earlier version brought along loads, and means what it meant.

`old/` holds the samples as they were, a folder for each version that added a section, and in `read.json` what was read of them: the keys
that are not at their defaults. A key may be added; one that changes its meaning, or is refused, needs a line in CHANGELOG.md, a fault
that says how to mend the file, and a case of its own here. A new version's sample is added by `python -m tests.configure.test_old_files`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from t3actors.config import BacnetNetwork, Config, DeviceConfig, ModbusPoint
from t3actors.configure.file import load
from t3actors.points import Kind

OLD = Path(__file__).parent / "old"
FILES = sorted(OLD.glob("*/sample.toml"))
READ = "read.json"
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


def still_has(now: Any, then: Any) -> bool:
    """Whether all that was read then is read now: more keys may be there."""
    if isinstance(then, dict):
        return isinstance(now, dict) and all(still_has(now.get(key), one) for key, one in then.items())
    if isinstance(then, list):
        return len(now) == len(then) and all(still_has(one, old) for one, old in zip(now, then, strict=True))
    return bool(now == then)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_an_old_file_loads_and_means_what_it_meant(file: Path) -> None:
    then = json.loads(file.with_name(READ).read_text())
    now = msgspec.to_builtins(load(file), enc_hook=str)
    assert still_has(json.loads(json.dumps(now).replace(f"{OLD}/", "/")), then)


def test_the_samples_of_today_are_kept_for_tomorrow() -> None:
    assert len(FILES) >= 6
    assert [file.parent for file in FILES] == [file.parent for file in sorted(OLD.glob(f"*/{READ}"))]


if __name__ == "__main__":
    for file in FILES:
        if not file.with_name(READ).exists():
            file.with_name(READ).write_text(json.dumps(meaning(load(file)), indent=1, sort_keys=True) + "\n")
