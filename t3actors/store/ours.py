"""How a database says that it is ours, and how long we wait for others at it."""

from __future__ import annotations

APPLICATION_ID = 0x54334163  # "T3Ac"
BUSY_TIMEOUT_MS = 250
