"""The browser of the tests: a test that fails in it fails."""

from __future__ import annotations

import pytest

from tests.system.chromium import chromium

pytestmark = pytest.mark.needs_chromium


async def test_what_a_test_raises_while_it_has_a_browser_is_raised() -> None:
    with pytest.RaisesGroup(pytest.RaisesExc(AssertionError, match="not within")):
        async with chromium() as browser:
            await browser.until("false", 0.05)
