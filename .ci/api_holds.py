"""Holds the API against its own description: schemathesis makes requests out of openapi.json, good and bad, for a running gateway.

    python .ci/api_holds.py SCHEMATHESIS [its options]

SCHEMATHESIS is its program, best in an environment of its own: it brings twenty packages that nothing else here needs. The gateway polls
two simulated panels of this process and listens on a free port of loopback. Exit code: the one of schemathesis.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import trio

from t3actors.config import ApiConfig, Config, DeviceConfig, GatewayConfig, StoreConfig
from t3actors.events import silent
from t3actors.pipeline import Gateway
from t3actors.points import Rules
from t3actors.simulator.plant import Plant, PlantSize, running_plant
from t3actors.watch.api.sockets import open_tcp

OPTIONS = (
    "--checks",
    "all",
    "--phases",
    "examples,coverage,fuzzing",
    "--max-examples",
    "20",
    "--seed",
    "1",
    "--no-color",
)
SETTINGS = """
[parameters]
"query.point" = "panel-1/IN1"

# What a schema cannot say: a WebSocket, asked for as a page, is always refused; `since` comes before `until`; a duration lies between
# 50ms and 1d; this gateway was not started from a file that it could read anew.
[[operations]]
include-path = "/live"
checks.positive_data_acceptance.expected-statuses = [426]

[[operations]]
include-path = "/trend"
checks.positive_data_acceptance.expected-statuses = ["2xx", 404, 422]

[[operations]]
include-path = "/reload"
checks.positive_data_acceptance.expected-statuses = ["2xx", 409, 422]

[[operations]]
include-method = "PATCH"
checks.positive_data_acceptance.expected-statuses = ["2xx", 404, 409, 422]
"""


def config_of(plant: Plant, data_dir: Path, port: int) -> Config:
    """A gateway that answers as fast as it can."""
    rules = Rules(poll_interval_s=0.5)
    devices = tuple(
        DeviceConfig(
            name=panel["name"],
            protocol="modbus",
            address=f"{panel['host']}:{panel['port']}",
            profile="t3-controller",
            rules=rules,
        )
        for panel in plant.listing()
    )
    return Config(
        gateway=GatewayConfig(name="api", data_dir=data_dir),
        store=StoreConfig(database=data_dir / "t3actors.db", min_free_bytes=0),
        api=ApiConfig(listen=f"127.0.0.1:{port}", rate=10_000.0),
        devices=devices,
    )


async def hold(schemathesis: str, options: list[str], folder: str) -> int:
    """Run it; give its exit code. `folder` goes away."""
    with open_tcp("127.0.0.1", 0) as free:
        port: int = free.getsockname()[1]
    async with running_plant(PlantSize(2, seed=5)) as plant, trio.open_nursery() as nursery:
        gateway = Gateway(config_of(plant, Path(folder), port), silent)
        await nursery.start(gateway.run)
        await trio.sleep(3.0)
        command = [
            schemathesis,
            f"--config-file={folder}/schemathesis.toml",
            "run",
            f"http://127.0.0.1:{port}/openapi.json",
            *OPTIONS,
            *options,
        ]
        done = await trio.run_process(command, check=False)
        gateway.stop("schemathesis has ended")
        await gateway.ended.wait()
        nursery.cancel_scope.cancel()
    return done.returncode


def main(schemathesis: str, *options: str) -> int:
    """Run it in a folder that goes away."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "schemathesis.toml").write_text(SETTINGS, encoding="utf-8")
        return trio.run(hold, schemathesis, list(options), folder)


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
