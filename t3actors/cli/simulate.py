"""`t3actors simulate`: simulated devices alone, for a drill or a second machine's gateway."""

from __future__ import annotations

import sys

import click

from t3actors.simulator.process import main as simulate_main


@click.command()
@click.option("--devices", default=3, show_default=True, help="How many Modbus panels; 0: none, but something else.")
@click.option(
    "--modules", default=0, show_default=True, help="How many I/O modules and sensors beside them, of all products."
)
@click.option("--bacnet", default=0, show_default=True, help="How many BACnet/IP devices beside them.")
@click.option(
    "--t3000", default=0, show_default=True, help="A T3000 with its web server and so many panels, up to 254."
)
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same building.")
@click.option("--inputs", default=32, show_default=True, help="Inputs per device, up to 64.")
@click.option("--outputs", default=16, show_default=True, help="Outputs per device, up to 64.")
@click.option("--variables", default=16, show_default=True, help="Variables per device, up to 128.")
@click.option(
    "--units-per-listener", default=1, show_default=True, help="Panels behind one address (a Modbus gateway)."
)
@click.option("--port", default=0, help="Of the first panel; the next ones' follow it.  [any free ones]")
@click.option("--bacnet-port", default=0, help="Of the simulated BBMD; the devices' follow it.  [any free ones]")
@click.option("--t3000-port", default=0, help="Of the T3000's web server.  [any free one]")
def simulate(
    devices: int,
    modules: int,
    bacnet: int,
    t3000: int,
    seed: int,
    inputs: int,
    outputs: int,
    variables: int,
    units_per_listener: int,
    port: int,
    bacnet_port: int,
    t3000_port: int,
) -> None:
    """Start simulated Modbus TCP panels, and BACnet/IP devices, on loopback and serve until Ctrl-C.

    The first line of output is JSON: each panel's and module's name, host, port, unit_id, serial_number; of each BACnet device
    its name, host, port, instance, and its network and MAC behind a router; as `scan` the port where T3000's scan is answered; of
    the T3000 its url and panels. Lines of JSON on standard input switch faults:
    {"panel": "panel-3", "fault": "stall"}, {"panel": "panel-3", "fault": "none"}; `*` means every panel, `bacnet-*` every BACnet device.
    """
    arguments = {
        "--devices": devices,
        "--modules": modules,
        "--bacnet": bacnet,
        "--t3000": t3000,
        "--seed": seed,
        "--inputs": inputs,
        "--outputs": outputs,
        "--variables": variables,
        "--units-per-listener": units_per_listener,
        "--port": port,
        "--bacnet-port": bacnet_port,
        "--t3000-port": t3000_port,
    }
    argv = [text for name, number in arguments.items() for text in (name, str(number))]
    if sys.stdin.isatty():
        argv.append("--ignore-stdin")
    raise SystemExit(simulate_main(argv))
