"""One device served by bacpypes3: slow (27 ms of CPU per 50-point answer, measured) and faithful, for comparison.

It runs as a process of its own, for its loop is asyncio's: `python -m t3actors.simulator.bacnet.faithful --port 47900`.
It prints one JSON line when it answers and ends when its standard input does.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from typing import Any

from bacpypes3.app import Application
from bacpypes3.local.analog import AnalogInputObject, AnalogOutputObject, AnalogValueObject
from bacpypes3.local.binary import BinaryInputObject, BinaryValueObject
from bacpypes3.local.device import DeviceObject
from bacpypes3.local.multistate import MultiStateValueObject
from bacpypes3.local.networkport import NetworkPortObject

VENDOR = 999
SORTS = (
    AnalogInputObject,
    AnalogOutputObject,
    AnalogValueObject,
    BinaryInputObject,
    BinaryValueObject,
    MultiStateValueObject,
)
KINDS = ("analog-input", "analog-output", "analog-value", "binary-input", "binary-value", "multi-state-value")
ANALOG_KINDS, BINARY_KINDS = 3, 5
SMALLEST_PORT = 1024


def faithful_objects(points: int) -> list[Any]:
    """Make `points` objects of six sorts in turn, counted from 1 within each sort."""
    made = []
    for place in range(points):
        sort, instance = place % len(SORTS), place // len(SORTS) + 1
        common: dict[str, Any] = {
            "objectIdentifier": (KINDS[sort], instance),
            "objectName": f"{KINDS[sort]}-{instance}",
            "description": f"Faithful point {place + 1}",
            "statusFlags": [0, 0, 0, 0],
            "eventState": "normal",
            "outOfService": False,
        }
        if sort < ANALOG_KINDS:
            common |= {"presentValue": 20.0 + instance / 4, "units": "degreesCelsius", "covIncrement": 0.5}
        elif sort < BINARY_KINDS:
            common |= {"presentValue": "active" if instance % 2 else "inactive"}
        else:
            common |= {"presentValue": 2, "numberOfStates": 3, "stateText": ["Off", "Heat", "Cool"]}
        made.append(SORTS[sort](**common))
    return made


def faithful_application(host: str, port: int, instance: int, points: int) -> Any:
    """Build the server; only inside a running asyncio loop."""
    device = DeviceObject(
        objectIdentifier=("device", instance),
        objectName=f"faithful-{instance}",
        maxApduLengthAccepted=1476,
        segmentationSupported="segmentedBoth",
        vendorIdentifier=VENDOR,
    )
    network_port = NetworkPortObject(f"{host}:{port}", objectIdentifier=("network-port", 1), objectName="port")
    return Application.from_object_list([device, network_port, *faithful_objects(points)])


async def serve_faithful(host: str, port: int, instance: int, points: int) -> None:
    """Serve until standard input ends."""
    application = faithful_application(host, port, instance, points)
    try:
        listing = {"host": host, "port": port, "instance": instance, "vendor": VENDOR, "points": points}
        sys.stdout.write(json.dumps(listing) + "\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)
    finally:
        application.close()


def main(argv: Sequence[str] | None = None) -> int:
    """Serve one device from a command line."""
    parser = argparse.ArgumentParser(prog="faithful", description="One BACnet device, served by bacpypes3.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True, help="another one than the gateway's")
    parser.add_argument("--instance", type=int, default=599_001)
    parser.add_argument("--points", type=int, default=50)
    options = parser.parse_args(argv)
    if not SMALLEST_PORT <= options.port <= 0xFFFF:
        sys.stderr.write(f"faithful: port: saw {options.port}, allowed is {SMALLEST_PORT} to 65535\n")
        return 2
    asyncio.run(serve_faithful(options.host, options.port, options.instance, options.points))
    return 0


if __name__ == "__main__":
    sys.exit(main())
