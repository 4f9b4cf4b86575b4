"""What may be asked of the running gateway: a poll now, another interval, a device left alone. Nothing here changes a device."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from pathlib import Path
from typing import Annotated

import msgspec
from starlette.responses import Response

from supervision.errors import SupervisionError
from t3actors.configure.durations import DURATION_FORM, duration_s
from t3actors.control import NotToBeChanged, Override
from t3actors.errors import ConfigError, GatewayError
from t3actors.messages import SyncFinished
from t3actors.quoting import quoted
from t3actors.watch.api.answers import ErrorAnswer, json_answer, refuse_unknown
from t3actors.watch.api.inside import Inside
from t3actors.watch.api.operations import Asked
from t3actors.watch.api.refusals import Refused

SYNCS_AT_A_TIME = 4
INTERVAL_S = (0.05, 86400.0)


Text = Annotated[str, msgspec.Meta(extra_json_schema={"pattern": r"^[^\u0000]*$"})]
"""What `decoded` lets through, as openapi.json says it."""


class SyncBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`devices`: their names; all that are polled, when null or left out."""

    devices: tuple[Text, ...] | None = None


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


class ReloadBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`file`: the configuration that whoever asks takes the gateway's for; another one is refused. Null: whichever it is."""

    file: Text | None = None


class IntervalBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`poll_interval`: "50ms" to "1d", as in the configuration; null for the configured one."""

    poll_interval: str | None


class ControlAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for the device instead of its configuration now, until the gateway is restarted; null: nothing."""

    device: str
    override: Override | None


class Asking:
    """The requests that have the gateway do something."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside
        self._reach = inside.reach
        self._syncs = 0

    async def sync(self, asked: Asked) -> Response:
        """Poll once, now; answer when the readings are taken, within two minutes."""
        wanted = asked.body.devices
        if wanted is not None:
            names = self._reach.devices()
            for name in wanted:
                if not self._inside.plays(name):
                    refuse_unknown(name, names, "device")
            wanted = tuple(dict.fromkeys(wanted))
        if self._syncs >= SYNCS_AT_A_TIME:
            raise Refused(HTTPStatus.TOO_MANY_REQUESTS, f"{self._syncs} syncs are under way already", retry_after="5")
        self._syncs += 1
        try:
            finished = await self._reach.sync(wanted)
        except SupervisionError as error:
            raise _not_now(error) from None
        finally:
            self._syncs -= 1
        results = [_result(each) for each in finished]
        failed = sum(bool(each.error or each.points_failed) for each in results)
        return json_answer(SyncAnswer(results, failed))

    async def reload(self, asked: Asked) -> Response:
        """Read the configuration anew; answer when it holds."""
        file = None if asked.body.file is None else Path(asked.body.file)
        try:
            return json_answer(await self._reach.reload("the API", file))
        except ConfigError as error:
            why = "the new configuration was refused; nothing was changed"
            return json_answer(ErrorAnswer(why, tuple(error.faults)), HTTPStatus.UNPROCESSABLE_ENTITY)
        except GatewayError as error:
            raise Refused(HTTPStatus.CONFLICT, str(error)) from None

    async def start(self, asked: Asked) -> Response:
        """Have a device polled again that was stopped by hand."""
        return await self._control(asked, self._reach.control.start)

    async def stop(self, asked: Asked) -> Response:
        """Have a device polled no more."""
        return await self._control(asked, self._reach.control.stop)

    async def set_interval(self, asked: Asked) -> Response:
        """Have a device polled at another interval."""
        text = asked.body.poll_interval
        seconds = None if text is None else _interval_s(text)
        return await self._control(asked, lambda name: self._reach.control.set_interval(name, seconds))

    async def _control(self, asked: Asked, change: Callable[[str], Awaitable[None]]) -> Response:
        name = asked.values["device"]
        if not self._inside.plays(name):
            refuse_unknown(name, self._reach.devices(), "device")
        try:
            await change(name)
        except NotToBeChanged as error:
            raise Refused(HTTPStatus.CONFLICT, str(error)) from None
        except SupervisionError as error:
            raise _not_now(error) from None
        return json_answer(ControlAnswer(device=name, override=self._reach.control.overrides.get(name)))


def _interval_s(text: str) -> float:
    low_s, high_s = INTERVAL_S
    try:
        seconds = duration_s(text)
    except ValueError:
        seconds = 0.0
    if not low_s <= seconds <= high_s:
        allowed = f'a duration from "50ms" to "1d", {DURATION_FORM}'
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, f'poll_interval: saw "{quoted(text)}"; allowed: {allowed}')
    return seconds


def _not_now(error: SupervisionError) -> Refused:
    """The gateway is stopping, or the pool of its actors is being started anew."""
    return Refused(HTTPStatus.SERVICE_UNAVAILABLE, f"not now: {error}", retry_after="5")


def _result(finished: SyncFinished) -> SyncResult:
    return SyncResult(finished.device, finished.points_ok, finished.points_failed, finished.error)
