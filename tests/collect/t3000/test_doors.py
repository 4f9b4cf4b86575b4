from __future__ import annotations

import pytest

from t3actors.collect.t3000 import doors
from t3actors.collect.t3000.doors import door_of
from t3actors.config import DeviceConfig
from t3actors.errors import NotReady
from t3actors.events import silent
from tests.collect.t3000.test_http_door import STARTING
from tests.collect.t3000.web_server import serving


@pytest.mark.parametrize("retries", [0, 2])
async def test_over_http_too_a_t3000_that_is_starting_is_asked_as_often_as_configured(
    retries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors, "FIRST_PAUSE_S", 0.001)
    async with serving(STARTING) as server:
        device = DeviceConfig(
            name="plant", protocol="t3000", address=f"http://127.0.0.1:{server.port}", timeout_s=20.0, retries=retries
        )
        door = door_of(device, silent)
        try:
            with pytest.raises(NotReady, match=f"said so {retries + 1} times"):
                await door.call(4, {})
        finally:
            await door.close()
        assert len(server.requests) == retries + 1
