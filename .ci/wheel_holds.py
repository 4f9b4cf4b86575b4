"""Checks that a wheel holds every file of both packages that the tree holds: code, schema, register maps, the page and py.typed;
and what a service is installed from."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

PACKAGES = ("supervision", "t3actors")
SUFFIXES = {".py", ".sql", ".c", ".h", ".csv", ".html", ".css", ".js", ".svg"}
SHARED = ("t3actors.service", "t3actors.sysusers", "sample.toml")
NEEDED = ("supervision/py.typed", "t3actors/py.typed", "t3actors/__main__.py", "supervision/__init__.py")


def main(wheel: str) -> int:
    """Compare the wheel with the tree; 0 when nothing is missing."""
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    wanted = set(NEEDED)
    for package in PACKAGES:
        wanted |= {path.as_posix() for path in Path(package).rglob("*") if path.suffix in SUFFIXES}
    for folder, suffix in (
        ("t3actors/store/schema", ".sql"),
        ("t3actors/collect/modbus/maps", ".csv"),
        ("t3actors/watch/api/page", ".js"),
    ):
        if not any(name.startswith(folder) and name.endswith(suffix) for name in wanted):
            sys.stderr.write(f"no {suffix} file in the tree: {folder}/*{suffix}\n")
            return 1
    for name in sorted(wanted - held):
        sys.stderr.write(f"{Path(wheel).name} lacks {name}\n")
    for name in SHARED:
        if not any(each.endswith(f".data/data/share/t3actors/{name}") for each in held):
            sys.stderr.write(f"{Path(wheel).name} lacks share/t3actors/{name}\n")
            return 1
    own = (".dist-info/", ".data/data/share/t3actors/")
    foreign = {name.split("/")[0] for name in held if not any(each in name for each in own)} - set(PACKAGES)
    for name in sorted(foreign):
        sys.stderr.write(f"{Path(wheel).name} would install {name} beside the packages\n")
    if wanted <= held and not foreign:
        sys.stdout.write(f"{Path(wheel).name} holds all {len(wanted)} files\n")
        return 0
    return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
