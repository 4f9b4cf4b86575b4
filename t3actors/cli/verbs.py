"""The verbs, each with where it is written, and the group that runs them."""

from __future__ import annotations

import click

from t3actors import __version__
from t3actors.cli.lazy import LazyGroup, Verb

VERBS = {
    "demo": Verb("t3actors.cli.demo", "Simulated panels and a gateway on this machine alone: see it work."),
    "check": Verb("t3actors.cli.check", "Every fault of a configuration at once, and what it will cost."),
    "run": Verb("t3actors.cli.run", "The gateway, in the foreground, until Ctrl-C."),
    "status": Verb("t3actors.cli.show", "How the gateway and its devices are."),
    "devices": Verb("t3actors.cli.show", "The devices: how each is, and since when."),
    "points": Verb("t3actors.cli.show", "The points: value, unit, status, age."),
    "alarms": Verb("t3actors.cli.show", "The alarms that stand at the devices."),
    "history": Verb("t3actors.cli.history", "What one point stored, newest last."),
    "storage": Verb("t3actors.cli.storage", "What history takes, of whom, and when its budget is full."),
    "backup": Verb("t3actors.cli.backup", "A copy of the database, while the gateway runs."),
    "logs": Verb("t3actors.cli.logs", "What happened, as a timeline: the log and the changes of status."),
    "why": Verb("t3actors.cli.why", "Why a point is as it is, and what to look at next."),
    "top": Verb("t3actors.cli.top", "The running gateway's actors and rates, live."),
    "doctor": Verb("t3actors.cli.doctor", "Whether this machine lets a gateway work: clock, disk, ports, rights."),
    "sync": Verb("t3actors.cli.sync", "Have the running gateway poll now."),
    "reload": Verb("t3actors.cli.reload", "Have the running gateway read its configuration anew."),
    "set-interval": Verb("t3actors.cli.control", "Have a device polled at another interval for now."),
    "device": Verb("t3actors.cli.control", "Have a device polled no more, or again, for now."),
    "discover": Verb(
        "t3actors.cli.discover", "Who is out there: BACnet devices, Temco panels; as a list or as configuration."
    ),
    "forget": Verb("t3actors.cli.forget", "Poll a discovered device no more."),
    "simulate": Verb("t3actors.cli.simulate", "Simulated panels alone, on loopback."),
}

EPILOG = """\b
Exit codes: 0 done, 1 the work failed, 2 usage, 69 no gateway is running there,
70 the gateway gave up, 73 database cannot be opened or created,
75 another gateway holds this data_dir, 78 configuration refused.
"""


@click.group(cls=LazyGroup, verbs=VERBS, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="t3actors")
def main() -> None:
    """A headless edge gateway for buildings: it polls devices and writes what changed into SQLite. It only reads.

    \b
    First look:   t3actors demo
    Then:         t3actors check site.toml
                  t3actors run site.toml
    Trouble:      t3actors status site.toml
                  t3actors VERB --help
    """
