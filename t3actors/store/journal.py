"""What the writer remembers, and how to take it back when a transaction is rolled back."""

from __future__ import annotations

from typing import Any

_ABSENT = object()


class Journal:
    """Changes of plain objects and dicts, in order, so that they can be undone to a mark. Bounded by one batch."""

    def __init__(self) -> None:
        self._undo: list[tuple[Any, Any, Any]] = []

    def put(self, mapping: dict[Any, Any], key: object, value: object) -> None:
        """Set `mapping[key]`."""
        self._undo.append((mapping, key, mapping.get(key, _ABSENT)))
        mapping[key] = value

    def drop(self, mapping: dict[Any, Any], key: object) -> None:
        """Remove `mapping[key]` if it is there."""
        if key in mapping:
            self._undo.append((mapping, key, mapping.pop(key)))

    def set(self, target: object, attribute: str, value: object) -> None:
        """Set `target.attribute`."""
        self._undo.append((target, attribute, getattr(target, attribute)))
        setattr(target, attribute, value)

    def mark(self) -> int:
        """Return the place to undo to."""
        return len(self._undo)

    def undo(self, mark: int = 0) -> None:
        """Take back all that came after the mark."""
        while len(self._undo) > mark:
            target, key, old = self._undo.pop()
            if not isinstance(target, dict):
                setattr(target, key, old)
            elif old is _ABSENT:
                target.pop(key, None)
            else:
                target[key] = old

    def forget(self) -> None:
        """Keep it all: it is committed."""
        self._undo.clear()
