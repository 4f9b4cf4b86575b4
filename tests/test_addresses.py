"""Addresses, as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.addresses import join_address, split_address


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("192.168.1.100:502", ("192.168.1.100", 502)),
        ("192.168.1.100", ("192.168.1.100", 502)),
        ("AHU-1.plant.lan:1502", ("ahu-1.plant.lan", 1502)),
        ("[2001:DB8::1]:503", ("2001:db8::1", 503)),
        ("[::1]", ("::1", 502)),
        ("localhost:65535", ("localhost", 65535)),
    ],
)
def test_an_address_is_a_host_and_a_port(text: str, parts: tuple[str, int]) -> None:
    assert split_address(text, 502) == parts
    assert split_address(join_address(*parts), 1) == parts


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":502",
        "host:",
        "host:0",
        "host:65536",
        "::1",
        "2001:db8::1:502",
        "[::1",
        "[host]:1",
        "a b",
        "1.2.3",
        "1.2.3.256",
        "http://x",
        "-x",
    ],
)
def test_what_is_not_an_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        split_address(text, 502)


@given(st.text())
def test_no_text_makes_it_raise_anything_but_a_value_error(text: str) -> None:
    try:
        host, port = split_address(text, 502)
    except ValueError:
        return
    assert split_address(join_address(host, port), 1) == (host, port)
