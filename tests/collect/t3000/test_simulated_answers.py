"""What the simulated T3000 answers decodes whole, and its two ways to a point agree. The two were written apart, from the same source."""

from __future__ import annotations

import pytest

from t3actors.collect.t3000.document import split
from t3actors.collect.t3000.lists import (
    CAPACITY,
    decode_panels_list,
    decode_points_list,
    logging_data_request,
    panels_list_request,
    points_request,
)
from t3actors.collect.t3000.panel_answer import decode_panel
from t3actors.points import Kind, Rules
from t3actors.simulator.t3000.installation import Installation, some_panels

NOW_S = 1_790_000_000.0
RULES = Rules()


@pytest.fixture
def installation() -> Installation:
    made = Installation(some_panels(3))
    made.advance(60.0, NOW_S)
    for number in made.panels:  # the first asking only has them read
        made.answer(logging_data_request(number, made.panels[number].panel.serial_number), NOW_S)
    return made


def test_every_panel_of_the_list_answers_with_all_its_points(installation: Installation) -> None:
    listed = decode_panels_list(installation.answer(panels_list_request(), NOW_S))
    assert (len(listed.panels), listed.refused) == (3, ())
    body = installation.answer(logging_data_request(), NOW_S)
    document = split(body)
    assert (document.shape, document.repaired) == ("real", 0)
    serials = set()
    for at, length in document.panels:
        answer = decode_panel(memoryview(body)[at : at + length], document.shape, RULES)
        assert (len(answer.points), answer.missing, answer.refused) == (256, (), ())
        assert {kind: len(group) for kind, group in answer.readings.items()} == CAPACITY
        serials.add(answer.serial_number)
    assert serials == {panel.serial_number for panel in listed.panels}


def test_a_point_is_the_same_by_either_action(installation: Installation) -> None:
    (panel, *_) = decode_panels_list(installation.answer(panels_list_request(), NOW_S)).panels
    body = installation.answer(logging_data_request(panel.panel_id, panel.serial_number), NOW_S)
    ((at, length),) = split(body).panels
    whole = decode_panel(body[at : at + length], "real", RULES)
    for kind in Kind:
        request = points_request(panel, kind)
        read = decode_points_list(installation.answer(request, NOW_S), request, RULES)
        assert (read.unread, read.missing, read.refused) == ((), (), ())
        assert read.points == tuple(point for point in whole.points if point.kind is kind)
        assert read.readings[kind] == whole.readings[kind]


def test_a_panel_that_is_silent_has_no_point_read(installation: Installation) -> None:
    panel = decode_panels_list(installation.answer(panels_list_request(), NOW_S)).panels[0]
    installation.panels[panel.panel_id].is_online = False
    request = points_request(panel, Kind.OUTPUT)
    read = decode_points_list(installation.answer(request, NOW_S), request, RULES)
    assert (len(read.points), len(read.unread)) == (0, 64)
