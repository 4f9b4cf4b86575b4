"""What a query may say: every fault is one sentence with what was seen and what is allowed."""

from __future__ import annotations

from contextlib import suppress
from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.watch.api.parameters import flag, moment, one_of, query_values, text, whole, words
from t3actors.watch.api.refusals import Refused

NOW_MS = 1_767_232_805_115
ALL = (
    text("device", "x"),
    one_of("status", "x", ["ok", "down"]),
    whole("limit", "x", 1, 100, 10),
    flag("all", "x"),
    moment("since", "x", lambda: NOW_MS),
    words("search", "x"),
)


def test_what_is_left_out_has_its_default() -> None:
    left_out = {"device": None, "status": None, "limit": 10, "all": False, "since": None, "search": ()}
    assert query_values(ALL, []) == left_out


def test_what_is_given_is_read() -> None:
    given_ = [
        ("device", "ahu-1"),
        ("status", "down"),
        ("limit", "100"),
        ("all", "true"),
        ("since", "1h"),
        ("search", " Zulauf  °C "),
    ]
    wanted = {"device": "ahu-1", "status": "down", "limit": 100, "all": True, "since": NOW_MS - 3_600_000}
    wanted["search"] = ("Zulauf", "°C")
    assert query_values(ALL, given_) == wanted


@pytest.mark.parametrize(
    ("given_", "ms"),
    [
        ("1767232805115", 1_767_232_805_115),
        ("2026-01-01", 1_767_225_600_000),
        ("2026-01-01T02:00+01:00", 1_767_229_200_000),
    ],
)
def test_a_moment_is_unix_milliseconds_or_a_time(given_: str, ms: int) -> None:
    assert query_values(ALL, [("since", given_)])["since"] == ms


@pytest.mark.parametrize(
    ("name", "raw", "why"),
    [
        ("limit", "0", 'limit: saw "0"; allowed: a whole number from 1 to 100'),
        ("limit", "101", 'limit: saw "101"; allowed: a whole number from 1 to 100'),
        ("limit", "1.0", 'limit: saw "1.0"; allowed: a whole number from 1 to 100'),
        ("limit", "٣", 'limit: saw "٣"; allowed: a whole number from 1 to 100'),
        ("limit", "9" * 5000, f'limit: saw "{"9" * 80}..."; allowed: a whole number from 1 to 100'),
        ("status", "OK", 'status: saw "OK"; allowed: ok | down'),
        ("all", "1", 'all: saw "1"; allowed: true | false'),
        ("device", "", 'device: saw ""; allowed: 1 to 300 printable characters of ASCII'),
        ("device", "a\x1b", 'device: saw "a\x1b"; allowed: 1 to 300 printable characters of ASCII'),
        ("device", "caf\u00e9", 'device: saw "caf\u00e9"; allowed: 1 to 300 printable characters of ASCII'),
        ("nmae", "x", 'no parameter "nmae"; allowed: device, status, limit, all, since, search'),
        ("search", " ", 'search: saw " "; allowed: 1 to 8 words of printable characters, 200 together'),
        (
            "search",
            "\U0001d0a1\u009a\x17",
            'search: saw "\U0001d0a1\u009a\x17"; allowed: 1 to 8 words of printable characters, 200 together',
        ),
        ("search", "a\nb", 'search: saw "a\nb"; allowed: 1 to 8 words of printable characters, 200 together'),
        (
            "search",
            "a b c d e f g h i",
            'search: saw "a b c d e f g h i"; allowed: 1 to 8 words of printable characters, 200 together',
        ),
        (
            "search",
            "x" * 201,
            f'search: saw "{"x" * 80}..."; allowed: 1 to 8 words of printable characters, 200 together',
        ),
    ],
)
def test_a_fault_is_one_sentence(name: str, raw: str, why: str) -> None:
    with pytest.raises(Refused) as refused:
        query_values(ALL, [(name, raw)])
    assert (refused.value.status, refused.value.why) == (HTTPStatus.UNPROCESSABLE_ENTITY, why)


def test_a_parameter_given_twice_is_refused() -> None:
    with pytest.raises(Refused, match="limit: given twice"):
        query_values(ALL, [("limit", "1"), ("limit", "2")])


def test_one_that_is_needed_is_missed() -> None:
    with pytest.raises(Refused, match="point: missing; needed: 1 to 300"):
        query_values([text("point", "x", needed=True)], [])


@given(st.sampled_from([each.name for each in ALL]), st.text())
def test_no_text_raises_anything_but_a_refusal(name: str, raw: str) -> None:
    with suppress(Refused):
        query_values(ALL, [(name, raw)])
