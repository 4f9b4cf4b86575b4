"""A group of verbs that imports a verb's module only when the verb is used: `check` need not wait for what `run` needs."""

from __future__ import annotations

import difflib
import importlib
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
import msgspec

from t3actors.cli.exits import Exit, Told, errors_told
from t3actors.cli.pipes import discard_output, is_of_output, nobody_reads
from t3actors.cli.tables import shown
from t3actors.quoting import is_text, quoted


class Verb(msgspec.Struct, frozen=True):
    """Where a verb is written, and the line that `--help` says of it."""

    module: str
    says: str


@contextmanager
def ending_at_ctrl_c() -> Iterator[None]:
    """Let Ctrl-C end the process here and now: an import that is interrupted fails somewhere in a library, with that one's words."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    was = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, was)


class LazyGroup(click.Group):
    """Finds `verb` as the attribute of that name in its module."""

    def __init__(self, *args: Any, verbs: dict[str, Verb], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.verbs = verbs

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse what is no text before anything looks for it: neither the database nor a configuration can have such a name."""
        for argument in args:
            if not is_text(argument):
                ctx.fail(f'saw "{shown(quoted(argument))}"; allowed: arguments in UTF-8, without the character NUL')
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Give the verbs in the order they are written in."""
        return list(self.verbs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a verb."""
        if cmd_name not in self.verbs:
            near = difflib.get_close_matches(cmd_name, self.verbs, n=1)
            hint = f', did you mean "{near[0]}"?' if near else ""
            ctx.fail(f'no verb "{quoted(cmd_name)}"{hint}; there are: {", ".join(self.verbs)}')
        with ending_at_ctrl_c():
            command = getattr(importlib.import_module(self.verbs[cmd_name].module), cmd_name.replace("-", "_"))
        assert isinstance(command, click.Command), cmd_name  # noqa: S101 - a slip in the table of verbs
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        """List the verbs without importing one."""
        with formatter.section("Verbs"):
            formatter.write_dl([(name, verb.says) for name, verb in self.verbs.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb; an error of ours becomes its line and its exit code. Whoever reads its output may have enough of it."""
        with errors_told():
            try:
                done = super().invoke(ctx)
                sys.stdout.flush()
            except BrokenPipeError:
                if not nobody_reads():
                    raise
                discard_output()
                raise SystemExit(Exit.DONE) from None
            except OSError as error:
                if not is_of_output(error):
                    raise
                discard_output()
                raise Told(f"standard output: {error.strerror}") from None
            return done
