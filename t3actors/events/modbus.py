"""The events of Modbus connections."""

from __future__ import annotations

from t3actors.events import event

LINK_OPENED = event("link.opened", "debug", "link", "The connection is up.")
LINK_LOST = event(
    "link.lost", "info", "link reason", "The connection was closed; it is opened again at the next request."
)
ANSWER_REJECTED = event(
    "answer.rejected",
    "warning",
    "link unit_id reason raw",
    "An answer did not match what was asked and was thrown away. Said once per kind until a good one came, and at most every ten minutes.",
    "Once: a late answer. Often: two masters, a duplicate unit id, or a gateway whose time-out is longer than ours.",
)
LINK_IDS_NOT_ECHOED = event(
    "link.ids_not_echoed",
    "warning",
    "link",
    "This gateway does not echo transaction ids. From now on answers are matched by unit, function and length, "
    "and any time-out drops the connection so that a late answer can never be taken for another.",
    "Update the gateway's firmware if there is one that echoes ids.",
)
