"""What a device answers instead of data, as one of our errors, by the standard's names: drivers and limits learn from it."""

from __future__ import annotations

from typing import Any

from bacpypes3.apdu import AbortPDU, AbortReason, ErrorPDU, RejectPDU, RejectReason
from bacpypes3.basetypes import ErrorClass, ErrorCode

from t3actors.collect.bacnet import services
from t3actors.errors import BadResponse, DriverError, RequestRefused, RequestTimedOut

NO_RESPONSE = 65  # bacpypes3's own abort reason: its timer ran out


def judged(apdu: Any, service: int) -> DriverError:
    """Give the error that an answer amounts to."""
    source = apdu.pduSource
    if isinstance(apdu, AbortPDU):
        return _aborted(apdu, source)
    if isinstance(apdu, RejectPDU):
        code = int(apdu.apduAbortRejectReason)
        return RequestRefused(f"{source}: rejected: {_name(RejectReason, code)}", code=code, kind="reject")
    if isinstance(apdu, ErrorPDU):
        try:
            error_class, code = services.error(bytes(apdu.pduData))
        except BadResponse as bad:
            return BadResponse(f"{source}: {bad}", raw=bad.raw)
        text = f"{source}: {_name(ErrorClass, error_class)}: {_name(ErrorCode, code)}"
        return RequestRefused(text, code=code, kind="error", error_class=error_class)
    text = f"{source}: asked for service {service}, answered as service {apdu.apduService}"
    return BadResponse(text, raw=bytes(apdu.pduData))


def _aborted(apdu: Any, source: object) -> DriverError:
    code = int(apdu.apduAbortRejectReason)
    if apdu.apduSrv:
        return RequestRefused(f"{source}: aborted: {_name(AbortReason, code)}", code=code, kind="abort")
    if code == NO_RESPONSE:
        return RequestTimedOut(f"{source}: no answer")
    return BadResponse(f"{source}: its answer was no answer to this request ({_name(AbortReason, code)})")


def _name(kind: Any, number: int) -> str:
    try:
        return str(kind(number))
    except (ValueError, TypeError):
        return str(number)
