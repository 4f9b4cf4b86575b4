"""A body is read: what cannot be a name or a path is refused with what is wrong with it."""

from __future__ import annotations

import pytest

from t3actors.watch.api.answers import decoded
from t3actors.watch.api.asking import ReloadBody, SyncBody
from t3actors.watch.api.refusals import Refused

NUL = r"the body: a text has the character \u0000, which no name and no path may have"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (rb'{"file":"\u0000"}', NUL),
        (rb'{"file":"/etc/site\\\u0000.toml"}', NUL),
        (rb'{"file":"\ud800"}', r"the body: a text has \ud800, half of a pair of surrogates: no character"),
        (
            rb'{"file":"\ud83d\ude00 \udc00"}',
            r"the body: a text has \udc00, half of a pair of surrogates: no character",
        ),
        (rb'{"file":"', "the body: Input data was truncated"),
    ],
)
def test_a_text_that_is_none_is_refused_with_what_is_wrong(body: bytes, why: str) -> None:
    with pytest.raises(Refused) as refused:
        decoded(body, ReloadBody)
    assert (refused.value.status, refused.value.why) == (422, why)


def test_an_emoji_and_a_backslash_before_u0000_are_text() -> None:
    assert decoded(rb'{"devices":["\ud83d\ude00","\\u0000"]}', SyncBody).devices == ("\U0001f600", "\\u0000")
