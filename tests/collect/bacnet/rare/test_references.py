"""References to properties: as bacpypes3 reads them, and as text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t3actors.collect.bacnet.codec.tags import MAX_INSTANCE, Constructed, ObjectId, Several
from t3actors.collect.bacnet.link import constructed
from t3actors.collect.bacnet.rare.naming import Names
from t3actors.collect.bacnet.rare.references import (
    MOST_SHOWN,
    Reference,
    references,
    references_text,
    setpoint_reference,
)
from tests.collect.bacnet import written

HERE = Names((), vendor_id=999, instance=77)


@given(st.lists(written.REFERENCES, min_size=1, max_size=4))
@settings(max_examples=60)
def test_references_are_read_as_bacpypes3_reads_them(listed: list[Reference]) -> None:
    octets = b"".join(map(written.reference, listed))
    assert references(Constructed(octets)) == tuple(listed)
    theirs = constructed.decode(17, 54, None, octets)
    assert [
        Reference(
            each["objectIdentifier"],
            each["propertyIdentifier"],
            each.get("propertyArrayIndex"),
            each.get("deviceIdentifier"),
        )
        for each in theirs
    ] == listed


@pytest.mark.parametrize(
    ("one", "text"),
    [
        (Reference(ObjectId(2, 1), 85), "AV1 present-value"),
        (Reference(ObjectId(4, 2), 87, 8), "BO2 priority-array[8]"),
        (Reference(ObjectId(2, 1), 512), "AV1 property 512"),
        (Reference(ObjectId(2, 1), 85, None, ObjectId(8, 77)), "AV1 present-value"),
        (Reference(ObjectId(2, 1), 85, None, ObjectId(8, 5)), "device 5 AV1 present-value"),
        (Reference(ObjectId(2, MAX_INSTANCE), 85), ""),
    ],
)
def test_a_reference_names_object_and_property(one: Reference, text: str) -> None:
    assert references_text(Constructed(written.reference(one)), HERE) == text


def test_a_list_is_separated_by_commas_and_of_very_many_the_first_are_shown() -> None:
    octets = [written.reference(Reference(ObjectId(2, number), 85)) for number in range(MOST_SHOWN + 3)]
    assert references_text(Constructed(b"".join(octets[:2])), HERE) == "AV0 present-value, AV1 present-value"
    text = references_text(Constructed(b"".join(octets)), HERE) or ""
    assert text.endswith(f"AV{MOST_SHOWN - 1} present-value, and 3 more")
    assert references_text(Several(()), HERE) == ""


def test_a_loop_has_a_reference_to_its_set_point_or_none() -> None:
    one = Reference(ObjectId(2, 3), 85)
    assert setpoint_reference(Constructed(written.wrapped(0, written.reference(one)))) == (one,)
    assert setpoint_reference(Several(())) == ()
