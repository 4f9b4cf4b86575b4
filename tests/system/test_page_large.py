"""The page of a large building: it fetches a part, keeps few rows in the document, and writes once per frame however many changes come."""

from __future__ import annotations

from pathlib import Path

import pytest

from t3actors.watch.fanout import LiveMessage
from tests.system.paper import Paper, change, device, paper_page, point
from tests.system.shown import HURRY, ROW, text_of

pytestmark = pytest.mark.needs_chromium

DEVICES, POINTS = 500, 50
FEW = 60
ROWS = "document.querySelector('#points table').getAttribute('aria-rowcount') - 1"
DRAWN = "document.querySelectorAll('#points tbody tr[data-key]').length"
TYPE = "void ((field) => {{ field.value = '{}'; field.dispatchEvent(new Event('input')); }})(document.querySelector('#search'))"
CHOOSE = "void ((field) => {{ field.value = '{}'; field.dispatchEvent(new Event('change')); }})(document.querySelector('#status'))"
WATCHED = """globalThis.seen = {frames: 0, writes: 0};
  new MutationObserver(() => { seen.writes += 1; })
    .observe(document.querySelector('#points tbody'), {subtree: true, childList: true, characterData: true});
  (function count() { seen.frames += 1; requestAnimationFrame(count); })();"""


def building(devices: int, points: int) -> Paper:
    named = [(f"ahu-{number}", f"AI{place}") for number in range(1, devices + 1) for place in range(1, points + 1)]
    return Paper(
        [device(f"ahu-{number}", points) for number in range(1, devices + 1)], [point(*each) for each in named]
    )


def asked_for_points(paper: Paper) -> list[str]:
    """What the table was filled with: not the few faulty ones that are named above it."""
    asked = [each.partition("?")[2] for each in paper.asked if each.startswith("/points")]
    return [each for each in asked if "limit=100&" not in each]


async def test_of_25000_points_a_part_is_fetched_and_the_others_are_searched_for_at_the_gateway(tmp_path: Path) -> None:
    paper = building(DEVICES, POINTS)
    paper.points["ahu-400/AI7"] = point(
        "ahu-400", "AI7", status="fault", status_reason="open", full_label="Boiler flow"
    )
    async with paper_page(paper, tmp_path) as (browser, _):
        await browser.until(f"{ROWS} === 1000")
        assert asked_for_points(paper)[0] == "limit=1000&offset=0"
        assert "1000 of 25000 shown" in await text_of(browser, "#points-of")
        assert "more than these 1000" in await text_of(browser, "#points-left-out")
        await browser.until("document.querySelector('#trouble-list').innerText.includes('ahu-400/AI7 Boiler flow')")
        await browser.get(TYPE.format("boiler FLOW"))
        await browser.until(f"{ROWS} === 1 && {DRAWN} === 1")
        assert "search=boiler+FLOW" in asked_for_points(paper)[-1], (
            "as it is written: the gateway knows the case of ASCII alone"
        )
        assert "ahu-400/AI7" in await text_of(browser, "#points tbody")
        await browser.get(TYPE.format(""))
        await browser.get(CHOOSE.format("not ok"))
        await browser.until(f"{ROWS} === 1 && document.querySelector('#points').innerText.includes('✕ fault')")
        await browser.get(CHOOSE.format(""))
        await browser.until(f"{ROWS} === 1000")
        await browser.get("void document.querySelector('#more-points').click()")
        await browser.until(f"{ROWS} === 2000")
        await browser.get("void (location.hash = '#device=ahu-321')")
        await browser.until(f"{ROWS} === 50 && {ROW.format('ahu-321/AI1')} !== null")
        assert "device=ahu-321" in asked_for_points(paper)[-1]
        await browser.get("void (location.hash = '#point=ahu-7/AI7')")
        await browser.until("document.querySelector('#trend-now').innerText.startsWith('20.5 °C')")
        await paper.tell(change(paper.points["ahu-7/AI7"], 31.5))
        await browser.until("document.querySelector('#trend-now').innerText.startsWith('31.5 °C')")
        assert max(len(each) for each in asked_for_points(paper)) < 100
        assert await browser.get("document.querySelectorAll('*').length") < 1500


async def test_up_to_5000_points_all_are_there_and_searched_without_a_question(tmp_path: Path) -> None:
    paper = building(100, POINTS)
    async with paper_page(paper, tmp_path) as (browser, _):
        await browser.until(f"{ROWS} === 5000 && {DRAWN} < {FEW}")
        assert await browser.get("document.querySelector('#points-left-out').hidden")
        before = len(asked_for_points(paper))
        assert before == 5
        await browser.get(TYPE.format("ahu-100/ai5"))
        await browser.until(f"{ROWS} === 2")
        await browser.get(TYPE.format(""))
        await browser.until(f"{ROWS} === 5000")
        await browser.get("void (document.querySelector('#points').scrollTop = 1e9)")
        await browser.until(f"{ROW.format('ahu-100/AI50')} !== null && {DRAWN} < {FEW}")
        assert len(asked_for_points(paper)) == before


async def test_however_many_changes_come_rows_are_written_once_per_frame_and_show_the_last(tmp_path: Path) -> None:
    paper = building(100, POINTS)
    async with paper_page(paper, tmp_path) as (browser, _):
        await browser.until(f"{ROWS} === 5000")
        await browser.get(WATCHED)
        rows = list(paper.points.values())
        for step in range(20):
            for begin in range(0, 5000, 500):
                told = [change(row, float(step)) for row in rows[begin : begin + 500]]
                await paper.send(LiveMessage(points=tuple(told)))
        last = "[...document.querySelectorAll('#points tr[data-key]')].every((tr) => tr.cells[1].innerText.startsWith('19 '))"
        await browser.until(f"{DRAWN} > 0 && {last}")
        seen = await browser.get("seen")
        assert 0 < seen["writes"] <= seen["frames"] + 20, "100,000 changes, of which a row in sight has twenty"
        assert await browser.get("document.body.dataset.state") == "live"


async def test_what_was_missed_is_fetched_again(tmp_path: Path) -> None:
    paper = building(2, 3)
    async with paper_page(paper, tmp_path) as (browser, _):
        paper.points["ahu-1/AI1"] = point("ahu-1", "AI1", 77.0)
        await paper.send(LiveMessage(missed=12))
        await browser.until(f"{ROW.format('ahu-1/AI1')}.cells[1].innerText.startsWith('77 ')")


async def test_points_that_are_new_or_gone_are_seen_by_their_number(tmp_path: Path) -> None:
    paper = building(2, 3)
    async with paper_page(paper, tmp_path, script=HURRY) as (browser, _):
        await browser.until(f"{ROWS} === 6")
        paper.points["ahu-2/AI9"] = point("ahu-2", "AI9")
        await browser.until(f"{ROWS} === 7")
        del paper.points["ahu-1/AI1"]
        await browser.until(f"{ROWS} === 6")
