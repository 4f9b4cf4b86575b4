"""Writes configuration files and loads them, or tells their faults."""

from __future__ import annotations

from pathlib import Path

import pytest

from t3actors.config import Config
from t3actors.configure.file import load
from t3actors.errors import ConfigError


def loaded(folder: Path, text: str, **others: str) -> Config:
    """Write the text as t3.toml, others under their names (dots as __), and load it."""
    for name, content in others.items():
        (folder / name.replace("__", ".")).write_text(content, encoding="utf-8")
    (folder / "t3.toml").write_text(text, encoding="utf-8")
    return load(folder / "t3.toml")


def faults(folder: Path, text: str, **others: str) -> list[str]:
    """Load what must be refused; give the faults with the folder left out."""
    with pytest.raises(ConfigError) as refused:
        loaded(folder, text, **others)
    return [fault.replace(f"{folder}/", "") for fault in refused.value.faults]


def refusal(folder: Path, text: str) -> list[str] | None:
    """Load what may be refused; give its faults, None when there are none."""
    try:
        loaded(folder, text)
    except ConfigError as refused:
        return refused.faults
    return None
