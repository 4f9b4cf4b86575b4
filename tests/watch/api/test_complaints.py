"""Who was turned away is a line in the log, not a flood there as well."""

from __future__ import annotations

from collections import Counter

from t3actors.watch.api.complaints import AGAIN_AFTER_S, MOST_TOLD, MOST_TOLD_OF_ONE, Complaints
from tests.system.house import RecordedLog


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_a_reason_is_told_once_and_after_ten_minutes_with_their_number() -> None:
    log, clock = RecordedLog(), Clock()
    counts: Counter[str] = Counter()
    complaints = Complaints(log, clock, counts)
    for _ in range(1000):
        complaints.refused("socket", "10.0.0.7", "that is not the token")
    assert [line["refused"] for line in log.of("api.refused")] == [1]
    clock.now_s = AGAIN_AFTER_S
    complaints.refused("socket", "10.0.0.7", "that is not the token")
    assert [line["refused"] for line in log.of("api.refused")] == [1, 1000]
    assert counts["refused"] == 1001


def test_a_crowd_of_peers_is_told_together_and_forgotten_in_time() -> None:
    log, clock = RecordedLog(), Clock()
    complaints = Complaints(log, clock, Counter())
    for number in range(10 * MOST_TOLD):
        complaints.refused("tcp", f"10.0.0.{number}", "no")
    assert len(log.of("api.refused")) == MOST_TOLD + 1
    assert len(log.of("api.refused", peer="others")) == 1
    clock.now_s = AGAIN_AFTER_S
    complaints.refused("tcp", "10.9.9.9", "no")
    assert len(log.of("api.refused", peer="10.9.9.9")) == 1


def test_one_peer_that_thinks_of_ever_new_reasons_fills_no_log() -> None:
    log, clock = RecordedLog(), Clock()
    complaints = Complaints(log, clock, Counter())
    for number in range(1000):
        complaints.refused("tcp", "10.0.0.7", f'no host "{number}.example" here')
    assert len(log.of("api.refused")) == MOST_TOLD_OF_ONE + 1
    assert len(log.of("api.refused", peer="10.0.0.7", reason="others")) == 1
    complaints.refused("tcp", "10.0.0.8", "that is not the token")
    assert len(log.of("api.refused", peer="10.0.0.8")) == 1
    clock.now_s = AGAIN_AFTER_S
    complaints.refused("tcp", "10.0.0.7", "that is not the token")
    assert log.of("api.refused")[-1]["reason"] == "that is not the token"


def test_an_error_is_told_once_per_cause() -> None:
    log = RecordedLog()
    complaints = Complaints(log, Clock(), Counter())
    for cause in ("a", "a", "b"):
        complaints.failed("socket", "GET /x", cause, "trace")
    assert [line["cause"] for line in log.of("api.failed")] == ["a", "b"]
