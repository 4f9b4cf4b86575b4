"""Gathers what stands in the configuration: one TOML file and those it includes, section by section, with the place each stands at.

What a section's keys mean is not looked at here. Called by file.py.
"""

from __future__ import annotations

import glob
import hashlib
import os
import stat
import tomllib
from pathlib import Path

from t3actors.configure import keys
from t3actors.configure.faults import NotAllowed, Place, shown_path

LARGEST_FILE = 16_000_000


SECTIONS = ("gateway", "defaults", "store", "api", "log", "bacnet")
TOP_KEYS = ("include", *SECTIONS, "devices")
_INCLUDE = keys.Key(list[str], 'an array of file patterns such as ["conf.d/*.toml"]')


class Gathered:
    """What was gathered from the files so far: sections with the place they stand at, devices, and the faults."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.sections: dict[str, tuple[Place, object]] = {}
        self.devices: list[tuple[Place, object]] = []
        self._digest = hashlib.sha256()
        self._read: set[str] = set()
        self.files_read: list[str] = []
        """The files of the configuration, lists of points included, as they were named."""

    @property
    def source_hash(self) -> str:
        """What names the very contents of all files that were read."""
        return self._digest.hexdigest()[:12]

    def section(self, name: str) -> tuple[Place, object]:
        """Return a section and where it stands; an empty one where it is in no file."""
        return self.sections.get(name, (Place(self.faults, "", name), {}))

    def read_toml(self, file: str, within: tuple[str, ...]) -> None:
        """Read one file and what it includes; `within` are the files that led here."""
        place = Place(self.faults, file)
        content = self.read_text(file, place)
        self._read.add(os.path.realpath(file))
        if content is None:
            return
        try:
            document = tomllib.loads(content.replace("\r\n", "\n"))
        except RecursionError:
            place.say("not TOML: nested too deeply")
            return
        except ValueError as fault:
            place.say(f"not TOML: {_one_line(fault)}")
            return
        for name, value in document.items():
            self._take(name, value, place)
        self._include(document.get("include", []), file, place.key("include"), (*within, os.path.realpath(file)))

    def read_text(self, file: str, place: Place) -> str | None:
        """Read a file as UTF-8 text; say at `place` what is wrong with it and return None."""
        named = "" if file == place.file else f'"{shown_path(file)}" '
        try:
            found = os.stat(file)
            if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST_FILE:
                place.say(f"{named}cannot be read; allowed: a regular file of at most {LARGEST_FILE // 10**6} MB")
                return None
            raw = Path(file).read_bytes()
            self.files_read.append(file)
        except (OSError, ValueError) as fault:
            reason = fault.strerror if isinstance(fault, OSError) and fault.strerror else str(fault)
            place.say(f"{named}cannot be read: {reason}")
            return None
        self._digest.update(len(raw).to_bytes(8) + raw)
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError as fault:
            line = raw.count(b"\n", 0, fault.start) + 1
            place.say(f"{named}is not UTF-8: saw byte 0x{raw[fault.start]:02x} in line {line}; allowed: UTF-8 text")
            return None

    def _take(self, name: str, value: object, place: Place) -> None:
        if name not in TOP_KEYS:
            place.unknown(name, TOP_KEYS)
        elif name in self.sections:
            first = self.sections[name][0].file
            place.key(name).say(f"[{name}] stands in {first} already; allowed: once in all files")
        elif name in SECTIONS:
            self.sections[name] = (place.key(name), value)
        elif name == "devices" and isinstance(value, list):
            for number, table in enumerate(value, 1):
                named = table.get("name") if isinstance(table, dict) else None
                self.devices.append((place.key("devices").item(number, named), table))
        elif name == "devices":
            place.key("devices").refuse(value, "[[devices]] tables")

    def _include(self, raw: object, file: str, place: Place, within: tuple[str, ...]) -> None:
        try:
            patterns = _INCLUDE.read(raw)
        except NotAllowed as fault:
            place.refuse(raw, fault.allowed)
            return
        folder = os.path.dirname(file)
        for pattern in patterns:
            for match in self._matches(pattern, folder, place):
                real = os.path.realpath(match)
                if real in within:
                    place.refuse(pattern, f"files that do not lead back here; {shown_path(match)} does")
                elif real not in self._read:
                    self.read_toml(match, within)

    @staticmethod
    def _matches(pattern: str, folder: str, place: Place) -> list[str]:
        try:
            found = glob.glob(pattern, root_dir=folder or None)
        except (OSError, ValueError):
            found = []
        files = [path for path in (os.path.join(folder, match) for match in sorted(found)) if os.path.isfile(path)]
        if not files:
            place.refuse(pattern, f'patterns that match at least one file, seen from "{shown_path(folder or ".")}"')
        return files


def _one_line(fault: Exception) -> str:
    return " ".join(str(fault).split())
