from __future__ import annotations

import pytest

from tests.embed.library import Builder


@pytest.fixture(scope="session")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Builder:
    """What builds the library and its hosts; for tests marked `needs_cc`."""
    return Builder(tmp_path_factory.mktemp("embed"))
