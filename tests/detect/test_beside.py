from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.detect.beside import Beside, Told, one_status, together, topic_of
from t3actors.messages import AlarmsRead, DeviceStatusChanged, ObjectsRead
from t3actors.objects import Program
from t3actors.points import DeviceStatus
from tests.detect.speech import alarms, announced, learned, objects, turned

UNKNOWN, ONLINE, OFFLINE, CONFLICT = (
    DeviceStatus.UNKNOWN,
    DeviceStatus.ONLINE,
    DeviceStatus.OFFLINE,
    DeviceStatus.CONFLICT,
)


def test_each_table_each_key_and_the_alarms_are_a_topic_of_their_own() -> None:
    messages = (
        objects("a"), objects("a", table="SCHEDULES"), alarms("a"), learned("a", "x"), learned("a", "PROGRAMS"), announced("a"),
    )  # fmt: skip
    assert len({topic_of(message) for message in messages}) == len(messages)
    assert topic_of(objects("a")) == topic_of(objects("a", "1 Heat", complete=False))


@pytest.mark.parametrize(
    ("older", "newer", "both"),
    [
        (objects("a", "1 Heat", "2 Cool"), objects("a", "2 Fan"), objects("a", "2 Fan")),
        (
            objects("a", "1 Heat", "2 Cool"),
            objects("a", "2 Fan", "3 New", complete=False, at_ms=2),
            objects("a", "1 Heat", "2 Fan", "3 New", at_ms=2),
        ),
        (
            objects("a", "1 Heat", complete=False),
            objects("a", "2 Fan", complete=False),
            objects("a", "1 Heat", "2 Fan", complete=False),
        ),
        (alarms("a", "AI1 fault x"), alarms("a"), alarms("a")),
        (
            alarms("a", "AI1 fault x", "AI2 fault x"),
            alarms("a", "AI1 fault y", "AI1 high z", complete=False),
            alarms("a", "AI1 fault y", "AI2 fault x", "AI1 high z"),
        ),
        (learned("a", "k", b"1"), learned("a", "k", None), learned("a", "k", None)),
    ],
)
def test_two_messages_of_one_topic_become_one_that_says_no_less(older: Beside, newer: Beside, both: Beside) -> None:
    assert together(older, newer) == both


READ = st.lists(
    st.tuples(st.dictionaries(st.integers(1, 4), st.sampled_from("xyz"), max_size=4), st.booleans()),
    min_size=1,
    max_size=6,
)


def told(rows: dict[int, str], complete: bool) -> ObjectsRead:
    return objects("a", *(f"{index} {label}" for index, label in rows.items()), complete=complete)


def after(table: dict[int, str], *read: Beside) -> dict[int, str]:
    """What the store makes of it."""
    for each in read:
        assert isinstance(each, ObjectsRead)
        rows = {row.index: row.program_label for row in each.rows if isinstance(row, Program)}
        table = rows if each.complete else table | rows
    return table


@given(READ, st.dictionaries(st.integers(1, 5), st.just("old")))
def test_one_message_for_many_leaves_in_the_table_what_they_all_would(
    said: list[tuple[dict[int, str], bool]], before: dict[int, str]
) -> None:
    messages: list[Beside] = [told(*each) for each in said]
    one = messages[0]
    for message in messages[1:]:
        one = together(one, message)
    assert after(before, one) == after(before, *messages)


@given(READ, st.dictionaries(st.integers(1, 5), st.just("old")))
def test_what_is_dropped_as_a_repeat_changes_nothing_in_the_table(
    said: list[tuple[dict[int, str], bool]], before: dict[int, str]
) -> None:
    messages: list[Beside] = [told(*each) for each in said]
    memory = Told()
    news = [message for message in messages if memory.is_news(message)]
    assert after(before, *news) == after(before, *messages)
    assert after(before, *memory.all()) == after(before, *messages)


@pytest.mark.parametrize("message", [objects("a", "1 Heat"), alarms("a", "AI1 fault x")])
def test_a_repeat_differs_in_nothing_but_its_time(message: ObjectsRead | AlarmsRead) -> None:
    memory = Told()
    again = type(message)(**{name: getattr(message, name) for name in message.__struct_fields__} | {"at_ms": 99})
    assert [memory.is_news(each) for each in (message, again)] == [True, False]
    memory.forget()
    assert memory.is_news(again)


def test_what_was_learned_is_always_news_and_not_kept() -> None:
    memory = Told()
    assert memory.is_news(learned("a", "k")) is memory.is_news(learned("a", "k")) is True
    assert memory.all() == []


def status_after(status: DeviceStatus, *changes: DeviceStatusChanged) -> DeviceStatus:
    """What the store makes of it: a conflict ends only by one that was a conflict."""
    for change in changes:
        if status is not CONFLICT or change.was is CONFLICT:
            status = change.status
    return status


TRANSITION = st.tuples(st.sampled_from([UNKNOWN, ONLINE, CONFLICT]), st.sampled_from([ONLINE, OFFLINE, CONFLICT]))


@given(st.lists(TRANSITION, min_size=1, max_size=6), st.sampled_from([ONLINE, CONFLICT]))
def test_one_transition_for_many_leaves_the_device_as_they_all_would(
    said: list[tuple[DeviceStatus, DeviceStatus]], before: DeviceStatus
) -> None:
    changes = [turned("a", was, status) for was, status in said]
    one = changes[0]
    for change in changes[1:]:
        one = one_status(one, change)
    assert status_after(before, one) is status_after(before, *changes)


def test_transitions_of_a_device_without_a_conflict_are_one_from_the_first_to_the_last() -> None:
    steps = [turned("a", was, status) for was, status in pairwise([UNKNOWN, ONLINE, OFFLINE])]
    assert one_status(*steps) == turned("a", UNKNOWN, OFFLINE)
