"""What takes its time in a building, and is no part of what a test of the whole gateway states."""

from __future__ import annotations

import pytest

from t3actors.collect import spare_time
from t3actors.collect.bacnet import driver
from t3actors.collect.bacnet.link import actor as link
from t3actors.collect.t3000 import doors
from t3actors.watch import health


@pytest.fixture(autouse=True)
def _impatient_building(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device is described soon, though polls so close together overrun; a library that starts is asked again soon."""
    monkeypatch.setattr(spare_time, "STARVED_S", 0.1)
    monkeypatch.setattr(driver, "DESCRIBE_EVERY_S", 0.02)
    monkeypatch.setattr(link, "GATHER_S", 0.05)
    monkeypatch.setattr(doors, "FIRST_PAUSE_S", 0.2)
    monkeypatch.setattr(health, "LOOK_EVERY_S", 0.2)
