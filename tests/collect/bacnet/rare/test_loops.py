"""A Loop is a row of PID_CONTROLLERS."""

from __future__ import annotations

import math

from t3actors.collect.bacnet.codec.read_multiple import Answer
from t3actors.collect.bacnet.codec.tags import Constructed, Enumerated, ObjectId, Several
from t3actors.collect.bacnet.rare.loops import pid_row
from t3actors.collect.bacnet.rare.naming import Names
from t3actors.collect.bacnet.rare.references import Reference
from t3actors.objects import PidController
from t3actors.stations import TEMCO
from tests.collect.bacnet import written

ONE = ObjectId(12, 1)


def pointing(object_type: int, instance: int) -> bytes:
    return written.reference(Reference(ObjectId(object_type, instance), 85))


def test_a_loop_says_what_it_controls_by_what_and_how() -> None:
    said: dict[int, Answer] = {
        77: "Supply",
        19: Constructed(pointing(0, 1)),
        60: Constructed(pointing(1, 2)),
        109: Constructed(written.wrapped(0, pointing(2, 3))),
        21: 20.5,
        85: 55.0,
        108: 21.0,
        93: 4.0,
        49: 0.5,
        26: 0.25,
        14: 1.0,
        20: Enumerated(62),
        2: Enumerated(1),
        103: Enumerated(0),
        81: False,
    }
    assert pid_row(ONE, said, Names()) == PidController(
        index=1,
        loop_field="LOOP1",
        pid_label="Supply",
        input_field="AI1 present-value",
        input_value=20.5,
        output_field="AO2 present-value",
        output_value=55.0,
        setpoint_field="AV3 present-value",
        set_value=21.0,
        units="°C",
        action_field="reverse",
        proportional=4.0,
        reset_field=0.5,
        rate=0.25,
        bias=1.0,
        auto_manual=0,
        status="no fault detected",
    )


def test_a_set_point_of_its_own_has_no_reference_and_no_number_is_none() -> None:
    row = pid_row(ONE, {109: Several(()), 108: math.nan}, Names())
    assert row == PidController(index=1, loop_field="LOOP1")


def test_the_values_of_a_panels_loop_are_divided_as_its_points_are_and_its_constants_are_not() -> None:
    said: dict[int, Answer] = {21: 20500.0, 85: 55000.0, 108: 21000.0, 93: 4.0, 49: 0.5, 14: 1.0}
    row = pid_row(ONE, said, Names((), vendor_id=TEMCO, divisor=1000))
    assert (row.input_value, row.output_value, row.set_value) == (20.5, 55.0, 21.0)
    assert (row.proportional, row.reset_field, row.bias) == (4.0, 0.5, 1.0)
