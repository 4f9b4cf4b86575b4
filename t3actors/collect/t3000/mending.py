"""Text that T3000 passes on and no reader takes: octets of a code page, control characters, halves of surrogate pairs. Pure.

Only what stands inside a text can be mended. Whatever is replaced is counted, for its loss is to be told once.
"""

from __future__ import annotations

import codecs
import re

Octets = bytes | memoryview

_CHUNK = 1 << 20  # octets looked at in one go: the memory it takes to look at an answer of any size
_ALL_CONTROLS = bytes(range(0x20))
_TO_SPACES = bytes.maketrans(_ALL_CONTROLS, b" " * len(_ALL_CONTROLS))
_CONTROLS = bytes(sorted(set(_ALL_CONTROLS) - set(b"\t\n\r")))
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})"
    rb'|u[0-9a-fA-F]{4}|["\\/bfnrt]|(?P<none>))'
)
_UNDECODABLE = re.compile("[\udc80-\udcff]")  # what surrogateescape makes of an octet that is not UTF-8


def mend(octets: Octets) -> tuple[bytes, int]:
    """Give a copy of the same length in which no text stops a JSON reader, and how much of it had to be replaced.

    Control characters become spaces; the backslash of an escape that JSON does not have "?"; half a surrogate pair U+FFFD.
    Octets that are not UTF-8 stay (`readable`): a JSON reader that only skips them does not mind.
    """
    count = 0

    def replaced(found: re.Match[bytes]) -> bytes:
        nonlocal count
        if found["half"] is not None:
            count += 1
            return b"\\ufffd"
        if found["none"] is not None:
            count += 1
            return b"?"
        return found[0]

    copy = bytes(octets)
    controls = len(copy) - len(copy.translate(None, _CONTROLS))
    return _ESCAPE.sub(replaced, copy.translate(_TO_SPACES)), count + controls


def readable(octets: Octets) -> bytes:
    """Give the octets as UTF-8; in place of each that is not, U+FFFD."""
    return _UNDECODABLE.sub("\N{REPLACEMENT CHARACTER}", str(octets, "utf-8", "surrogateescape")).encode()


def undecodable(octets: Octets) -> int:
    """Count the octets that are not UTF-8, a piece at a time: it takes no copy of the whole."""
    view, at, count = memoryview(octets), 0, 0
    while at < len(view):
        text, used = codecs.utf_8_decode(view[at : at + _CHUNK], "surrogateescape", at + _CHUNK >= len(view))
        if not text.isascii():
            count += len(text) - len(_UNDECODABLE.sub("", text))
        at += used
    return count
