"""Units into one another, while the configuration is read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from t3actors.configure.faults import NotAllowed
from t3actors.configure.units import conversion
from tests.configure.cases import DEVICE
from tests.configure.test_file import faults, loaded

POINT = '[[devices.points]]\nid = "t1"\nkind = "input"\nregister = 100\n'


@pytest.mark.parametrize(
    ("given", "wanted", "factor", "offset"),
    [
        ("degF", "degC", 5 / 9, -160 / 9),
        ("°C", "°F", 1.8, 32.0),
        ("°C", "K", 1.0, 273.15),
        ("psi", "kPa", 6.89475729317, 0.0),
        ("m3/h", "l/s", 1 / 3.6, 0.0),
        ("m³/h", "m3/s", 1 / 3600, 0.0),
        ("cfm", "l/s", 0.4719474432, 0.0),
        ("gpm", "l/min", 3.785411784, 0.0),
        ("inH2O", "Pa", 249.08891, 0.0),
        ("tonR", "kW", 3.5168528421, 0.0),
        ("%", "dimensionless", 0.01, 0.0),
        ("kWh", "MJ", 3.6, 0.0),
        ("degC", "degC", 1.0, 0.0),
    ],
)
def test_a_unit_becomes_another_by_factor_and_offset(given: str, wanted: str, factor: float, offset: float) -> None:
    assert conversion(given, wanted) == (pytest.approx(factor, rel=1e-6), pytest.approx(offset, rel=1e-6))


@pytest.mark.parametrize(
    ("given", "wanted", "allowed"),
    [
        ("degC", "kPa", 'a unit that "degC" can be converted to'),
        ("furlongs-ish", "m", 'a known unit such as "degC", "kPa", "l/s" or "kWh"; "furlongs-ish" is none'),
        ("degC", "", 'a unit that "degC" can be converted to'),
        ("degC", "((", 'a known unit such as "degC", "kPa", "l/s" or "kWh"; "((" is none'),
        ("__import__('os')", "m", "a known unit"),
    ],
)
def test_what_is_no_unit_or_of_another_kind_is_refused(given: str, wanted: str, allowed: str) -> None:
    with pytest.raises(NotAllowed) as refused:
        conversion(given, wanted)
    assert refused.value.allowed.startswith(allowed)


def test_a_point_is_stored_in_the_unit_that_was_asked_for(tmp_path: Path) -> None:
    text = DEVICE + POINT + 'scale = 0.1\noffset = 2.0\nunits = "degF"\nconvert = "degC"\n'
    ((point,),) = [device.points for device in loaded(tmp_path, text).devices]
    assert point.units == "degC"
    assert point.scale == pytest.approx(0.1 * 5 / 9)
    assert 700 * point.scale + point.offset == pytest.approx((72 - 32) * 5 / 9)


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        (
            'convert = "degC"\n',
            'convert: given without units; allowed: with the unit that the device gives, units = "degF"',
        ),
        ('units = "kPa"\nconvert = "degC"\n', 'convert: saw "degC"; allowed: a unit that "kPa" can be converted to'),
        (
            'units = "x"\nconvert = "degC"\ntype = "string"\n',
            'convert: given with type "string"; allowed: only with a number',
        ),
    ],
)
def test_a_conversion_that_cannot_be_is_refused(tmp_path: Path, more: str, fault: str) -> None:
    assert faults(tmp_path, DEVICE + POINT + more) == [f't3.toml: devices[1] "ahu-1": points[1] "t1": {fault}']


def test_without_a_conversion_the_library_is_not_even_loaded(tmp_path: Path) -> None:
    (tmp_path / "t3.toml").write_text(DEVICE + POINT, encoding="utf-8")
    program = "import sys; from t3actors.configure.file import load; load(sys.argv[1]); print('pint' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "t3.toml")], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
