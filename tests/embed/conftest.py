from __future__ import annotations

import pytest

from t3actors.embed import hosted
from tests.embed.library import Builder
from tests.waiting import WITHIN_S


@pytest.fixture(autouse=True)
def _patient_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is not to be taken for a gateway that does not answer."""
    monkeypatch.setattr(hosted, "ANSWERS_WITHIN_S", WITHIN_S)


@pytest.fixture(scope="session")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Builder:
    """What builds the library and its hosts; for tests marked `needs_cc`."""
    return Builder(tmp_path_factory.mktemp("embed"))
