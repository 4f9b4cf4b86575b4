from __future__ import annotations

from itertools import pairwise

from t3actors.simulator import registers as at


def test_no_two_areas_of_the_map_overlap_and_all_lie_in_what_is_served() -> None:
    areas = [(at.OUTPUT_SWITCH, at.OUTPUT_SWITCH + 64)]
    for block in (at.INPUTS, at.OUTPUTS, at.VARIABLES):
        areas.append((block.value, block.value + 2 * block.capacity))
        starts = (block.range_code, block.auto_manual, block.analog)
        areas.extend((start, start + block.capacity) for start in starts if start is not None)
    areas.sort()
    assert all(stop <= start for (_, stop), (start, _) in pairwise(areas))
    low, high = at.SPANS[1]
    assert low == areas[0][0]
    assert high == areas[-1][1] - 1 == at.REGISTER_COUNT - 1
