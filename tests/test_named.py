"""What is made by named.py is what typing makes."""

from __future__ import annotations

import copy
import pickle

from t3actors.named import NamedTuple


class Piece(NamedTuple):
    """A piece."""

    at_ms: int
    values: list[float]
    held: bool | None = None
    spans: int = 1

    @property
    def end_ms(self) -> int:
        return self.at_ms + self.spans


def test_a_named_tuple_has_fields_defaults_and_methods() -> None:
    piece = Piece(5, [1.0])
    assert piece == (5, [1.0], None, 1) == Piece(at_ms=5, values=[1.0], held=None, spans=1)
    assert (piece.end_ms, piece._replace(spans=3).end_ms, Piece._fields) == (6, 8, ("at_ms", "values", "held", "spans"))
    assert (Piece.__doc__, Piece.__name__, Piece.__module__) == ("A piece.", "Piece", __name__)
    at_ms, *_ = piece
    assert at_ms == 5


def test_it_can_be_copied_and_told() -> None:
    piece = Piece(5, [1.0])
    assert pickle.loads(pickle.dumps(piece)) == copy.deepcopy(piece) == piece
    assert repr(piece) == "Piece(at_ms=5, values=[1.0], held=None, spans=1)"
