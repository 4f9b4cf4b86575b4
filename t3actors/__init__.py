"""A headless edge gateway for buildings: devices are polled by supervised actors, changes land in SQLite."""

__version__ = "0.1.0"
