"""How a value that was given is said back, never longer than a person reads; and whether it is a text at all. Pure."""

from __future__ import annotations

QUOTED_AT_MOST = 80


def quoted(given: str) -> str:
    """Return it as it may stand between quotation marks: its first 80 characters."""
    return given if len(given) <= QUOTED_AT_MOST else f"{given[:QUOTED_AT_MOST]}..."


def is_text(given: str) -> bool:
    """Say whether it can be a name or a path: UTF-8, and no NUL. An argument that is no UTF-8 has lone surrogates in it (PEP 383)."""
    try:
        given.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in given
