from __future__ import annotations

from typing import Any

import pytest

from t3actors.simulator.bacnet.faults import BacnetFaultKind, decode_bacnet_fault
from t3actors.simulator.faults import BadFault


@pytest.mark.parametrize("kind", list(BacnetFaultKind))
def test_every_fault_can_be_written_by_its_name(kind: BacnetFaultKind) -> None:
    assert decode_bacnet_fault(str(kind), {}).kind is kind


@pytest.mark.parametrize(
    ("kind", "parameters", "said"),
    [
        ("boom", {}, "fault: saw 'boom', allowed on a BACnet device are none, stall"),
        (7, {}, "fault: saw 7"),
        ("slow", {"delay": 1}, "unknown key 'delay', allowed beside a BACnet fault are delay_s"),
        ("slow", {"delay_s": "1"}, "delay_s: saw '1', allowed is a number from 0 to 3600"),
        ("slow", {"delay_s": float("nan")}, "delay_s: saw nan"),
        ("drop", {"share": 1.1}, "share: saw 1.1, allowed is a number from 0 to 1"),
        ("abort", {"code": 256}, "code: saw 256, allowed is a whole number from 0 to 255"),
        ("abort", {"code": True}, "code: saw True"),
        ("abort", {"service": -1}, "service: saw -1"),
        ("duplicate_instance", {"instance": 4194303}, "instance: saw 4194303"),
        ("undecodable", {"object": 3}, "object: saw 3, allowed is a point's id"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_with_what_can(kind: object, parameters: dict[str, Any], said: str) -> None:
    with pytest.raises(BadFault) as refused:
        decode_bacnet_fault(kind, parameters)
    assert said in str(refused.value)
