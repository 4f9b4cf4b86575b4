"""A Loop object as a row of PID_CONTROLLERS. Pure.

`units` are those of what is controlled, and of the set point. Of a Temco panel that gives its points in thousandths the values here
are taken to be thousandths too; its constants are as the panel has them.

Source: ANSI/ASHRAE 135, 12.17 and 21 (BACnetAction).
"""

from __future__ import annotations

from t3actors.collect.bacnet import units
from t3actors.collect.bacnet.codec.properties import (
    DESCRIPTION,
    OBJECT_NAME,
    OUT_OF_SERVICE,
    PRESENT_VALUE,
    RELIABILITY,
)
from t3actors.collect.bacnet.codec.tags import ObjectId
from t3actors.collect.bacnet.mapping import text_of
from t3actors.collect.bacnet.rare.naming import Names
from t3actors.collect.bacnet.rare.plainly import Properties, manual, number, reliability, whole, word
from t3actors.collect.bacnet.rare.references import reference_text, references_text, setpoint_reference
from t3actors.objects import PidController

ACTION, BIAS, CONTROLLED, CONTROLLED_UNITS, CONTROLLED_VALUE = 2, 14, 19, 20, 21
DERIVATIVE_CONSTANT, INTEGRAL_CONSTANT, MANIPULATED, PROPORTIONAL_CONSTANT = 26, 49, 60, 93
SETPOINT, SETPOINT_REFERENCE = 108, 109
ACTIONS = {0: "direct", 1: "reverse"}


def pid_row(identifier: ObjectId, properties: Properties, names: Names) -> PidController:
    """Give the row; a property that could not be read leaves its column None."""
    units_code = whole(properties.get(CONTROLLED_UNITS))
    given_by = setpoint_reference(properties.get(SETPOINT_REFERENCE))

    def value(which: int) -> float | None:
        return names.scaled(identifier, number(properties.get(which)))

    return PidController(
        index=identifier.instance,
        loop_field=names.of(identifier),
        pid_label=text_of(properties.get(OBJECT_NAME)),
        description=text_of(properties.get(DESCRIPTION)),
        input_field=references_text(properties.get(CONTROLLED), names),
        input_value=value(CONTROLLED_VALUE),
        output_field=references_text(properties.get(MANIPULATED), names),
        output_value=value(PRESENT_VALUE),
        setpoint_field=reference_text(given_by[0], names) if given_by else None,
        set_value=value(SETPOINT),
        units=None if units_code is None else units.text_of(units_code),
        action_field=word(properties.get(ACTION), ACTIONS, "action"),
        proportional=number(properties.get(PROPORTIONAL_CONSTANT)),
        reset_field=number(properties.get(INTEGRAL_CONSTANT)),
        rate=number(properties.get(DERIVATIVE_CONSTANT)),
        bias=number(properties.get(BIAS)),
        auto_manual=manual(properties.get(OUT_OF_SERVICE)),
        status=reliability(properties.get(RELIABILITY)),
    )
