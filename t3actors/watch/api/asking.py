"""What may be asked of the running gateway: a poll now. Nothing here changes a device."""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from supervision.errors import SupervisionError
from t3actors.messages import SyncFinished
from t3actors.watch.api.answers import asked, json_answer, known
from t3actors.watch.api.guard import Refused
from t3actors.watch.api.inside import Inside

SYNCS_AT_A_TIME = 4


class SyncBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`devices`: their names; all that are polled, when left out."""

    devices: tuple[str, ...] | None = None


class SyncResult(msgspec.Struct, frozen=True):
    """What one device's poll brought. `error` empty: it was read, and the detector has the readings."""

    device: str
    points_ok: int
    points_failed: int
    error: str


class SyncAnswer(msgspec.Struct, frozen=True):
    """`failed`: how many devices were not read, or not whole."""

    results: list[SyncResult]
    failed: int


class Asking:
    """The requests that have the gateway do something."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside
        self._syncs = 0

    async def sync(self, request: Request) -> Response:
        """Poll once, now; answer when the readings are taken, within two minutes."""
        wanted = (await asked(request, SyncBody)).devices
        if wanted is not None:
            names = self._inside.devices()
            wanted = tuple(dict.fromkeys(known(name, names, "device") for name in wanted))
        if self._syncs >= SYNCS_AT_A_TIME:
            raise Refused(HTTPStatus.TOO_MANY_REQUESTS, f"{self._syncs} syncs are under way already", retry_after="5")
        self._syncs += 1
        try:
            finished = await self._inside.sync(wanted)
        except SupervisionError:
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, "the gateway is stopping") from None
        finally:
            self._syncs -= 1
        results = [_result(each) for each in finished]
        failed = sum(bool(each.error or each.points_failed) for each in results)
        return json_answer(SyncAnswer(results, failed))


def _result(finished: SyncFinished) -> SyncResult:
    return SyncResult(finished.device, finished.points_ok, finished.points_failed, finished.error)
