"""Durations and sizes as people write them in the configuration: "250ms", "30s", "15m", "2h", "30d"; "500MB", "2GB".

Pure. One number and one unit: "1h30m" is refused, "1.5h" and "90m" are the same. Sizes count in thousands, as disks do.
"""

from __future__ import annotations

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DIGITS_BEFORE, _DIGITS_BEHIND = 12, 6

DURATION_FORM = 'such as "250ms", "30s", "15m", "2h" or "30d"'
SIZE_FORM = 'such as "500MB" or "2GB"'


def duration_s(text: str) -> float:
    """Read a duration.

    Units: seconds. Raises: ValueError when it is not one; a sign is never one.
    """
    number, unit = _split(text, _SECONDS, DURATION_FORM)
    return round(float(number) * _SECONDS[unit], 6)


def size_bytes(text: str) -> int:
    """Read a size.

    Units: bytes. Raises: ValueError when it is not one.
    """
    number, unit = _split(text, _BYTES, SIZE_FORM)
    return round(float(number) * _BYTES[unit])


def duration_text(seconds: float) -> str:
    """Write a duration in the largest unit that leaves a whole number: 900 becomes "15m", 0.25 "250ms"."""
    if seconds == 0:
        return "0s"
    for unit in ("d", "h", "m", "s", "ms"):
        count = seconds / _SECONDS[unit]
        if count >= 1 and abs(count - round(count)) < 1e-6:
            return f"{round(count)}{unit}"
    return f"{seconds:g}s"


def _split(text: str, units: dict[str, float] | dict[str, int], form: str) -> tuple[str, str]:
    number = text.rstrip(_LETTERS)
    unit = text[len(number) :]
    number = number.removesuffix(" ")
    whole, point, part = number.partition(".")
    if unit not in units or not _is_number(whole, _DIGITS_BEFORE) or (point and not _is_number(part, _DIGITS_BEHIND)):
        raise ValueError(f"not one number and one of {', '.join(units)}, {form}")
    return number, unit


def _is_number(text: str, most: int) -> bool:
    return len(text) <= most and text.isascii() and text.isdigit()
