"""The page docs/profiles.md, made from the profiles and their data files: `python -m t3actors.collect.modbus.profile_page`."""

from __future__ import annotations

import sys
from itertools import groupby

from t3actors.collect import products
from t3actors.collect.modbus.blocks import plan
from t3actors.collect.modbus.map_rows import MapRow
from t3actors.collect.modbus.mapped import MappedDevice
from t3actors.collect.modbus.profile import Profile
from t3actors.collect.modbus.profiles import profiles

HEAD = """# Profiles: the register maps of Temco's products

A profile knows a product's registers, so that a device needs no points of its own:

```toml
[[devices]]
name = "lab-3"
protocol = "modbus"
address = "192.168.1.50"
profile = "airlab"
```

`t3actors discover --t3000 --toml` writes these tables for what it finds. When a device is met, and again on each new connection, the
gateway reads its product number (register 7): a device of another product is refused, and nothing of it is stored. Serial number,
firmware and Modbus address come from the same registers. A point whose range is "unused" at the device is no point; a range that
a person changes there is taken over within five minutes. Requests are those of a poll in which every point is in use.

None of these maps has been tried on the product itself. They are Temco's own register lists (T3000Webview 2100e46,
modbus_register.sql), compared with T3000 (2db71f8) and with firmware where that is public; the data files
(`t3actors/collect/modbus/maps/`) name the source of each row, and say "unverified" where sources differ or none says it. Compare a
value or two with T3000's own display before you record for years. A product that is not here: list its points by hand.

"""
UNVERIFIED = "unverified"
TABLE = "| profile | for | product numbers | points | requests a poll |\n|---|---|---|---|---|\n"


def page() -> str:
    """Give the page."""
    lines = [_line(profile) for profile in profiles().values()]
    sections = [_section(profile) for profile in profiles().values() if isinstance(profile, MappedDevice)]
    return HEAD + TABLE + "".join(lines) + "\n" + "\n".join(sections)


def _line(profile: Profile) -> str:
    numbers = ", ".join(f"{number} {products.NAMES[number]}" for number in sorted(profile.products))
    requests = len(plan(profile.everything()))
    return f"| `{profile.name}` | {profile.title} | {numbers} | {profile.most_points} | {requests} |\n"


def _section(profile: MappedDevice) -> str:
    lines = [f"## {profile.name}\n\n| point | register | type | scale | units | ranges |\n|---|---|---|---|---|---|\n"]
    doubts: dict[str, list[str]] = {}
    for _, group in groupby(profile.rows, _alike):
        rows = list(group)
        lines.append(_row(rows))
    for row in profile.rows:
        if UNVERIFIED in row.source:
            doubts.setdefault(_doubt(row), []).append(row.id)
    told = [f"{_several(ids)}: {doubt}" for doubt, ids in doubts.items()]
    told += [
        f"range {code.code} ({code.text}) of `{name}`: {code.source}"
        for name, table in profile.tables.items()
        for code in table.values()
        if UNVERIFIED in code.source
    ]
    if UNVERIFIED in profile.source:
        told.append(f"the products: {profile.source}")
    return "".join(lines) + ("\nNot verified:\n\n" + "".join(f"- {one}\n" for one in told) if told else "")


def _row(rows: list[MapRow]) -> str:
    first, last = rows[0], rows[-1]
    place = str(first.register) + (f".{first.bit}" if first.type == "bit" else "")
    if first is not last:
        place += f" to {last.register}" + (f".{last.bit}" if first.type == "bit" else "")
    units = first.units.replace("|", " or ") or first.states.replace("|", ", ")
    cells = (_several([row.id for row in rows]), place, first.type, f"{first.scale:g}", units, first.codes)
    return "| " + " | ".join(cells) + " |\n"


def _alike(row: MapRow) -> tuple[object, ...]:
    prefix = row.id.rstrip("0123456789") if row.id.startswith(("IN", "OUT")) else row.id
    return (prefix, row.type, row.scale, row.units, row.states, row.codes, row.range is None)


def _doubt(row: MapRow) -> str:
    """Give what the source says behind the registers, which differ from row to row."""
    _, _, said = row.source.partition("reg ")
    return said.lstrip("0123456789 ").lstrip("; ")


def _several(ids: list[str]) -> str:
    return ids[0] if len(ids) == 1 else f"{ids[0]} to {ids[-1]}" if ids[0][:2] == ids[-1][:2] else ", ".join(ids)


if __name__ == "__main__":
    sys.stdout.write(page())
