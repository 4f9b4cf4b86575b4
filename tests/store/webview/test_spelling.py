from __future__ import annotations

import pytest

from t3actors import ranges
from t3actors.collect import products
from t3actors.points import DeviceStatus, Kind, Status
from t3actors.store.webview.spelling import (
    device_status_of,
    product_id_of,
    product_ids,
    range_of,
    status_of,
    units_of,
)


@pytest.mark.parametrize(
    ("kind", "units", "code", "spelt"),
    [
        (Kind.INPUT, "°C", 3, "Deg.C"),
        (Kind.VARIABLE, "ft/min", 3, "Feet per Min"),
        (Kind.VARIABLE, "inH₂O", 7, "inches of WC"),
        (Kind.VARIABLE, "", 20, "Time"),
        (Kind.VARIABLE, "%", 26, "%Open"),
        (Kind.OUTPUT, "%", 7, "%PWM"),
        (Kind.OUTPUT, "%", 4, "%"),
        (Kind.INPUT, "kWh/m²", None, "kWh per m²"),
        (Kind.INPUT, "", None, None),
    ],
)
def test_units_are_spelt_as_t3000_spells_them(kind: Kind, units: str, code: int | None, spelt: str | None) -> None:
    assert units_of(kind, units, code, (), digital=False) == spelt


def test_no_unit_of_an_analog_range_has_the_stroke_by_which_the_chart_knows_a_digital_point() -> None:
    for kind in Kind:
        for code in range(256):
            units = ranges.meaning(kind, code, digital=False).units
            assert "/" not in (units_of(kind, units, code, (), digital=False) or "")


def test_a_digital_point_s_unit_is_its_two_states() -> None:
    assert units_of(Kind.INPUT, "", 1, ("Off", "On"), digital=True) == "Off/On"
    assert units_of(Kind.INPUT, "", None, (), digital=True) is None


@pytest.mark.parametrize(
    ("kind", "units", "code", "states", "digital", "field"),
    [
        (Kind.INPUT, "°C", 3, (), False, "3"),
        (Kind.VARIABLE, "°C", None, (), False, "1"),
        (Kind.VARIABLE, "%", None, (), False, "22"),
        (Kind.VARIABLE, "", None, (), False, None),
        (Kind.INPUT, "°C", None, (), False, None),  # which sensor?
        (Kind.OUTPUT, "V", None, (), False, None),
        (Kind.OUTPUT, "", None, ("off", "on"), True, "1"),
        (Kind.OUTPUT, "", None, ("inactive", "active"), True, None),
    ],
)
def test_a_range_is_the_point_s_own_or_says_no_more_than_its_unit(
    kind: Kind, units: str, code: int | None, states: tuple[str, ...], digital: bool, field: str | None
) -> None:
    assert range_of(kind, units, code, states, digital=digital) == field


def test_ok_is_t3000_s_normal_and_anything_else_is_said_in_a_word() -> None:
    assert status_of(Status.OK) == "0"
    assert {status_of(status) for status in Status} == {"0", "unknown", "stale", "fault", "down", "disabled"}


def test_only_a_device_that_answers_is_online() -> None:
    assert device_status_of(DeviceStatus.ONLINE) == ("Online", 1)
    assert {device_status_of(status) for status in DeviceStatus if status is not DeviceStatus.ONLINE} == {
        ("Offline", 0)
    }


def test_a_product_has_t3000_s_number_by_the_name_that_the_drivers_give_it() -> None:
    ids = product_ids(products.NAMES)
    for number, name in products.NAMES.items():
        assert ids.get(products.name_of(number), number) == number, name
    assert (product_id_of("MINIPANEL", ids), product_id_of("product 61", ids)) == (35, 61)
    assert [product_id_of(name, ids) for name in ("EasyIO", None, "product x", "product 99999", "pressure sensor")] == [
        None
    ] * 5
