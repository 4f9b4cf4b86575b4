"""Why a point is as it is: the first that is amiss, from the wire to the row."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from t3actors.messages import PollCounts
from t3actors.points import Reading, Rules, Status
from t3actors.questions import DeviceInsight, PointTrace
from t3actors.rows import DeviceRow, PointRow
from t3actors.watch.advice import LOOK_AT, advice_on
from t3actors.watch.tree import ChildRow
from t3actors.watch.verdict import verdict_on

OPERATING = Path(__file__).parents[2] / "docs" / "operating.md"
DEVICE = DeviceRow(
    name="ahu-1", device_id=1, serial_number=1, enabled=True, protocol="modbus", address="10.0.0.1:502", status="online",
    status_reason="", status_at=0, last_ok_at=0, poll_interval_s=30.0, achieved_interval_s=30.0, polls_ok=1, polls_failed=0,
    panel_id=None, panel_name=None, model=None, firmware=None, points=1,
)  # fmt: skip
ROW = PointRow(
    name="ahu-1", point_id="IN1", label="Supply", value=21.0, text=None, units="°C", status="ok", status_reason="", age_s=0,
    full_label="", point_type="INPUT", point_index=1, auto_manual=0, flags=0, sampled_at=0, changed_at=0, status_at=0,
    serial_number=1, device_id=1, device_status="online", mode="poll",
)  # fmt: skip
ACTOR = ChildRow(
    supervisor="gateway/devices",
    child="device/ahu-1",
    kind="task",
    state="running",
    incarnation=1,
    restarts=0,
    last_exit="",
)
NOW = DeviceInsight(state="online", next_try_s=12.0, attempts=0, counts=PollCounts(), polls=())
TRACE = PointTrace(
    stored=Reading("IN1", 21.0), seen=Reading("IN1", 21.0), read_ago_s=4.0, sampled_at_ms=0, emitted_ago_s=60.0,
    repeat_in_s=700.0, ages_in_s=100.0, waits=False, point=None, rules=Rules(deadband=0.2),
)  # fmt: skip


def sentence(**changed: Any) -> str:
    """Judge a point that is well but for what is changed; `x__y` is field y of x."""
    parts: dict[str, Any] = {"device": DEVICE, "row": ROW, "actor": ACTOR, "now": NOW, "trace": TRACE}
    stopped = changed.pop("stopped", False)
    for name, value in changed.items():
        part, _, field = name.partition("__")
        parts[part] = msgspec.structs.replace(parts[part], **{field: value}) if field else value
    return verdict_on(*parts.values(), stopped=stopped).sentence


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, "read 4.0 s ago and well: 21 °C; unchanged since it was stored; stored again in 12 min at the latest"),
        (
            {"trace__seen": Reading("IN1", 21.1)},
            "last read was 21.1 °C, which is within the deadband of 0.2 °C and not stored",
        ),
        ({"trace__repeat_in_s": None}, "unchanged since it was stored"),
        ({"trace__waits": True}, "a newer change waits for its batch"),
        ({"trace__rules": Rules(trend="always")}, "every reading is stored"),
        ({"trace__rules": Rules(trend="never")}, "it has no history (trend = never)"),
        ({"row__text": "On"}, "well: On °C"),
        ({"trace__stored": Reading("IN1", 21.0, Status.FAULT)}, "the database has it as ok, the detector as fault"),
        ({"trace": None}, "the detector does not answer now"),
        (
            {"row__status": "fault", "row__status_reason": "illegal address"},
            "the device answers, the point is fault: illegal address",
        ),
        (
            {"device__status": "offline", "device__status_reason": "connection refused", "now__attempts": 3},
            "ahu-1 is offline: connection refused; asked 3 times in vain, tried again in 12 s",
        ),
        ({"device__status": "connecting", "now": None}, "ahu-1 is connecting: it has not been reached yet"),
        (
            {"actor__state": "restarting", "actor__last_exit": "crashed: ValueError: x"},
            "the actor of ahu-1 is restarting (crashed: ValueError: x)",
        ),
        ({"actor": None}, "nobody polls ahu-1"),
        ({"stopped": True, "device__status": "offline"}, "ahu-1 was stopped by hand"),
    ],
)
def test_the_first_that_is_amiss_is_said(changed: dict[str, Any], said: str) -> None:
    assert said in sentence(**changed)


def test_what_is_amiss_says_where_to_look_and_what_is_well_does_not() -> None:
    offline = msgspec.structs.replace(DEVICE, status="offline", status_reason="10.0.0.1:502: connection refused")
    assert "its number" in verdict_on(offline, ROW, ACTOR, NOW, TRACE).look_at
    assert verdict_on(DEVICE, ROW, ACTOR, NOW, TRACE).look_at == ""
    assert verdict_on(DEVICE, ROW, None, NOW, TRACE).look_at


def test_every_reason_of_the_operating_page_has_its_advice() -> None:
    table = OPERATING.read_text("utf-8").split("| reason says |")[1].split("\n\n")[0]
    reasons = [each for each in re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE) if each != "---"]
    assert len(reasons) > 5
    assert [each for each in reasons if not advice_on(f"10.0.0.1: {each} 5 s")] == []


def test_no_advice_is_hidden_behind_another() -> None:
    for number, (words, advice) in enumerate(LOOK_AT):
        assert advice_on(f"x: {words}: y") == advice, LOOK_AT[:number]
