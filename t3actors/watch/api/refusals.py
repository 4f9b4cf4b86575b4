"""A request that is not answered, and why. Pure."""

from __future__ import annotations

from http import HTTPStatus


class Refused(Exception):
    """The status, one sentence for whoever asked, and headers that go with it (underscores stand for dashes)."""

    def __init__(self, status: HTTPStatus, why: str, **headers: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why
        self.headers = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
