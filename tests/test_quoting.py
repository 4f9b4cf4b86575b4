"""What was given is said back, cut; and what is no text is known for it."""

from __future__ import annotations

import pytest

from t3actors.quoting import is_text, quoted


def test_what_is_quoted_is_80_characters_long_at_most() -> None:
    assert quoted("x" * 80) == "x" * 80
    assert quoted("x" * 100_000) == "x" * 80 + "..."


@pytest.mark.parametrize(
    ("given", "is_one"), [("ahu-1/IN1", True), ("Zuluft °C", True), ("\udcff", False), ("a\0b", False)]
)
def test_a_text_is_utf8_without_nul(given: str, is_one: bool) -> None:
    assert is_text(given) is is_one
