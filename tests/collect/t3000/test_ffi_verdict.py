"""What return codes and texts mean. The whole way through a library is in test_ffi_door.py."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.collect.t3000.ffi_frames import Answered, NotYet, Refused, Unreadable
from t3actors.collect.t3000.ffi_verdict import judge, judge_list, words

REQUEST = b'{"action":15}'
GOOD = b'{"action":"GET_PANELS_LIST_RES","data":[{"panel_number":1}]}'
MB = 10**6


@pytest.mark.parametrize("text", [b"", REQUEST, GOOD, b"x"])
def test_minus_2_means_not_yet_whatever_the_text(text: bytes) -> None:
    assert judge(-2, memoryview(text), REQUEST, MB) == NotYet()


def test_0_with_a_whole_document_is_an_answer() -> None:
    said = judge(0, memoryview(GOOD), REQUEST, MB)
    assert isinstance(said, Answered)
    assert said.length == len(GOOD)


@pytest.mark.parametrize("text", [b"", REQUEST])
def test_a_buffer_that_was_cleared_or_left_alone_is_never_an_answer(text: bytes) -> None:
    assert judge(0, memoryview(text), REQUEST, MB) == Refused(0, "it returned 0 and an empty answer")
    said = judge(-1, memoryview(text), REQUEST, 100 * MB)
    assert said == Refused(-1, "it returned -1 and no text: the answer may not fit into the buffer of 100 MB")


def test_an_answer_that_only_begins_like_the_request_is_read() -> None:
    assert isinstance(judge(0, memoryview(REQUEST + b"x"), REQUEST, MB), Unreadable)


@pytest.mark.parametrize("code", [-100, -3, -1, 1, 2, 1000])
def test_any_other_code_is_a_no_even_with_a_document(code: int) -> None:
    assert judge(code, memoryview(b'{"error":"Panel is offline ."}'), REQUEST, MB) == Refused(
        code, "Panel is offline ."
    )
    assert judge(code, memoryview(GOOD), REQUEST, MB) == Refused(code, GOOD.decode())


def test_a_list_of_trend_logs_comes_with_its_length_as_code() -> None:
    assert isinstance(judge_list(len(GOOD), memoryview(GOOD)), Answered)
    assert judge_list(-1, memoryview(b'{"error":"MFC application not initialized"}')) == NotYet()
    assert judge_list(-1, memoryview(b'{"error":"Exception in GetTrendlogList"}')) == Refused(
        -1, "Exception in GetTrendlogList"
    )
    assert judge_list(0, memoryview(b"")) == Refused(0, "it returned 0 and no text")


def test_of_a_long_text_only_the_beginning_is_looked_at() -> None:
    assert words(memoryview(b"x" * 10 * MB)) == "x" * 1000


@given(st.integers(-5, 5), st.binary(max_size=100).map(lambda octets: octets.partition(b"\0")[0]))
def test_no_text_makes_a_verdict_raise(code: int, text: bytes) -> None:
    assert judge(code, memoryview(text), REQUEST, MB) is not None
    assert judge_list(code, memoryview(text)) is not None
