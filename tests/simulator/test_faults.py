from __future__ import annotations

import math
from typing import Any

import pytest

from t3actors.simulator.faults import LISTENER_KINDS, BadFault, Fault, FaultKind, decode_fault


@pytest.mark.parametrize("kind", [kind for kind in FaultKind if kind is not FaultKind.ILLEGAL_RANGES])
def test_every_fault_can_be_named(kind: FaultKind) -> None:
    fault = decode_fault(str(kind), {})
    assert fault.kind is kind
    assert fault.of_listener is (kind in LISTENER_KINDS)


def test_registers_are_single_addresses_or_spans() -> None:
    fault = decode_fault("illegal_ranges", {"registers": [7600, [7484, 7499]]})
    assert fault == Fault(FaultKind.ILLEGAL_RANGES, registers=((7600, 7600), (7484, 7499)))


@pytest.mark.parametrize(
    ("kind", "parameters", "said"),
    [
        ("explode", {}, "fault: saw 'explode', allowed are none, stall, drop"),
        (None, {}, "fault: saw None"),
        (["stall"], {}, "fault: saw"),
        ("stall", {"delay": 1}, "unknown key 'delay', allowed beside a fault are code, delay_s"),
        ("exception", {"code": 0}, "code: saw 0, allowed is a whole number from 1 to 255"),
        ("exception", {"code": True}, "code: saw True"),
        ("exception", {"code": "4"}, "code: saw '4'"),
        ("slow", {"delay_s": -1}, "delay_s: saw -1, allowed is 0 to 3600 seconds"),
        ("slow", {"delay_s": math.nan}, "delay_s: saw nan"),
        ("slow", {"delay_s": "1"}, "delay_s: saw '1'"),
        ("constant_id", {"transaction_id": 65536}, "transaction_id: saw 65536"),
        ("illegal_ranges", {}, "registers: saw none"),
        ("illegal_ranges", {"registers": 5}, "registers: saw 5, allowed is a list"),
        ("illegal_ranges", {"registers": [[1, 2, 3]]}, "registers: saw \\[1, 2, 3\\]"),
        ("illegal_ranges", {"registers": [[5, 4]]}, "registers: saw 4, allowed is a whole number from 5"),
        ("illegal_ranges", {"registers": ["a"]}, "registers: saw 'a'"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_with_what_is_allowed(
    kind: object, parameters: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadFault, match=said):
        decode_fault(kind, parameters)
