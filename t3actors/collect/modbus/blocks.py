"""Which reads to send: the fewest legal blocks that hold every wanted value whole. Pure; the driver calls it.

It decides where one read ends and the next begins. It does not decide which values are wanted or what they mean.

Why greedy is the fewest: take the wanted values in order of address. The block that holds the first must begin there
(beginning earlier only wastes room). Let it take values in order until one does not fit. If that one failed by the size
limit, no block can hold it and the first together, and whatever comes after it and would still fit lies inside it, so
loses nothing by going with it. If it failed by the gap, a refused address or a cut, all that come after it fail by the same.
So no plan gets further with its first block, and the rest is the same problem again, smaller.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from t3actors.config import Table

ADDRESSES = 65536  # MODBUS Application Protocol V1.1b3, 4.4: PDU addresses are 0 to 65535
MAX_REGISTERS = 125  # V1.1b3, 6.3 and 6.4: quantity of registers 1 to 0x7D
MAX_BITS = 2000  # V1.1b3, 6.1 and 6.2: quantity of coils 1 to 0x7D0
BITS_PER_REGISTER = 16


class Want(NamedTuple):
    """One value on the wire, never read in parts: `size` registers (or bits) from `address`."""

    table: Table
    address: int
    size: int


class Block(NamedTuple):
    """One read, and the values it brings, in order of address."""

    table: Table
    address: int
    size: int
    wants: tuple[Want, ...]


class Limits(NamedTuple):
    """What one read may span. `max_gap` in registers; on bit tables 16 times as many bits, which cost as much."""

    max_registers: int = MAX_REGISTERS
    max_bits: int = MAX_BITS
    max_gap: int = 16

    def most(self, table: Table) -> int:
        """Give the most registers or bits one read of this table may ask for."""
        return min(self.max_bits, MAX_BITS) if is_bits(table) else min(self.max_registers, MAX_REGISTERS)

    def gap(self, table: Table) -> int:
        """Give the most registers or bits nobody wants that one read may span in a row."""
        return self.max_gap * BITS_PER_REGISTER if is_bits(table) else self.max_gap


STANDARD = Limits()


class Cut(NamedTuple):
    """A learned border: no read may hold both `address - 1` and `address`, unless one value lies across it."""

    table: Table
    address: int


def is_bits(table: Table) -> bool:
    """Say whether the table holds single bits."""
    return table in {"coil", "discrete"}


def plan(
    wants: Iterable[Want], limits: Limits = STANDARD, *, refused: Collection[Want] = (), cuts: Collection[Cut] = ()
) -> tuple[Block, ...]:
    """Give the fewest legal reads that hold every want but the refused ones.

    A refused value is left out and its addresses are never spanned to reach others; another value that overlaps it
    is still asked for, on its own merits.

    **Raises**: ValueError for a want outside 0 to 65535, or longer than one read.
    """
    by_table: dict[Table, list[Want]] = {}
    for want in sorted(set(wants) - set(refused)):
        _must_fit(want, limits)
        by_table.setdefault(want.table, []).append(want)
    blocks: list[Block] = []
    for table, ordered in by_table.items():
        borders = sorted(cut.address for cut in cuts if cut.table == table)
        holes = [(bad.address, bad.address + bad.size) for bad in refused if bad.table == table]
        blocks += _cover(ordered, limits.most(table), limits.gap(table), borders, holes)
    return tuple(blocks)


def split(block: Block, limits: Limits = STANDARD) -> tuple[Block, ...]:
    """Give the blocks of the first and of the second half of this one's values; itself when it holds one value only."""
    if len(block.wants) < 2:
        return (block,)
    middle = len(block.wants) // 2
    return plan(block.wants[:middle], limits) + plan(block.wants[middle:], limits)


def _cover(
    ordered: list[Want], most: int, gap: int, borders: list[int], holes: list[tuple[int, int]]
) -> Iterable[Block]:
    start, end, held = ordered[0].address, ordered[0].address, [ordered[0]]
    end += ordered[0].size
    for want in ordered[1:]:
        joins = (
            max(end, want.address + want.size) - start <= most
            and want.address - end <= gap
            and not any(low < want.address and end < high for low, high in holes)
            and not any(start < border <= want.address for border in borders)
        )
        if not joins:
            yield Block(want.table, start, end - start, tuple(held))
            start, end, held = want.address, want.address, []
        held.append(want)
        end = max(end, want.address + want.size)
    yield Block(ordered[0].table, start, end - start, tuple(held))


def _must_fit(want: Want, limits: Limits) -> None:
    most = limits.most(want.table)
    if not 1 <= want.size <= most:
        raise ValueError(f"{want.table} {want.address}: one value of {want.size}, but one read takes 1 to {most}")
    if not 0 <= want.address <= ADDRESSES - want.size:
        raise ValueError(f"{want.table} {want.address}: saw {want.size} from there, but addresses are 0 to 65535")
