"""What comes from outside, and sizes, as words in one line of a log. Pure."""

from __future__ import annotations

LONGEST = 200  # characters of somebody else's text in one of our lines


def printable(text: str) -> str:
    """Give a text that came from outside as one line that can be logged and shown: blanks for what is not printable."""
    return " ".join("".join(each if each.isprintable() else " " for each in text[: 10 * LONGEST]).split())[:LONGEST]


def size(octets: int) -> str:
    """Give a size as the configuration spells it: "100 MB"."""
    return f"{octets / 1e6:.0f} MB" if octets >= 1_000_000 else f"{octets / 1e3:.0f} kB"
