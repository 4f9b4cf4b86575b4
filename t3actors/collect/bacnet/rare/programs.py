"""A Program object as a row of PROGRAMS. Pure.

Source: ANSI/ASHRAE 135, 12.22 and 21 (BACnetProgramState, BACnetProgramError).
"""

from __future__ import annotations

from t3actors.collect.bacnet.codec.properties import DESCRIPTION, OBJECT_NAME, OUT_OF_SERVICE, RELIABILITY
from t3actors.collect.bacnet.codec.tags import ObjectId
from t3actors.collect.bacnet.mapping import text_of
from t3actors.collect.bacnet.rare.naming import Names
from t3actors.collect.bacnet.rare.plainly import Properties, manual, reliability, whole, word
from t3actors.objects import Program

DESCRIPTION_OF_HALT, PROGRAM_STATE, REASON_FOR_HALT = 29, 92, 100
STATES = {0: "idle", 1: "loading", 2: "running", 3: "waiting", 4: "halted", 5: "unloading"}
HALTED = 4
REASONS = {1: "load failed", 2: "internal error", 3: "by the program", 4: "other"}


def program_row(identifier: ObjectId, properties: Properties, names: Names) -> Program:
    """Give the row; a property that could not be read leaves its column None."""
    return Program(
        index=identifier.instance,
        program_id=names.of(identifier),
        program_label=text_of(properties.get(OBJECT_NAME)),
        description=text_of(properties.get(DESCRIPTION)),
        program_status=_status(properties),
        auto_manual=manual(properties.get(OUT_OF_SERVICE)),
        reliability=reliability(properties.get(RELIABILITY)),
    )


def _status(properties: Properties) -> str | None:
    state = word(properties.get(PROGRAM_STATE), STATES, "state")
    if state is None or whole(properties.get(PROGRAM_STATE)) != HALTED:
        return state
    reason = word(properties.get(REASON_FOR_HALT), {0: "", **REASONS}, "reason")
    said = text_of(properties.get(DESCRIPTION_OF_HALT))
    return ": ".join(each for each in (state, reason, said) if each)
