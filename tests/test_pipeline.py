"""The tree as data, on a mock clock: how patient it is with whom. The pipeline at work is in tests/system."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from supervision import Supervisor, SupervisorSpec
from t3actors.collect.modbus.requests import ReadRequest, read, role_of
from t3actors.config import Config, DeviceConfig, GatewayConfig, StoreConfig
from t3actors.errors import LinkDown
from t3actors.events import silent
from t3actors.pipeline import Gateway

SLOW = DeviceConfig(name="radio-1", protocol="modbus", address="192.0.2.1:502", timeout_s=90.0)


def gateway(data_dir: Path, *devices: DeviceConfig) -> Gateway:
    """A gateway that is not run."""
    gateway_config = GatewayConfig(name="test", data_dir=data_dir)
    return Gateway(
        Config(gateway=gateway_config, store=StoreConfig(database=data_dir / "t3actors.db"), devices=devices), silent
    )


async def test_a_time_out_longer_than_a_minute_is_waited_for_and_its_link_not_taken_for_hanging(
    tmp_path: Path, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def black_hole(*_: object) -> None:
        await trio.sleep_forever()

    monkeypatch.setattr(trio, "open_tcp_stream", black_hole)
    built = gateway(tmp_path, SLOW)
    links = Supervisor(SupervisorSpec("links", tuple(built.pollers.link_specs())), registry=built.registry)
    role = role_of(SLOW.address)
    async with trio.open_nursery() as nursery:
        await nursery.start(links.run)
        with pytest.raises(LinkDown, match="no connection within 90 s"):
            await read(built.registry, role, ReadRequest(1, 3, 100, 2, SLOW.timeout_s))
        assert built.registry.incarnation(role) == 1
        await links.stop()


BUILT = """
import sys
from pathlib import Path
from t3actors.configure.file import load
from t3actors.events import silent
from t3actors.pipeline import Gateway
Gateway(load(Path(sys.argv[1])), silent)
print("bacpypes3" in sys.modules)
"""


@pytest.mark.parametrize(
    ("bacnet", "imported"), [('[bacnet]\ninterface = "lo"\ndiscover = "all"\n', "True"), ("", "False")]
)
def test_what_takes_long_to_import_is_there_before_a_start_is_timed_and_only_where_it_is_needed(
    tmp_path: Path, bacnet: str, imported: str
) -> None:
    """A small machine that was just switched on needs longer for bacpypes3 than a link may take to start."""
    config = tmp_path / "site.toml"
    config.write_text(f'[gateway]\ndata_dir = "{tmp_path}"\n{bacnet}')
    seen = subprocess.run(
        [sys.executable, "-c", BUILT, config], capture_output=True, text=True, timeout=60, check=False
    )
    assert (seen.stdout.strip(), seen.stderr) == (imported, "")
