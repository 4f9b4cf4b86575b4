"""`t3actors discover`: who is out there. Reads its options; each kind of search is a file of its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from t3actors.cli.exits import Exit
from t3actors.collect.bacnet.discover.sweeps import HIGHEST
from t3actors.configure.durations import DURATION_FORM, duration_s
from t3actors.quoting import quoted

_RANGE = re.compile(r"([0-9]{1,7})-([0-9]{1,7})")
FOR_BACNET = {
    "config": "--config",
    "bbmd": "--bbmd",
    "limits": "--range",
    "vendor": "--vendor",
    "listen": "--listen",
    "rate": "--rate",
}
FOR_T3000 = {"listen_port": "--listen-port"}


def _duration(_ctx: click.Context, _param: click.Parameter, value: str | None) -> float | None:
    if value is None:
        return None
    try:
        return duration_s(value)
    except ValueError:
        raise click.BadParameter(f'saw "{quoted(value)}"; allowed: a duration {DURATION_FORM}') from None


def _range(_ctx: click.Context, _param: click.Parameter, value: str | None) -> tuple[int, int] | None:
    if value is None:
        return None
    found = _RANGE.fullmatch(value)
    if found is None or not int(found[1]) <= int(found[2]) <= HIGHEST:
        raise click.BadParameter(
            f'saw "{quoted(value)}"; allowed: two instances such as 1000-1999, from 0 to {HIGHEST}'
        )
    return int(found[1]), int(found[2])


@click.command()
@click.option("--bacnet", is_flag=True, help="Search for BACnet devices.")
@click.option("--t3000", is_flag=True, help="Search for Temco panels and sensors, by T3000's own scan.")
@click.option(
    "--config", type=click.Path(path_type=Path), help="Take [bacnet] of this configuration; options here go first."
)
@click.option("--interface", metavar="NAME|CIDR", help="The interface to ask on: its name, an address, or a CIDR.")
@click.option(
    "--port", type=click.IntRange(0, 65535),
    help="UDP port  [47808; --t3000: 1234, where the panels listen]; 0: any free one, with --bbmd or --target.",
)  # fmt: skip
@click.option("--bbmd", metavar="HOST[:PORT]", help="Ask through this BBMD, as a foreign device.")
@click.option("--range", "limits", callback=_range, metavar="LOW-HIGH", help="Only instances from LOW to HIGH.")
@click.option("--vendor", type=click.IntRange(0, 65535), help="List only this vendor's devices (148 is Temco).")
@click.option(
    "--target", "targets", multiple=True, metavar="HOST[:PORT]", help="Ask this address alone; may be repeated."
)
@click.option("--listen", callback=_duration, is_flag=False, flag_value="10m", metavar="[TIME]",
              help="Send nothing at all; list who announces itself meanwhile (10m).")  # fmt: skip
@click.option(
    "--listen-port", type=click.IntRange(0, 65535),
    help="Our own UDP port, for a firewall that opens only some (T3000 takes 57619 to 57623)  [0: any free one].",
)  # fmt: skip
@click.option("--wait", "wait_s", callback=_duration, default="5s", show_default=True, metavar="TIME",
              help="How long the last answer may take.")  # fmt: skip
@click.option(
    "--rate", type=click.FloatRange(0.01, 100.0), help="Most Who-Is a second  [10, or who_is_rate of --config]."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line; its `config` is the table to paste.")
@click.option("--toml", "as_toml", is_flag=True, help="A whole configuration file, which `t3actors check` accepts.")
def discover(bacnet: bool, t3000: bool, as_json: bool, as_toml: bool, **options: Any) -> None:
    """Find devices: who they are, where, and the configuration that polls them.

    --bacnet: BACnet devices are asked by Who-Is in ranges of instances, three times over, at most --rate a second.
    --t3000: Temco panels and sensors, and the devices behind them, are asked as T3000 asks, by five octets to UDP port
    1234, three times over. Answers are read, nothing is changed anywhere. Ctrl-C ends it early and lists what came so far.

    A broadcast reaches one network. Beyond it: --target for single addresses, or for BACnet --bbmd (a BBMD there), and
    targets behind a router: "50:7", or "50:*" for all of network 50. On loopback nobody hears a broadcast: simulated
    devices are found by `--bacnet --bbmd 127.0.0.1:PORT` of their BBMD (all of them), by `--target 127.0.0.1:PORT` for
    those with a port of their own, and by `--t3000 --target 127.0.0.1:PORT` at the port that answers the scan.

    Exit code 1: nobody could be asked (the port or its broadcast address is held by another program, the interface is
    gone), or it was ended early. 78: several networks, and --interface names none of them; they are listed.
    """
    if bacnet == t3000:
        raise click.UsageError("say what to search for: --bacnet or --t3000, one of the two")
    if as_json and as_toml:
        raise click.UsageError("--json or --toml, one of the two")
    foreign = FOR_T3000 if bacnet else FOR_BACNET
    for name, option in foreign.items():
        if options.pop(name) is not None:
            raise click.UsageError(f"{option} is for {'--t3000' if bacnet else '--bacnet'} only")
    if not _search(bacnet)(as_json=as_json, as_toml=as_toml, **options):
        raise SystemExit(Exit.FAILED)


def _search(bacnet: bool) -> Callable[..., bool]:
    if bacnet:
        from t3actors.cli.discover_bacnet import discover_bacnet  # noqa: PLC0415 - brings the whole stack along

        return discover_bacnet
    from t3actors.cli.discover_t3000 import discover_t3000  # noqa: PLC0415 - as above

    return discover_t3000
