"""One look at a gateway through its database, whether it runs or not: what the verbs that only read have in common.

Where no gateway runs the last-known data is shown, marked as such, and the exit code is 69; where one runs that cannot write its
database, likewise, but the code is 0; where one runs that answers nobody, likewise, and the code is 1.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click
import msgspec

from t3actors.cli.exits import Exit, Told
from t3actors.cli.hanging import how_it_hangs
from t3actors.cli.life import Life, last_word, life_of, state_of
from t3actors.cli.signs import stopped_holder
from t3actors.cli.whereabouts import Whereabouts, find
from t3actors.moments import MOMENT_FORM, clock_time, moment_ms
from t3actors.quoting import quoted
from t3actors.store.reader import Reader, open_reader

CODES = {Life.HANGING: Exit.FAILED, Life.NOT_RUNNING: Exit.NOT_RUNNING}
LAST = "This is the last it wrote"
Verb = Callable[..., Any]


class Look(msgspec.Struct, frozen=True):
    """One look: where, through what, whether it lives, and how it says that it is (None: it does not say)."""

    where: Whereabouts
    reader: Reader
    gateway: dict[str, Any]
    life: Life
    now_ms: int
    health: dict[str, Any] | None = None

    @property
    def live(self) -> bool:
        """Whether what is shown is as it is now."""
        return self.life is Life.RUNNING

    @property
    def state(self) -> str:
        """How the gateway is, in words."""
        return state_of(self.life, self.gateway.get("heartbeat_at"), self.now_ms)

    def refuse_unknown(self, device: str) -> None:
        """**Raises**: Told where no device has this name."""
        refuse_unknown_device(device, [row.name for row in self.reader.devices()])


def looks_at_a_gateway(verb: Verb) -> Verb:
    """Give a verb the arguments that name a gateway."""
    for decorate in (
        click.option("--json", "as_json", is_flag=True, help="One JSON object per line; times are Unix milliseconds."),
        click.option("--data", type=click.Path(path_type=Path), help="The gateway's data_dir, instead of CONFIG."),
        click.argument("config", required=False, type=click.Path(path_type=Path)),
    ):
        verb = decorate(verb)
    return verb


@contextmanager
def looking(config: Path | None, data: Path | None, *, asks: bool = True) -> Iterator[Look]:
    """Look, and say at the end what kept it from being a look at what is. **Raises**: SystemExit with the code for that.

    `asks`: whether the gateway answers at all is found out first; who looks at what was can do without.
    """
    where = find(config, data)
    now_ms = time.time_ns() // 1_000_000
    with closing(open_reader(where.database)) as reader:
        row = reader.gateway()
        gateway = {} if row is None else msgspec.structs.asdict(row)
        life = life_of(where.data_dir, gateway, now_ms)
        health, hangs = None, ""
        if asks and life is not Life.NOT_RUNNING:
            health, hangs = _asked(where)
        look = Look(where, reader, gateway, Life.HANGING if hangs else life, now_ms, health)
        yield look
    heard = clock_time(gateway.get("heartbeat_at"), where.zone) or "never"
    if not asks and life is not Life.NOT_RUNNING and (pid := stopped_holder(where.data_dir)):
        how = how_it_hangs(pid)
        click.echo(f"t3actors: the gateway in {where.data_dir} does not answer: {how.seen}; {how.do}. {LAST}", err=True)
        return
    word = last_word(look.life, where.data_dir, look.state, heard, hangs)
    if word is not None:
        click.echo(word, err=True)
    if look.life in CODES:
        raise SystemExit(CODES[look.life])


def _asked(where: Whereabouts) -> tuple[dict[str, Any] | None, str]:
    """Return how it says that it is, and how it hangs. One that does not say must be judged by the database alone."""
    from t3actors.cli.asking import NoAnswer, health_of  # noqa: PLC0415 - the standard library's HTTP takes long to import

    try:
        return health_of(where), ""
    except NoAnswer as silent:
        return None, silent.message
    except (Told, SystemExit):
        return None, ""


def refuse_unknown_device(device: str, names: list[str]) -> None:
    """**Raises**: Told where no device has this name, with the nearest that one has."""
    if device not in names:
        near = get_close_matches(device, names, n=1)
        hint = f'did you mean "{near[0]}"?' if near else "t3actors devices lists them"
        raise Told(f'no device "{quoted(device)}"; {hint}')


def split_point(point: str, look: Look) -> tuple[str, str]:
    """Take a point's name apart. **Raises**: Told where none has it."""
    return known_point(point, look.reader)


def known_point(point: str, reader: Reader) -> tuple[str, str]:
    """Likewise, with the nearest that there is."""
    device, _, point_id = point.partition("/")
    own = reader.points(device)
    if not any(row.point_id == point_id for row in own):
        if own and not point_id:
            raise Told(f'"{quoted(point)}" is a device; a point is device/point_id; t3actors points --device {device}')
        near = get_close_matches(point, [f"{row.name}/{row.point_id}" for row in own or reader.points()], n=1)
        hint = f'did you mean "{near[0]}"?' if near else "t3actors points lists them"
        raise Told(f'no point "{quoted(point)}"; a point is device/point_id; {hint}')
    return device, point_id


def moment_of(text: str, option: str, look: Look) -> int:
    """Read a moment. **Raises**: click.BadParameter."""
    try:
        return moment_ms(text, look.now_ms, look.where.zone)
    except (ValueError, OverflowError):
        raise click.BadParameter(f'saw "{quoted(text)}"; allowed: {MOMENT_FORM}', param_hint=option) from None
