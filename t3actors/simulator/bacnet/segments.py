"""A long answer in segments, and a long request put together again (clause 5.3 and 5.4). Pure: `now_s` is given."""

from __future__ import annotations

from t3actors.simulator.bacnet import apdu
from t3actors.simulator.bacnet.apdu import Request, SegmentAck

SEGMENT_TIMEOUT_S = 2.0
MOST_RETRIES = 3
MOST_WINDOW = 127
MOST_REQUEST_SEGMENTS = 64


class SegmentedAnswer:
    """Sends a ComplexACK piece by piece, as many at once as the client's window allows."""

    def __init__(self, request: Request, data: bytes, size: int, window: int) -> None:
        self._request = request
        self._pieces = [data[at : at + size] for at in range(0, len(data), size)]
        self._proposed = window
        self._first = 0  # of the pieces that are not acknowledged
        self._sent = 1
        self._tries = 0
        self.due_s = 0.0

    @property
    def count(self) -> int:
        """How many segments there are."""
        return len(self._pieces)

    def start(self, now_s: float) -> list[bytes]:
        """Give the first segment, which goes alone."""
        self.due_s = now_s + SEGMENT_TIMEOUT_S
        return self._from_first(1)

    def acknowledge(self, ack: SegmentAck, now_s: float) -> list[bytes] | None:
        """Give the segments that follow; None when the client has all of them."""
        place = next((each for each in range(self._first - 1, self._sent) if each % 256 == ack.sequence), None)
        if place is None:  # of some other window
            return []
        self._first, self._tries = place + 1, 0
        if self._first >= len(self._pieces):
            return None
        self.due_s = now_s + SEGMENT_TIMEOUT_S
        return self._from_first(max(1, min(ack.window, MOST_WINDOW)))

    def again(self, now_s: float) -> list[bytes] | None:
        """Repeat what was not acknowledged in time; None when the client seems to be gone."""
        self._tries += 1
        if self._tries > MOST_RETRIES:
            return None
        self.due_s = now_s + SEGMENT_TIMEOUT_S
        return self._from_first(self._sent - self._first)

    def _from_first(self, count: int) -> list[bytes]:
        last = len(self._pieces) - 1
        self._sent = min(self._first + count, last + 1)
        return [
            apdu.segment(
                self._request.invoke_id, self._request.service, place % 256, self._proposed, self._pieces[place],
                more_follows=place < last,
            )
            for place in range(self._first, self._sent)
        ]  # fmt: skip


class SegmentedRequest:
    """Collects a client's segments in order."""

    def __init__(self, first: Request, window: int, now_s: float) -> None:
        self._first = first
        self._window = max(1, min(first.window, window))
        self._pieces: list[bytes] = []
        self._in_window = 0
        self.due_s = now_s + 4 * SEGMENT_TIMEOUT_S

    def take(self, piece: Request, now_s: float) -> tuple[bytes | None, Request | None]:
        """Take one segment; give the acknowledgement that is due, and the whole request when it is complete."""
        self.due_s = now_s + 4 * SEGMENT_TIMEOUT_S
        expected = len(self._pieces)
        if piece.sequence != expected % 256 or expected >= MOST_REQUEST_SEGMENTS:
            self._in_window = 0
            return apdu.segment_ack(piece.invoke_id, (expected - 1) % 256, self._window, negative=True), None
        self._pieces.append(piece.data)
        self._in_window += 1
        complete = not piece.more_follows
        ack = None
        if complete or expected == 0 or self._in_window >= self._window:
            ack = apdu.segment_ack(piece.invoke_id, piece.sequence, self._window)
            self._in_window = 0
        whole = self._first._replace(data=b"".join(self._pieces), segmented=False) if complete else None
        return ack, whole
