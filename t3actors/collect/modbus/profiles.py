"""The profiles there are: the T3 controllers' own, and the maps of the other products, read once from the package's data files."""

from __future__ import annotations

from functools import cache
from importlib import resources
from types import MappingProxyType

from t3actors.collect.modbus.map_rows import CodeRow, IndexRow, MapRow, rows_of
from t3actors.collect.modbus.mapped import MappedDevice
from t3actors.collect.modbus.profile import Profile
from t3actors.collect.modbus.t3000 import T3Controller

TABLES = ("t3-module", "t3-ao16", "t3-pt12", "tstat8-input", "pressure")


@cache
def profiles() -> MappingProxyType[str, Profile]:
    """Give every profile by its name. **Raises**: ValueError for a data file that says something that cannot be."""
    index = rows_of(_text("index.csv"), IndexRow, "index.csv")
    tables = {name: {row.code: row for row in _codes(name)} for name in TABLES}
    found: dict[str, Profile] = {T3Controller.name: T3Controller()}
    for row in index:
        file = f"{row.profile}.csv"
        found[row.profile] = MappedDevice(row, rows_of(_text(file), MapRow, file), tables)
    return MappingProxyType(found)


def profiles_of(product: int) -> tuple[str, ...]:
    """Give the names of the profiles that read a product, the usual one first; empty where none does."""
    return tuple(name for name, profile in profiles().items() if product in profile.products)


def _codes(table: str) -> tuple[CodeRow, ...]:
    return rows_of(_text(f"codes/{table}.csv"), CodeRow, f"codes/{table}.csv")


def _text(file: str) -> str:
    return (resources.files("t3actors.collect.modbus") / "maps" / file).read_text("utf-8")
