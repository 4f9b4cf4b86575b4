"""The end of a T3000 cycle, on its way to the writer, and what the writer counted, on its way back.

installation --CycleEnded--> detector --(in the batch)--> writer --CycleStored (in BatchStored)--> detector --> installation
"""

from __future__ import annotations

import msgspec


class CycleEnded(msgspec.Struct, frozen=True, kw_only=True):
    """All readings of one T3000 answer went before this, as one group: the writer counts its rows and says so (CycleStored).

    `panels`: the devices that were in it. `requested`: somebody asked for it.
    """

    device: str
    at_ms: int
    group: str
    panels: tuple[str, ...]
    requested: bool = False


class PanelCount(msgspec.Struct, frozen=True, kw_only=True):
    """What the database holds of one panel, counted there: its rows in DEVICES and the point tables; the samples of a cycle."""

    device: str
    serial_number: int
    devices: int
    inputs: int
    outputs: int
    variables: int
    samples: int


class CycleStored(msgspec.Struct, frozen=True, kw_only=True):
    """The group of this name is committed. The detector hands it on to the installation's actor."""

    device: str
    group: str
    panels: tuple[PanelCount, ...]
    took_s: float = 0.0
