"""What `t3actors doctor` finds of the network: the interface, the ports and who holds them, the API's secrets, the descriptors."""

from __future__ import annotations

import pwd
import resource
from collections.abc import Iterator
from pathlib import Path

from t3actors.addresses import split_address
from t3actors.cli.finding import ONLY_THE_GATEWAY, PROC, Finding, Runner, named, user
from t3actors.cli.port_holders import HELD, Holder, can_be_bound, holders_of, may_be_shared
from t3actors.collect.bacnet.link.interfaces import Endpoint, OwnAddress, choose, list_addresses
from t3actors.config import CREDENTIAL, ApiConfig, BacnetConfig, Config
from t3actors.errors import ConfigError, LinkDown
from t3actors.watch.api.secrets import read_token, tls_context

DESCRIPTORS_BESIDE = 64
EVERYWHERE = {"0.0.0.0", "::"}  # noqa: S104 - compared with what others have bound
NEEDS_CAPABILITY = "a port below {} needs CAP_NET_BIND_SERVICE: see docs/operating.md, Install as a service"
NETWORKS = Path("/sys/class/net")


def of_ports(config: Config, runner: Runner | None) -> Iterator[Finding]:
    """Look at all of it. `runner`: the gateway that runs there; None: none does."""
    yield from _bacnet(config, runner)
    yield from _api(config.api, runner)
    yield _descriptors(config, runner)


def _is_of(runner: Runner, one: Holder) -> bool:
    """Say whether the gateway holds it; where its process cannot be seen from here, nobody can tell them apart."""
    return runner.uid is None or (one.pid == runner.pid if one.pid else one.uid == runner.uid)


def _who(one: Holder) -> str:
    return one.process or f"a process of {named(pwd.getpwuid, one.uid)} (its name: ask as root)"


def _bacnet(config: Config, runner: Runner | None) -> Iterator[Finding]:
    line = config.bacnet or BacnetConfig()
    if line.discover == "off" and not any(one.enabled and one.protocol == "bacnet" for one in config.devices):
        return
    try:
        own = list_addresses()
        endpoint = choose(line.interface, line.port, own)
    except (ConfigError, LinkDown) as error:
        yield Finding("interface", "bad", str(error), "[bacnet] interface; the cable; ip address")
        return
    yield of_interface(endpoint, own)
    yield _bacnet_port(endpoint, runner)


def of_interface(endpoint: Endpoint, own: tuple[OwnAddress, ...], networks: Path = NETWORKS) -> Finding:
    """Look whether anything is connected to it, by what the kernel shows (sysfs-class-net)."""
    name = next((one.interface for one in own if one.address == endpoint.address), "")
    told = f"BACnet/IP on {endpoint}, broadcast {endpoint.broadcast or 'none'}"
    try:
        has_carrier = not name or (networks / name / "carrier").read_bytes().strip() != b"0"
    except FileNotFoundError:
        has_carrier = True
    except OSError:  # it is switched off
        return Finding("interface", "bad", f"{told}, but {name} is switched off", f"ip link set {name} up")
    if not has_carrier:
        return Finding("interface", "bad", f"{told}, but nothing is connected to {name}", "the cable, the switch")
    return Finding("interface", "ok", told)


def _bacnet_port(endpoint: Endpoint, runner: Runner | None) -> Finding:
    what, port = "bacnet port", endpoint.port
    ours = {endpoint.address, endpoint.broadcast} | EVERYWHERE
    holders = [one for one in holders_of("udp", port) if one.address in ours]
    held = f"UDP {port} is held: " + ", ".join(f"{one.address} by {_who(one)}" for one in holders)
    if runner is not None:
        others = [one for one in holders if not _is_of(runner, one)]
        if not holders:
            return Finding(what, "bad", f"the gateway runs, and nobody holds UDP {port}", "bacnet.blocked in the log")
        if len(others) == len(holders):
            do = "stop that program, then the gateway takes the port by itself; or another [bacnet] port"
            return Finding(what, "bad", f"{held}, and not by the gateway", do)
        if others:
            return Finding(
                what, "note", f"{held}: one of them takes what is sent to the other", "stop the other program"
            )
        return Finding(what, "ok", held)
    if not holders:
        return Finding(what, "ok", f"UDP {port} is free")
    how = may_be_shared(port, endpoint.address)
    shares = f"it shares by {how}" if how else "it shares with nobody"
    blocked = can_be_bound("udp", endpoint.address, port)
    return Finding(
        what,
        "bad" if blocked else "note",
        f"{held}; {shares}",
        "stop that program, or another [bacnet] port (broadcasts reach only the port they are sent to)",
    )


def _api(api: ApiConfig, runner: Runner | None) -> Iterator[Finding]:
    if not api.listen:
        return
    port = _running_port(api.listen, runner) if runner is not None else _port_to_be(api.listen)
    yield port
    if not (api.token_file or api.tls_certificate):
        return
    what = "api secrets"
    wanted = [file for file in (api.token_file, api.tls_certificate, api.tls_key) if file.startswith(CREDENTIAL)]
    if wanted:
        told = f"{', '.join(wanted)}: systemd hands them to the service alone"
        if runner is not None and port.verdict == "ok":
            yield Finding(what, "ok", f"{told}, and it listens with them")
        else:
            yield Finding(what, "note", told, "LoadCredential= in the unit; without it the log says api.blocked")
        return
    try:
        if api.token_file:
            read_token(api.token_file)
        if api.tls_certificate:
            tls_context(api.tls_certificate, api.tls_key)
    except PermissionError as error:
        yield Finding(what, "note", f"you ({user()}) may not read {error.filename}", ONLY_THE_GATEWAY)
    except (OSError, ValueError) as error:
        yield Finding(what, "bad", str(error), "the file, or LoadCredential= in the unit")
    else:
        yield Finding(what, "ok", "token and certificate can be read")


def _running_port(listen: str, runner: Runner) -> Finding:
    what, port = "api port", split_address(listen, 0)[1]
    holders = holders_of("tcp", port)
    if any(_is_of(runner, one) for one in holders):
        return Finding(what, "ok", f"{listen}: the gateway listens")
    if holders:
        held = ", ".join(f"{one.address} by {_who(one)}" for one in holders)
        return Finding(what, "bad", f"{listen}: held, and not by the gateway: {held}", "stop that, or [api] listen")
    least = _least_port()
    more = f"; {NEEDS_CAPABILITY.format(least)}" if port < least else ""
    return Finding(
        what, "bad", f"the gateway runs and does not listen on {listen}", f"api.blocked in its log says why{more}"
    )


def _port_to_be(listen: str) -> Finding:
    what, (host, port) = "api port", split_address(listen, 0)
    blocked, least = can_be_bound("tcp", host, port), _least_port()
    if blocked == HELD:
        held = ", ".join(f"{one.address} by {_who(one)}" for one in holders_of("tcp", port))
        return Finding(what, "bad", f"{listen}: {blocked} ({held})", "stop that, or [api] listen")
    if port < least:
        return Finding(what, "note", f"{listen}: free", NEEDS_CAPABILITY.format(least))
    if blocked:
        return Finding(what, "bad", f"{listen}: {blocked}", "[api] listen")
    return Finding(what, "ok", f"{listen}: free")


def _least_port(proc: Path = PROC) -> int:
    """Return the first port that anybody may take (ip-sysctl)."""
    try:
        return int((proc / "sys/net/ipv4/ip_unprivileged_port_start").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 1024


def _descriptors(config: Config, runner: Runner | None) -> Finding:
    least = DESCRIPTORS_BESIDE + len(config.devices) + 2 * config.api.connections
    soft = None if runner is None else limit_of(runner.pid)
    whose = "the gateway may have {} descriptors"
    if soft is None:
        soft, whose = resource.getrlimit(resource.RLIMIT_NOFILE)[0], "a process of yours may have {} descriptors"
    if soft == resource.RLIM_INFINITY or soft >= least:
        return Finding("descriptors", "ok", f"{whose.format(soft)}, up to {least} are wanted")
    told, do = f"{whose.format(soft)}, up to {least} are wanted", "LimitNOFILE= in the unit, or ulimit -n"
    return Finding("descriptors", "note" if runner is None else "bad", told, do)


def limit_of(pid: int, proc: Path = PROC) -> int | None:
    """Return how many descriptors a process may have now (proc(5)); None where that cannot be read."""
    try:
        lines = (proc / str(pid) / "limits").read_text(encoding="ascii").splitlines()
        soft = next(line for line in lines if line.startswith("Max open files")).split()[3]
    except (OSError, StopIteration, IndexError):
        return None
    return int(soft) if soft.isdigit() else resource.RLIM_INFINITY
