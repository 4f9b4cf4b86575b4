"""Answers of T3000 for the tests: the two golden ones, and any that a test makes up."""

from __future__ import annotations

from pathlib import Path

CASES = Path(__file__).parent / "cases"
REAL = (CASES / "logging_data_real.json").read_bytes()
DOCUMENTED = (CASES / "logging_data_documented.json").read_bytes()
