"""What a device answers instead of data, as one of our errors, by the standard's names: drivers and limits learn from it."""

from __future__ import annotations

from typing import Any

from bacpypes3.apdu import AbortPDU, AbortReason, ErrorPDU, RejectPDU, RejectReason
from bacpypes3.basetypes import ErrorClass, ErrorCode

from t3actors.collect.bacnet.codec.read_property import decode_error
from t3actors.collect.bacnet.link.frames import Answer, Kind
from t3actors.errors import BadResponse, DriverError, RequestRefused, RequestTimedOut

NO_RESPONSE = 65  # bacpypes3's own abort reason: its timer ran out


def judged(apdu: Any, service: int) -> DriverError:
    """Give the error that an answer amounts to, as bacpypes3 has it."""
    source = str(apdu.pduSource)
    if isinstance(apdu, AbortPDU):
        code = int(apdu.apduAbortRejectReason)
        if not apdu.apduSrv:
            return _given_up(code, source)
        return refusal(Answer(Kind.ABORT, 0, code, b""), service, source)
    if isinstance(apdu, RejectPDU):
        return refusal(Answer(Kind.REJECT, 0, int(apdu.apduAbortRejectReason), b""), service, source)
    kind = Kind.ERROR if isinstance(apdu, ErrorPDU) else Kind.COMPLEX_ACK
    return refusal(Answer(kind, 0, apdu.apduService, bytes(apdu.pduData)), service, source)


def refusal(answer: Answer, service: int, source: str) -> DriverError:
    """Give the error that an answer amounts to."""
    code = answer.said
    if answer.kind is Kind.ABORT:
        return RequestRefused(f"{source}: aborted: {_name(AbortReason, code)}", code=code, kind="abort")
    if answer.kind is Kind.REJECT:
        return RequestRefused(f"{source}: rejected: {_name(RejectReason, code)}", code=code, kind="reject")
    if answer.kind is Kind.ERROR:
        try:
            error_class, code = decode_error(answer.data)
        except BadResponse as bad:
            return BadResponse(f"{source}: {bad}", raw=bad.raw)
        text = f"{source}: {_name(ErrorClass, error_class)}: {_name(ErrorCode, code)}"
        return RequestRefused(text, code=code, kind="error", error_class=error_class)
    return BadResponse(f"{source}: asked for service {service}, answered as service {code}", raw=answer.data)


def silence(source: str) -> RequestTimedOut:
    """Give the error that no answer amounts to."""
    return RequestTimedOut(f"{source}: no answer")


def _given_up(code: int, source: str) -> DriverError:
    if code == NO_RESPONSE:
        return silence(source)
    return BadResponse(f"{source}: its answer was no answer to this request ({_name(AbortReason, code)})")


def _name(kind: Any, number: int) -> str:
    try:
        return str(kind(number))
    except (ValueError, TypeError):
        return str(number)
