"""A request that is not answered, why, and how that is said. Pure."""

from __future__ import annotations

from http import HTTPStatus

import msgspec

HARDENING = [
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
]
Headers = list[tuple[bytes, bytes]]


class Refused(Exception):
    """The status, one sentence for whoever asked, and headers that go with it (underscores stand for dashes)."""

    def __init__(self, status: HTTPStatus, why: str, **headers: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why
        self.headers = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]

    def worded(self, *, closes: bool) -> tuple[Headers, bytes]:
        """Return headers and body of the answer. `closes`: it is the last one of its connection."""
        body = msgspec.json.encode({"error": self.why})
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            *self.headers,
            *HARDENING,
        ]
        return headers + [(b"connection", b"close")] * closes, body

    def octets(self) -> bytes:
        """Return the whole answer of one who is asked by HTTP/1.1 and closes after it."""
        headers, body = self.worded(closes=True)
        lines = [f"HTTP/1.1 {self.status.value} {self.status.phrase}".encode()]
        return b"\r\n".join([*lines, *(name + b": " + value for name, value in headers), b"", body])
