"""`NamedTuple` as of `typing`, for the files that the command line reads history by: it is there in a tenth of the time that importing
`typing` takes (cli/quickly.py). A type checker sees the real one.
"""

from __future__ import annotations

from collections import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple  # noqa: PLC0414 - it is for others
else:

    class _Made(type):
        def __new__(cls, name, bases, members):
            if not bases:
                return super().__new__(cls, name, bases, members)
            fields = list(members["__annotations__"])
            defaults = [members[field] for field in fields if field in members]
            made = namedtuple(name, fields, defaults=defaults, module=members["__module__"])  # noqa: PYI024 - as typing does
            made.__doc__ = members.get("__doc__")
            made.__annotations__ = members["__annotations__"]
            for key in set(members) - {*fields, "__annotations__", "__doc__", "__module__", "__qualname__"}:
                setattr(made, key, members[key])
            return made

    class NamedTuple(metaclass=_Made):
        """The fields are the annotations of the class, their defaults its values."""
