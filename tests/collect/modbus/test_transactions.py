"""Whose answer it is: late ones are never used, and ids are distrusted only after three proofs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.collect.modbus.transactions import IDS, RECENT, WORN_AT, Transactions, Verdict
from t3actors.collect.modbus.wire import Asked, Frame

PDU = b"\x03\x02\x00\x01"


def ask(transactions: Transactions) -> Asked:
    return Asked(transactions.next_id(), 1, 3, 100, 1)


def answer(transaction_id: int, unit_id: int = 1, pdu: bytes = PDU) -> Frame:
    return Frame(transaction_id, unit_id, pdu)


def test_ids_run_from_1_to_65535_and_around_without_0() -> None:
    transactions = Transactions()
    assert [transactions.next_id() for _ in range(IDS + 2)] == [*range(1, IDS + 1), 1, 2]


def test_a_discarded_id_is_not_given_out_again_on_this_connection() -> None:
    transactions = Transactions()
    transactions.discard(transactions.next_id())
    assert 1 not in {transactions.next_id() for _ in range(2 * IDS)}
    transactions.connected()
    assert 1 in {transactions.next_id() for _ in range(IDS)}


def test_a_connection_on_which_many_ids_were_discarded_is_worn() -> None:
    transactions = Transactions()
    for _ in range(WORN_AT - 1):
        transactions.discard(transactions.next_id())
    seen = [transactions.worn]
    transactions.discard(transactions.next_id())
    seen.append(transactions.worn)
    transactions.connected()
    seen.append(transactions.worn)
    assert seen == [False, True, False]


def test_the_id_that_waits_is_used_and_an_earlier_one_is_late() -> None:
    transactions = Transactions()
    first, second = ask(transactions), ask(transactions)
    assert transactions.judge(answer(first.transaction_id), second) is Verdict.LATE
    assert transactions.judge(answer(second.transaction_id), second) is Verdict.USE
    assert transactions.judge(answer(second.transaction_id), None) is Verdict.LATE


def test_an_id_of_an_earlier_connection_is_late_as_well_and_proves_nothing() -> None:
    transactions = Transactions()
    for _ in range(9):
        before = ask(transactions)
        transactions.connected()
        assert transactions.judge(answer(before.transaction_id), ask(transactions)) is Verdict.LATE


@pytest.mark.parametrize(
    ("ago", "verdict"), [(RECENT - 1, Verdict.LATE), (RECENT, Verdict.LATE), (RECENT + 1, Verdict.STRANGE)]
)
def test_an_id_of_an_earlier_connection_is_forgotten_in_time(ago: int, verdict: Verdict) -> None:
    transactions = Transactions(last_id=65000)
    first = ask(transactions)
    for _ in range(ago - 1):
        ask(transactions)
    transactions.connected()
    assert transactions.judge(answer(first.transaction_id), ask(transactions)) is verdict


def test_three_answers_in_a_row_that_match_but_for_the_id_prove_that_ids_are_not_echoed() -> None:
    transactions = Transactions()
    verdicts = [transactions.judge(answer(0), ask(transactions)) for _ in range(3)]
    assert verdicts == [Verdict.STRANGE, Verdict.STRANGE, Verdict.PROVEN]
    assert not transactions.ids_echoed
    assert transactions.judge(answer(0), ask(transactions)) is Verdict.USE


def test_many_answers_to_one_request_are_one_proof() -> None:
    transactions = Transactions()
    asked = ask(transactions)
    assert {transactions.judge(answer(0), asked) for _ in range(9)} == {Verdict.STRANGE}
    assert transactions.ids_echoed


def test_an_echoed_id_even_a_late_one_begins_the_count_anew() -> None:
    for echoed_late in (False, True):
        transactions = Transactions()
        for _ in range(2):
            transactions.judge(answer(0), ask(transactions))
        before, now = ask(transactions), ask(transactions)
        transactions.judge(answer((before if echoed_late else now).transaction_id), now)
        for _ in range(2):
            assert transactions.judge(answer(0), ask(transactions)) is Verdict.STRANGE
        assert transactions.ids_echoed


def test_answers_of_another_unit_function_or_length_prove_nothing() -> None:
    transactions = Transactions()
    for _ in range(9):
        for frame in (answer(0, unit_id=2), answer(0, pdu=b"\x04\x02\x00\x01"), answer(0, pdu=b"\x03\x04\0\0\0\0")):
            assert transactions.judge(frame, ask(transactions)) is Verdict.STRANGE


def test_the_count_goes_on_over_a_new_connection() -> None:
    transactions = Transactions()
    for _ in range(2):
        transactions.judge(answer(0), ask(transactions))
        transactions.connected()
    assert transactions.judge(answer(0), ask(transactions)) is Verdict.PROVEN


def test_without_a_waiting_request_nothing_is_used_even_where_ids_are_not_echoed() -> None:
    transactions = Transactions()
    for _ in range(3):
        transactions.judge(answer(0), ask(transactions))
    assert transactions.judge(answer(0), None) is Verdict.STRANGE


@given(st.lists(st.tuples(st.integers(0, 65535), st.integers(0, 3)), max_size=40))
def test_while_ids_are_trusted_only_the_waiting_id_is_ever_used(steps: list[tuple[int, int]]) -> None:
    transactions = Transactions()
    waiting = ask(transactions)
    for transaction_id, unit_id in steps:
        trusted = transactions.ids_echoed
        verdict = transactions.judge(answer(transaction_id, unit_id), waiting)
        if trusted and verdict is Verdict.USE:
            assert transaction_id == waiting.transaction_id
        waiting = ask(transactions)
