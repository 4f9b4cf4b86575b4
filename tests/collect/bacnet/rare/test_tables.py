"""Every object type that belongs to a table is read for it, and in pieces of a size."""

from __future__ import annotations

from t3actors.collect.bacnet.codec.tags import ObjectId
from t3actors.collect.bacnet.objects import TABLES as BY_TYPE
from t3actors.collect.bacnet.rare.naming import Names
from t3actors.collect.bacnet.rare.pieces import PROPERTIES_A_PIECE
from t3actors.collect.bacnet.rare.tables import ALARM, ENROLLMENT, KINDS, TABLES


def test_each_type_has_the_table_that_it_belongs_to() -> None:
    assert {each: kind.table for each, kind in KINDS.items()} == {
        each: table for each, table in BY_TYPE.items() if table != "ALARMS"
    }
    assert set(TABLES) == {kind.table for kind in KINDS.values()}


def test_one_object_is_at_most_a_piece_and_each_property_is_asked_for_once() -> None:
    for reads in (*(kind.reads for kind in KINDS.values()), ALARM, ENROLLMENT):
        asked = [which for which, _ in reads.short] + list(reads.long)
        assert len(asked) == len(set(asked)) == reads.properties
        assert len(reads.short) <= PROPERTIES_A_PIECE
        assert reads.arrays <= set(reads.long)


def test_a_row_can_be_made_of_nothing() -> None:
    for each, kind in KINDS.items():
        row = kind.row(ObjectId(each, 3), {}, Names())
        assert row.description == ""
        assert row.index & 0x3FFFFF == 3
