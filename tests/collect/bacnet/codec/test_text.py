"""Character sets: each of the standard's, and text that lies about its own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.collect.bacnet.codec.text import DoubtfulText, decode_text

SOUND = [
    (b"\x00Zuluft \xc2\xb0C", "Zuluft °C"),
    (b"\x00", ""),
    (b"\x01\x03\x52B\x81ro", "Büro"),  # code page 850
    (b"\x01\x03\xa4" + "室温".encode("cp932"), "室温"),
    (b"\x01\x03\xa8" + "温度".encode("gbk"), "温度"),
    (b"\x01\xfd\xe9" + "°".encode(), "°"),
    (b"\x02\x3c\x3c\x32\x39", "室温"),
    (b"\x02\x1b$B\x3c\x3c\x1b(BA", "室A"),
    (b"\x03" + "Ω😀".encode("utf-32-be"), "Ω😀"),
    (b"\x04" + "Ω室".encode("utf-16-be"), "Ω室"),
    (b"\x05B\xfcro", "Büro"),
]
LIES = [
    (b"\x00B\xfcro 1", "Büro 1"),  # Latin-1 labelled UTF-8
    (b"\x00Temp\xc2", "Temp�"),  # cut within a character
    (b"\x01\xff\xffab\xfc", "ab�"),  # no such code page
    (b"\x01\x03", ""),
    (b"\x01\x03\xa4\x81", "�"),
    (b"\x02AHU\x80", "AHU�"),
    (b"\x02\x1b$B\xff\xff", "��"),
    (b"\x03\x00\x11\x00\x00", "�"),
    (b"\x03\x00\x00\x00", "�"),
    (b"\x04\xd8\x00", "�"),
    (b"\x04\x00", "�"),
    (b"\x06abc", "abc"),
    (b"\xff\xff", "�"),
]


@pytest.mark.parametrize(("content", "text"), SOUND)
def test_text_in_each_of_the_character_sets(content: bytes, text: str) -> None:
    found = decode_text(content)
    assert found == text
    assert type(found) is str


@pytest.mark.parametrize(("content", "text"), LIES)
def test_text_that_is_not_what_it_says_is_read_as_well_as_can_be_and_marked(content: bytes, text: str) -> None:
    found = decode_text(content)
    assert found == text
    assert type(found) is DoubtfulText


@given(st.integers(0, 255), st.binary(max_size=40))
def test_no_text_raises_and_all_can_be_stored(charset: int, octets: bytes) -> None:
    decode_text(bytes([charset]) + octets).encode()
