from __future__ import annotations

from collections.abc import Iterator

import pytest

from t3actors.simulator.commands import obey
from t3actors.simulator.plant import Plant, PlantSize
from t3actors.simulator.t3000.installation import Installation, some_panels
from t3actors.simulator.t3000.web_server import T3000WebServer


@pytest.fixture(scope="module")
def plant() -> Iterator[Plant]:
    built = Plant(PlantSize(devices=1))
    yield built
    built.close()


@pytest.fixture
def t3000() -> T3000WebServer:
    return T3000WebServer(Installation(some_panels(2)))


def test_a_t3000_takes_faults_of_its_own(plant: Plant, t3000: T3000WebServer) -> None:
    line = b'{"panel": "t3000", "fault": "slow", "delay_s": 2}'
    assert obey(plant, line, t3000=t3000) == {"ok": True, "fault": "slow", "panels": ["t3000"]}
    assert (str(t3000.fault.kind), t3000.fault.delay_s) == ("slow", 2.0)


def test_a_panel_of_it_goes_offline_and_comes_back(plant: Plant, t3000: T3000WebServer) -> None:
    for fault, online in (("offline", False), ("none", True)):
        assert obey(plant, f'{{"panel": "t3000-2", "fault": "{fault}"}}'.encode(), t3000=t3000)["panels"] == ["t3000-2"]
        assert [listed.is_online for listed in t3000.installation.panels.values()] == [True, online]


def test_points_of_its_panels_are_held_and_their_truth_can_be_asked(plant: Plant, t3000: T3000WebServer) -> None:
    assert obey(plant, b'{"panel": "t3000-2", "set": {"IN3": 21.5}}', t3000=t3000)["ok"]
    values = obey(plant, b'{"panel": "t3000-2", "ask": "values"}', t3000=t3000)["values"]
    assert (values["IN3"], len(values)) == (21.5, 256)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"panel": "t3000-3", "fault": "none"}', "panel: saw 't3000-3', allowed are t3000 and t3000-1 to t3000-2"),
        (b'{"panel": "t3000", "fault": "stall"}', "fault: saw 'stall', allowed are none, slow"),
        (b'{"panel": "t3000", "fault": "slow", "code": 4}', "t3000: saw keys"),
        (b'{"panel": "t3000", "fault": "slow", "delay_s": "2"}', "delay_s: saw '2'"),
        (b'{"panel": "t3000", "fault": "slow", "delay_s": 1e9}', "delay_s: saw 1000000000.0"),
        (b'{"panel": "t3000", "ask": "values"}', "t3000: saw keys"),
        (b'{"panel": "t3000-1", "fault": "slow"}', "fault: saw 'slow', allowed are none, offline"),
        (b'{"panel": "t3000-1", "fault": "none", "delay_s": 1}', "t3000-1: saw keys"),
        (b'{"panel": "t3000-1", "ask": "counts"}', "ask: saw 'counts', allowed are values"),
        (b'{"panel": "t3000-1", "set": {"IN1": 1, "IN99": 1}}', "has no point 'IN99'"),
        (b'{"panel": "t3000-1", "set": {"IN1": "x"}}', "set IN1: saw 'x'"),
        (b'{"panel": "t3000-1"}', "allowed is exactly one of fault, set, ask"),
        (b'{"panel": ["t3000"], "fault": "none"}', "panel: saw ['t3000']"),
    ],
)
def test_a_bad_line_about_a_t3000_says_what_is_allowed(
    plant: Plant, t3000: T3000WebServer, line: bytes, said: str
) -> None:
    answer = obey(plant, line, t3000=t3000)
    assert answer["ok"] is False
    assert said in answer["error"]


def test_without_a_t3000_its_name_is_no_panel(plant: Plant) -> None:
    assert obey(plant, b'{"panel": "t3000", "fault": "none"}')["ok"] is False
