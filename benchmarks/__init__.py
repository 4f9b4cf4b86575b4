"""Measurements run by hand: `python -m benchmarks.NAME`. What each shows, and the last figures, are in README.md here."""
