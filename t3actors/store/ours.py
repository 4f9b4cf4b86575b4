"""How a database says that it is ours."""

from __future__ import annotations

APPLICATION_ID = 0x54334163  # "T3Ac"
