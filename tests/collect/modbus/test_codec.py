"""What registers mean. The table of golden vectors was worked out from the definition of each order, byte by byte."""

from __future__ import annotations

import math
import struct
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.collect.modbus.codec import decode, encode, want, width
from t3actors.config import ModbusPoint, Order, ValueType
from t3actors.points import Kind
from t3actors.singles import shortest

ORDERS = get_args(Order)
# type, value, and its registers in the orders ABCD, DCBA, BADC, CDAB
GOLDEN: list[tuple[ValueType, float, str, str, str, str]] = [
    ("uint16", 0, "0000", "0000", "0000", "0000"),
    ("uint16", 0x1234, "1234", "3412", "3412", "1234"),
    ("uint16", 65535, "ffff", "ffff", "ffff", "ffff"),
    ("int16", -1, "ffff", "ffff", "ffff", "ffff"),
    ("int16", -2, "fffe", "feff", "feff", "fffe"),
    ("int16", -32768, "8000", "0080", "0080", "8000"),
    ("int16", 32767, "7fff", "ff7f", "ff7f", "7fff"),
    ("uint32", 0x12345678, "12345678", "78563412", "34127856", "56781234"),
    ("uint32", 4294967295, "ffffffff", "ffffffff", "ffffffff", "ffffffff"),
    ("int32", -2, "fffffffe", "feffffff", "fffffeff", "fffeffff"),
    ("int32", -2147483648, "80000000", "00000080", "00800000", "00008000"),
    ("int32", 2147483647, "7fffffff", "ffffff7f", "ff7fffff", "ffff7fff"),
    ("uint64", 0x0123456789ABCDEF, "0123456789abcdef", "efcdab8967452301", "23016745ab89efcd", "cdef89ab45670123"),
    ("uint64", 18446744073709551615, "f" * 16, "f" * 16, "f" * 16, "f" * 16),
    ("uint64", 2**53 + 1, "0020000000000001", "0100000000002000", "2000000000000100", "0001000000000020"),
    ("int64", -2, "fffffffffffffffe", "feffffffffffffff", "fffffffffffffeff", "fffeffffffffffff"),
    ("int64", -(2**63), "8000000000000000", "0000000000000080", "0080000000000000", "0000000000008000"),
    ("int64", -(2**53) - 1, "ffdfffffffffffff", "ffffffffffffdfff", "dfffffffffffffff", "ffffffffffffffdf"),
    ("float32", 21.5, "41ac0000", "0000ac41", "ac410000", "000041ac"),
    ("float32", 20.3, "41a26666", "6666a241", "a2416666", "666641a2"),
    ("float32", -0.5, "bf000000", "000000bf", "00bf0000", "0000bf00"),
    ("float32", 3.4028234663852886e38, "7f7fffff", "ffff7f7f", "7f7fffff", "ffff7f7f"),
    ("float32", 1.4013e-45, "00000001", "01000000", "00000100", "00010000"),
    ("float64", 21.5, "4035800000000000", "0000000000803540", "3540008000000000", "0000000080004035"),
    (
        "float64",
        -1.7976931348623157e308,
        "ffefffffffffffff",
        "ffffffffffffefff",
        "efffffffffffffff",
        "ffffffffffffffef",
    ),
]
NO_NUMBERS: list[tuple[ValueType, str, str, str, str]] = [
    ("float32", "7fc00000", "0000c07f", "c07f0000", "00007fc0"),  # quiet NaN
    ("float32", "7f800001", "0100807f", "807f0100", "00017f80"),  # signalling NaN
    ("float32", "7f800000", "0000807f", "807f0000", "00007f80"),  # infinity
    ("float32", "ff800000", "000080ff", "80ff0000", "0000ff80"),  # minus infinity
    ("float64", "7ff8000000000000", "000000000000f87f", "f87f000000000000", "0000000000007ff8"),
    ("float64", "7ff0000000000000", "000000000000f07f", "f07f000000000000", "0000000000007ff0"),
    ("float64", "fff0000000000000", "000000000000f0ff", "f0ff000000000000", "000000000000fff0"),
]
VECTORS = [
    (kind, value, order, hexed)
    for kind, value, *all_hex in GOLDEN
    for order, hexed in zip(ORDERS, all_hex, strict=True)
]
NO_NUMBER_VECTORS = [
    (kind, order, hexed) for kind, *all_hex in NO_NUMBERS for order, hexed in zip(ORDERS, all_hex, strict=True)
]


def point(kind: ValueType = "uint16", **more: Any) -> ModbusPoint:
    return ModbusPoint(**{"id": "p", "kind": Kind.INPUT, "register": 100, "type": kind, **more})


def words(hexed: str) -> tuple[int, ...]:
    return struct.unpack(f">{len(hexed) // 4}H", bytes.fromhex(hexed))


@pytest.mark.parametrize(("kind", "value", "order", "hexed"), VECTORS)
def test_golden_vectors(kind: ValueType, value: float, order: Order, hexed: str) -> None:
    found = decode(point(kind, order=order), words(hexed))
    assert found == value
    assert type(found) is type(value)
    assert encode(point(kind, order=order), value) == words(hexed)


@pytest.mark.parametrize(("kind", "order", "hexed"), NO_NUMBER_VECTORS)
def test_what_is_no_number_has_no_value(kind: ValueType, order: Order, hexed: str) -> None:
    assert decode(point(kind, order=order), words(hexed)) is None


def test_negative_zero_is_a_number() -> None:
    found = decode(point("float32"), words("80000000"))
    assert isinstance(found, float)
    assert math.copysign(1, found) == -1


@pytest.mark.parametrize("address", [0, 65534, 65535])
def test_the_ends_of_the_address_space_are_asked_for_as_they_stand(address: int) -> None:
    assert want(point(register=address)) == ("holding", address, 1)
    assert want(point("uint32", register=65534)) == ("holding", 65534, 2)


@pytest.mark.parametrize(
    ("kind", "size"),
    [("uint16", 1), ("int32", 2), ("float32", 2), ("uint64", 4), ("float64", 4), ("bit", 1), ("string", 7)],
)
def test_a_type_takes_its_registers(kind: ValueType, size: int) -> None:
    assert width(point(kind, length=7)) == size


@pytest.mark.parametrize(
    ("raw", "scale", "offset", "value"),
    [
        (217, 0.1, 0.0, 21.7),
        (215, 0.1, -50.0, -28.5),
        (3, 2.0, 1.0, 7.0),
        (21700, 0.001, 0.0, 21.7),
        (5, -1.0, 0.0, -5.0),
    ],
)
def test_scale_and_offset_make_a_float(raw: int, scale: float, offset: float, value: float) -> None:
    found = decode(point(scale=scale, offset=offset), (raw,))
    assert found == value
    assert isinstance(found, float)


def test_a_value_that_the_scale_makes_infinite_is_no_number() -> None:
    assert decode(point("float64", scale=10.0), words("7fefffffffffffff")) is None


@pytest.mark.parametrize("bit", range(16))
def test_a_bit_of_a_register_counts_from_the_least_significant(bit: int) -> None:
    assert decode(point("bit", bit=bit), (1 << bit,)) == 1
    assert decode(point("bit", bit=bit), (0xFFFF ^ 1 << bit,)) == 0


def test_a_bit_is_counted_after_the_order_is_undone() -> None:
    assert decode(point("bit", bit=0, order="BADC"), (0x0100,)) == 1


@pytest.mark.parametrize("table", ["coil", "discrete"])
def test_a_coil_is_0_or_1_whatever_bit_says(table: str) -> None:
    assert decode(point("bit", table=table, bit=3), (1,)) == 1
    assert decode(point("bit", table=table), (0,)) == 0


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"AHU-1\0\0\0", "AHU-1"),
        (b"AHU 1   ", "AHU 1"),
        (b"\0\0\0\0\0\0\0\0", ""),
        ("Büro 2°".encode()[:8], "Büro 2�"),
        (b"\xff\xfeab\0\0\0\0", "��ab"),
        (b"a\0b\x1bc\n\0 ", "a�b�c�"),
    ],
)
def test_hostile_text_costs_only_itself(raw: bytes, text: str) -> None:
    assert decode(point("string", length=4), struct.unpack(">4H", raw)) == text


def test_a_byte_swapped_string_reads_as_it_should() -> None:
    assert decode(point("string", length=2, order="BADC"), words("48413155")) == "AHU1"
    assert encode(point("string", length=2, order="BADC"), "AHU1") == words("48413155")


NUMBERS: dict[str, st.SearchStrategy[float]] = {
    "uint16": st.integers(0, 2**16 - 1),
    "int16": st.integers(-(2**15), 2**15 - 1),
    "uint32": st.integers(0, 2**32 - 1),
    "int32": st.integers(-(2**31), 2**31 - 1),
    "uint64": st.integers(0, 2**64 - 1),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "float32": st.floats(width=32, allow_nan=False, allow_infinity=False),
    "float64": st.floats(allow_nan=False, allow_infinity=False),
    "bit": st.integers(0, 1),
}


@given(st.data(), st.sampled_from(sorted(NUMBERS)), st.sampled_from(ORDERS), st.integers(0, 15))
def test_decoding_undoes_encoding(data: st.DataObject, kind: ValueType, order: Order, bit: int) -> None:
    value = data.draw(NUMBERS[kind])
    spec = point(kind, order=order, bit=bit)
    found = decode(spec, encode(spec, value))
    assert found == (shortest(value) if kind == "float32" else value)
    assert type(found) is type(value)


@given(st.text("abc XYZ-019", max_size=8), st.sampled_from(ORDERS))
def test_decoding_undoes_encoding_of_text(text: str, order: Order) -> None:
    spec = point("string", length=4, order=order)
    assert decode(spec, encode(spec, text)) == text.rstrip()


@given(
    st.sampled_from(get_args(ValueType)),
    st.sampled_from(ORDERS),
    st.floats(allow_nan=False, allow_infinity=False),
    st.data(),
)
def test_no_registers_make_it_raise_or_give_what_is_no_number(
    kind: ValueType, order: Order, scale: float, data: st.DataObject
) -> None:
    spec = point(kind, order=order, length=3, scale=scale, offset=scale)
    size = width(spec)
    found = decode(spec, data.draw(st.lists(st.integers(0, 0xFFFF), min_size=size, max_size=size)))
    assert found is None or isinstance(found, str) or math.isfinite(found)
