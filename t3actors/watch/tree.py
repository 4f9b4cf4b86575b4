"""The supervision tree as it is now, as rows for a reader."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from supervision.children import ChildInfo
from supervision.errors import NotFound
from supervision.supervisor import Supervisor


class ChildRow(msgspec.Struct, frozen=True, kw_only=True):
    """One child. `kind`: task, thread or supervisor; `last_exit`: how its last life ended, empty when it never did."""

    supervisor: str
    child: str
    kind: str
    state: str
    incarnation: int
    restarts: int
    last_exit: str


def rows_of(supervisor: Supervisor) -> Iterator[ChildRow]:
    """List every child of the tree, each supervisor before its own children. Thread: the trio loop."""
    for info in supervisor.children():
        yield row_of(supervisor.path, info)
        if info.kind == "supervisor":
            try:
                inner = supervisor.find(info.name)
            except NotFound:  # it is down just now
                continue
            yield from rows_of(inner)


def row_of(path: str, info: ChildInfo) -> ChildRow:
    """Copy one child."""
    last = info.last_exit
    told = ""
    if last is not None and not last.kind.orderly:
        told = last.kind.value if last.cause is None else f"{last.kind.value}: {last.cause}"
    return ChildRow(
        supervisor=path,
        child=info.name,
        kind=info.kind,
        state=info.state.value,
        incarnation=info.incarnation,
        restarts=info.restarts,
        last_exit=told,
    )
