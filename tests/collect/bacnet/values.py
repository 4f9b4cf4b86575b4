"""Values as devices send them, for hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

from t3actors.collect.bacnet.codec.tags import Bits, Date, Enumerated, ObjectId, Several, Time

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
PRIMITIVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(0, 2**32 - 1).map(Enumerated),
    st.floats(width=32, allow_nan=False),
    st.binary(max_size=300),
    TEXT,
    st.integers(0, 40).flatmap(lambda n: st.builds(Bits, st.integers(0, 2**n - 1), st.just(n))),
    st.builds(
        Date,
        st.none() | st.integers(1900, 2154),
        st.none() | st.integers(1, 14),
        st.none() | st.integers(1, 34),
        st.none() | st.integers(1, 7),
    ),
    st.builds(
        Time,
        st.none() | st.integers(0, 23),
        st.none() | st.integers(0, 59),
        st.none() | st.integers(0, 59),
        st.none() | st.integers(0, 99),
    ),
    st.builds(ObjectId, st.integers(0, 1023), st.integers(0, 0x3FFFFF)),
)
LISTS = st.one_of(
    st.just(Several(())), st.lists(PRIMITIVES, min_size=2, max_size=12).map(lambda found: Several(tuple(found)))
)
VALUES = PRIMITIVES | LISTS
PROPERTIES = st.one_of(st.sampled_from([77, 85, 111, 117]), st.integers(0, 0x3FFFFF))
INDEXES = st.none() | st.integers(0, 2**32 - 1)
