"""`kill -9` under load: the file stays sound, nothing is in it twice, and the next start writes no false change."""

from __future__ import annotations

from pathlib import Path

from t3actors.simulator.plant import PlantSize, running_plant
from tests.system.kill_drill import KillDrill

KILLS = 2


async def test_a_killed_gateway_leaves_a_sound_file_and_its_successor_writes_no_false_change(tmp_path: Path) -> None:
    async with running_plant(PlantSize(3, seed=5, tick_s=0.05)) as plant:
        drill = KillDrill(plant, tmp_path)
        for number in range(KILLS + 1):
            kill = await drill.once(more_samples=300 + 117 * number)
            assert kill.integrity == ["ok"]
            assert kill.faults == []
            assert kill.samples > 300
