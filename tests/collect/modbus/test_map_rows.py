"""The data files' rows, one by one."""

from __future__ import annotations

import pytest

from t3actors.collect.modbus.map_rows import Bits, CodeRow, IndexRow, MapRow, bits, counter, rows_of, several
from t3actors.points import Kind

HEAD = "id,kind,register,type,scale,source\n"


def test_a_row_is_read_with_its_defaults() -> None:
    (row,) = rows_of(HEAD + "co2,input,211,uint16,,list\n", MapRow, "co2.csv")
    assert (row.id, row.kind, row.register, row.type, row.scale, row.source) == (
        "co2", Kind.INPUT, 211, "uint16", 1.0, "list"
    )  # fmt: skip
    assert (row.range, row.units_from, row.status, row.codes) == (None, None, None, "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD, "co2.csv: no row in it"),
        (HEAD + "co2,input,211,uint16,\n", "line 2: as many cells as the header has"),
        (HEAD + "co2,input,211,uint16,,a,b\n", "line 2: as many cells as the header has"),
        (HEAD + "co2,input,x,uint16,,a\n", "line 2: Expected `int`, got `str`"),
        (HEAD + "co2,input,211,uint99,,a\n", "line 2: Invalid enum value 'uint99'"),
        (HEAD + "co2,input,211,uint16,,\n", "line 2: Object missing required field `source`"),
        ("id,kind,register,type,colour,source\nco2,input,211,uint16,red,a\n", "unknown field `colour`"),
    ],
)
def test_a_file_that_does_not_say_what_it_must_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        rows_of(text, MapRow, "co2.csv")


def test_a_map_names_its_products() -> None:
    (row,) = rows_of("profile,title,products,firmware,source\nco2,CO2,210 211,tenths,list\n", IndexRow, "index.csv")
    assert (row.numbers, row.firmware) == (frozenset({210, 211}), "tenths")


def test_a_code_is_in_use_and_readable_unless_it_says_so() -> None:
    rows = rows_of("code,text,used,readable,source\n1,a,,,x\n2,b,false,false,x\n", CodeRow, "codes.csv")
    assert [(row.used, row.readable, row.counts, row.scale) for row in rows] == [
        (True, True, False, None),
        (False, False, False, None),
    ]


def test_bits_are_a_register_or_a_bit_of_it() -> None:
    assert [bits(text) for text in ("", "215", "215.3")] == [None, Bits(215), Bits(215, 3)]


def test_a_counter_is_a_register_and_its_type() -> None:
    assert [counter(text) for text in ("", "118:uint32", "100:uint16")] == [None, (118, "uint32"), (100, "uint16")]
    with pytest.raises(ValueError, match="saw '118:float32'"):
        counter("118:float32")


def test_several_texts_are_taken_apart() -> None:
    assert [several(text) for text in ("", "off|on", "°C")] == [(), ("off", "on"), ("°C",)]
