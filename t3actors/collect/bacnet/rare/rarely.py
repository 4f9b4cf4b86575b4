"""The less used objects of one device: programs, schedules, calendars, trend logs, loops and alarms, read between polls and seldom.

The driver calls `step` when it has time; each does one small piece, a request or a few, and says when the next is wanted. A table is
told when all of it was read, never half; it is read again every quarter of an hour. Nothing is asked of a device that has no such
objects. What is known stays while the device is away, and a step that it does not answer is taken again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from t3actors.collect.bacnet.asking import Asking
from t3actors.collect.bacnet.codec.read_multiple import PropertyError
from t3actors.collect.bacnet.codec.tags import ObjectId, Undecodable
from t3actors.collect.bacnet.rare.alarm_rounds import AlarmRounds
from t3actors.collect.bacnet.rare.naming import Names
from t3actors.collect.bacnet.rare.pieces import UNKNOWN_OBJECT, Mute, Pieces
from t3actors.collect.bacnet.rare.plainly import Properties
from t3actors.collect.bacnet.rare.tables import KINDS, TABLES
from t3actors.events import Log, silent
from t3actors.events.bacnet import DEVICE_CLOCK_OFF, DEVICE_CLOCK_RIGHT
from t3actors.messages import AlarmsRead, ObjectsRead, ObjectTable
from t3actors.objects import ObjectRow

TABLES_EVERY_S = 900.0
PIECE_EVERY_S = 1.0
MOST_ROWS = 1000  # of one table of one device
NEVER_S = float("-inf")


class Rarely:
    """Thread: the trio loop. `device` is its name in messages; `wall_ms` gives Unix time, `now_s` seconds that only go forward."""

    def __init__(
        self,
        asking: Asking,
        *,
        device: str,
        instance: int,
        wall_ms: Callable[[], int],
        log: Log = silent,
        piece_every_s: float = PIECE_EVERY_S,
    ) -> None:
        self._asking = asking
        self._device = device
        self._instance = instance
        self._wall_ms = wall_ms
        self._piece_every_s = piece_every_s
        self._mute = Mute()
        self._log = log
        self._alarms = AlarmRounds(asking, self._mute, wall_ms)
        self._said_clock_off = False
        self._listed: tuple[frozenset[ObjectId], int | None, int] | None = None
        self._names = Names()
        self._objects: dict[ObjectTable, tuple[ObjectId, ...]] = {}
        self._rows: dict[ObjectId, ObjectRow] = {}
        self._due_s: dict[ObjectTable, float] = {}
        self._has_rows: set[ObjectTable] = set(TABLES)
        """Those that may have rows in the store: at first all, for the device may have been changed while nobody looked."""
        self._round: tuple[ObjectTable, Pieces] | None = None
        self._ready: dict[ObjectTable, ObjectsRead] = {}
        self._stepped_s = NEVER_S
        self._alarms_next = True

    def listed(self, objects: Iterable[ObjectId], *, vendor_id: int | None, divisor: int = 1) -> None:
        """Take up the device's whole object list, points and all, and what its points' values are divided by.

        The same again changes nothing.
        """
        found = frozenset(ObjectId(*each) for each in objects)
        if self._listed == (found, vendor_id, divisor):
            return
        self._listed = found, vendor_id, divisor
        self._names = Names(found, vendor_id=vendor_id, instance=self._instance, divisor=divisor)
        self._round = None
        self._mute.forget()
        self._rows = {each: row for each, row in self._rows.items() if each in found}
        for table in TABLES:
            held = (each for each in found if each.type in KINDS and KINDS[each.type].table == table)
            self._objects[table] = tuple(sorted(held))[:MOST_ROWS]
            self._due_s[table] = NEVER_S
            if not self._objects[table] and table in self._has_rows:
                self._tell(table, (), complete=True)
        self._alarms.listed(found, self._names)

    def in_alarm(self, objects: frozenset[ObjectId]) -> None:
        """Take up which objects have the status flag "in alarm" now: to be told at every poll, for that alone ends an alarm."""
        self._alarms.in_alarm(frozenset(ObjectId(*each) for each in objects))

    def until_next(self, now_s: float) -> float | None:
        """Give the seconds until `step` has something to do; None: nothing until `listed` or `in_alarm` brings news."""
        waits = [wait for wait in (self._until_table(now_s), self._alarms.until_next(now_s)) if wait is not None]
        return max(min(waits), self._stepped_s + self._piece_every_s - now_s) if waits else None

    async def step(self, now_s: float) -> float | None:
        """Do one piece, if one is due. **Returns**: as `until_next`. **Raises**: DriverError when the device does not answer."""
        is_table_due = self._until_table(now_s) == 0.0
        is_alarm_due = self._alarms.until_next(now_s) == 0.0
        if is_alarm_due and (self._alarms_next or not is_table_due):
            self._alarms_next = False
            self._stepped_s = now_s
            await self._alarms.step(now_s)
            self._look_at_its_clock()
        elif is_table_due:
            self._alarms_next = True
            self._stepped_s = now_s
            await self._read_table(now_s)
        return self.until_next(now_s)

    def take(self) -> tuple[ObjectsRead | AlarmsRead, ...]:
        """Give what is ready to be told; once."""
        ready: list[ObjectsRead | AlarmsRead] = list(self._ready.values())
        self._ready.clear()
        standing = self._alarms.take()
        if standing is not None:
            listed, complete = standing
            ready.append(AlarmsRead(device=self._device, at_ms=self._wall_ms(), alarms=listed, complete=complete))
        return tuple(ready)

    def _look_at_its_clock(self) -> None:
        """Say when the device's clock, by which it says since when an alarm stands, is wrong, and when it is right again."""
        off_s = self._alarms.clock_off_s
        if (off_s is not None) is self._said_clock_off:
            return
        self._said_clock_off = off_s is not None
        if off_s is None:
            self._log(DEVICE_CLOCK_RIGHT, device=self._device)
        else:
            self._log(DEVICE_CLOCK_OFF, device=self._device, off_s=off_s)

    # -- tables

    def _until_table(self, now_s: float) -> float | None:
        if self._round is not None:
            return 0.0
        waits = [max(0.0, self._due_s[table] - now_s) for table, held in self._objects.items() if held]
        return min(waits, default=None)

    async def _read_table(self, now_s: float) -> None:
        if self._round is None:
            table = min((each for each, held in self._objects.items() if held), key=lambda each: self._due_s[each])
            wanted = ((each, KINDS[each.type].reads) for each in self._objects[table])
            self._round = table, Pieces(self._asking, wanted, self._mute.at(now_s))
        table, pieces = self._round
        try:
            await pieces.step()
        finally:
            self._mute.add(pieces.silent, now_s)
        if pieces.done:
            self._round = None
            self._due_s[table] = now_s + TABLES_EVERY_S
            self._take_rows(table, pieces)

    def _take_rows(self, table: ObjectTable, pieces: Pieces) -> None:
        """Make the rows; of an object that said nothing this time, the one that it had."""
        complete = True
        for each in self._objects[table]:
            said = pieces.said.get(each, {})
            if _is_gone(said):
                self._rows.pop(each, None)
            elif all(isinstance(answer, Undecodable) for answer in said.values()):
                complete = complete and each in self._rows
            else:
                self._rows[each] = KINDS[each.type].row(each, said, self._names)
        rows = tuple(self._rows[each] for each in self._objects[table] if each in self._rows)
        self._tell(table, rows, complete=complete)

    def _tell(self, table: ObjectTable, rows: tuple[ObjectRow, ...], *, complete: bool) -> None:
        (self._has_rows.add if rows else self._has_rows.discard)(table)
        self._ready[table] = ObjectsRead(
            device=self._device, at_ms=self._wall_ms(), table=table, rows=rows, complete=complete
        )


def _is_gone(said: Properties) -> bool:
    """Say whether the device says that it has no such object."""
    answers = list(said.values())
    return bool(answers) and all(
        isinstance(answer, PropertyError) and answer.error_code == UNKNOWN_OBJECT for answer in answers
    )
