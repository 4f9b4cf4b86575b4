from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.simulator.bacnet.plant import BacnetPlant, BacnetPlantSize
from t3actors.simulator.commands import obey
from t3actors.simulator.faults import FaultKind
from t3actors.simulator.plant import Plant, PlantSize

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text("abIN1 {", max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abIN1 {", max_size=5), inner, max_size=3),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def plant() -> Iterator[Plant]:
    built = Plant(PlantSize(devices=2))
    yield built
    built.close()


def test_a_fault_is_switched_on_and_off(plant: Plant) -> None:
    server = plant.server_of("panel-2")
    assert obey(plant, b'{"panel": "panel-2", "fault": "slow", "delay_s": 0.5}') == {
        "ok": True, "fault": "slow", "panels": ["panel-2"],
    }  # fmt: skip
    fault = server.fault_of(1)
    assert fault is not None
    assert (fault.kind, fault.delay_s) == (FaultKind.SLOW, 0.5)
    obey(plant, b'{"panel": "panel-2", "fault": "none"}')
    assert server.fault_of(1) is None


def test_points_are_held_at_values_and_the_truth_can_be_asked(plant: Plant) -> None:
    assert obey(plant, b'{"panel": "panel-1", "set": {"IN3": 21.5, "OUT2": 1}}')["ok"]
    values = obey(plant, b'{"panel": "panel-1", "ask": "values"}')["values"]
    assert (values["IN3"], values["OUT2"]) == (21.5, 1.0)


def test_counts_can_be_asked(plant: Plant) -> None:
    assert obey(plant, b'{"ask": "counts"}')["counts"]["writes"] == 0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"hello", "command: saw 'hello', allowed is a JSON object on one line"),
        (b"\xff\xfe", "allowed is a JSON object on one line"),
        (b"[1]", "allowed is a JSON object on one line"),
        (b"[" * 60_000, "allowed is a JSON object on one line"),
        (b"{}", "allowed is exactly one of fault, set, ask"),
        (b'{"fault": "stall", "ask": "counts"}', "allowed is exactly one of fault, set, ask"),
        (b'{"fault": "stall"}', "panel: saw None, allowed is a panel's name or *"),
        (b'{"panel": "panel-9", "fault": "stall"}', "panel: saw 'panel-9', allowed are panel-1 to panel-2"),
        (b'{"panel": "panel-1", "fault": "boom"}', "fault: saw 'boom', allowed are none, stall"),
        (b'{"panel": "panel-1", "ask": "names"}', "ask: saw 'names', allowed are counts and values"),
        (b'{"panel": "panel-1", "set": {"IN99": 1}}', "panel-1 has no point 'IN99'"),
        (b'{"panel": "panel-1", "set": {"IN1": "x"}}', "set IN1: saw 'x', allowed is a number"),
        (b'{"panel": "panel-1", "set": {"IN1": 1e400}}', "set IN1: saw inf"),
        (b'{"panel": "panel-1", "set": {}}', "set: saw {}"),
        (b'{"panel": "panel-1", "set": {"IN1": 1}, "hold": 1}', "unknown key 'hold', allowed are panel, set"),
        (b'{"ask": "counts", "panel": "panel-1"}', "unknown key 'panel', allowed are ask"),
    ],
)
def test_a_bad_line_gets_one_error_that_says_what_is_allowed(plant: Plant, line: bytes, said: str) -> None:
    answer = obey(plant, line)
    assert answer["ok"] is False
    assert said in answer["error"]
    assert "\n" not in json.dumps(answer)


def test_of_several_points_none_is_set_when_one_does_not_exist(plant: Plant) -> None:
    before = plant.panels["panel-1"].value("IN5")
    obey(plant, b'{"panel": "panel-1", "set": {"IN5": 777, "IN99": 1}}')
    assert plant.panels["panel-1"].value("IN5") == before


@given(
    st.binary(max_size=80)
    | st.dictionaries(st.sampled_from(["panel", "fault", "set", "ask", "registers", "code", "x"]), JSON).map(
        lambda command: json.dumps({"panel": "panel-1"} | command).encode()
    )
)
def test_no_line_raises(line: bytes) -> None:
    plant = Plant(PlantSize(devices=1))
    try:
        json.dumps(obey(plant, line))
    finally:
        plant.close()


@pytest.fixture(scope="module")
def bacnet() -> Iterator[BacnetPlant]:
    built = BacnetPlant(BacnetPlantSize(devices=2))
    yield built
    built.close()


def test_a_bacnet_device_takes_faults_of_its_own(plant: Plant, bacnet: BacnetPlant) -> None:
    line = b'{"panel": "bacnet-2", "fault": "abort", "code": 4}'
    assert obey(plant, line, bacnet) == {"ok": True, "fault": "abort", "panels": ["bacnet-2"]}
    assert [str(each) for each in bacnet.find("bacnet-2").responder.faults] == ["abort"]
    assert obey(plant, b'{"panel": "bacnet-*", "fault": "none"}', bacnet)["panels"] == ["bacnet-1", "bacnet-2"]
    assert not bacnet.find("bacnet-2").responder.faults


def test_a_bacnet_devices_points_are_held_and_its_truth_and_counts_can_be_asked(
    plant: Plant, bacnet: BacnetPlant
) -> None:
    assert obey(plant, b'{"panel": "bacnet-1", "set": {"IN3": 21.5}}', bacnet)["ok"]
    assert obey(plant, b'{"panel": "bacnet-1", "ask": "values"}', bacnet)["values"]["IN3"] == 21.5
    assert obey(plant, b'{"panel": "bacnet-1", "ask": "counts"}', bacnet)["counts"]["subscriptions"] == 0
    assert obey(plant, b'{"ask": "counts"}', bacnet)["bacnet"]["writes"] == 0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"panel": "bacnet-9", "ask": "values"}', "panel: saw 'bacnet-9', allowed are bacnet-1 to bacnet-2"),
        (b'{"panel": "bacnet-1", "fault": "one_client"}', "fault: saw 'one_client', allowed on a BACnet device are"),
        (b'{"panel": "bacnet-1", "ask": "names"}', "ask: saw 'names', allowed are counts and values"),
        (b'{"panel": "bacnet-1", "set": {"IN99": 1}}', "bacnet-1 has no point 'IN99'"),
        (b'{"panel": "bacnet-1", "set": {"IN1": "x"}}', "set IN1: saw 'x', allowed is a number"),
        (b'{"panel": "bacnet-1", "fault": "undecodable", "object": "X"}', "bacnet-1 has no point 'X'"),
    ],
)
def test_a_bad_line_about_a_bacnet_device_says_what_is_allowed(
    plant: Plant, bacnet: BacnetPlant, line: bytes, said: str
) -> None:
    answer = obey(plant, line, bacnet)
    assert answer["ok"] is False
    assert said in answer["error"]
