"""`t3actors simulate`: what it asks of the simulator's process. That one's own tests start it."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from t3actors.cli import simulate as module
from t3actors.cli.simulate import simulate


def asked(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> dict[str, str]:
    seen: list[str] = []

    def main(argv: list[str]) -> int:
        seen.extend(argv)
        return 0

    monkeypatch.setattr(module, "simulate_main", main)
    assert CliRunner().invoke(simulate, arguments).exit_code == 0
    return dict(zip(seen[::2], seen[1::2], strict=True))


def test_three_modbus_panels_and_no_bacnet_device_unless_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    said = asked(monkeypatch)
    assert (said["--devices"], said["--bacnet"], said["--seed"]) == ("3", "0", "1")


def test_bacnet_devices_stand_beside_the_panels(monkeypatch: pytest.MonkeyPatch) -> None:
    said = asked(monkeypatch, "--devices", "2", "--bacnet", "5", "--inputs", "4")
    assert (said["--devices"], said["--bacnet"], said["--inputs"]) == ("2", "5", "4")
