"""The plot: what is drawn of a curve and what is not, and moving in it by touch and by buttons. By mouse and keys: test_page.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from t3actors.points import Status
from t3actors.rows import AbsenceRow, EventRow
from tests.system.chromium import Browser
from tests.system.paper import DAY_MS, HOUR_MS, Paper, change, curve, device, now_ms, paper_page, point
from tests.system.shown import text_of

pytestmark = pytest.mark.needs_chromium

HASH = "#point=ahu-1/IN1"
SHOWN = "document.querySelector('#plot').dataset"
TOLD = "document.querySelector('#trend-summary').innerText"
WIDE = f"({SHOWN}.to - {SHOWN}.from)"
COLUMN = """((share, name) => { const canvas = document.querySelector('#plot canvas'), style = getComputedStyle(canvas);
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const paint = new OffscreenCanvas(1, 1).getContext('2d'); paint.fillStyle = style.getPropertyValue('--' + name).trim();
  paint.fillRect(0, 0, 1, 1);
  const wanted = paint.getImageData(0, 0, 1, 1).data, x = Math.round(canvas.width * share);
  const { data } = copy.getImageData(x, 0, 1, canvas.height); let found = 0;
  for (let at = 0; at < data.length; at += 4) found += [0, 1, 2].every((place) => Math.abs(data[at + place] - wanted[place]) < 3)
    && Math.abs(data[at + 3] - wanted[3]) < 4;
  return found; })"""
"""How many pixels of a column of the canvas, at a share of its width, have a colour of the style sheet."""


async def column(browser: Browser, share: float, colour: str) -> int:
    told: int = await browser.get(f"{COLUMN}({share}, '{colour}')")
    return told


def of_one_point(told: Any, **changes: Any) -> Paper:
    paper = Paper([device("ahu-1", 1)], [point("ahu-1", "IN1", **changes)])
    paper.curve = told
    return paper


async def test_zoomed_out_a_band_from_least_to_most_is_drawn_so_that_no_peak_is_lost(tmp_path: Path) -> None:
    begin = now_ms() - DAY_MS
    hours = [(begin + hour * HOUR_MS, 10.0, 95.0 if hour == 12 else 30.0, 20.0, "ok") for hour in range(24)]
    paper = of_one_point(curve(hours, step_ms=HOUR_MS, aggregated_until=now_ms() - HOUR_MS))
    async with paper_page(paper, tmp_path, hash_=HASH) as (browser, _):
        await browser.until(f"{TOLD}.includes('least 10 °C, most 95 °C')")
        assert "only least and most by the hour" in await text_of(browser, "#trend-summary")
        assert "least to most in 60 min" in await text_of(browser, "#legend")
        await browser.until(f"{SHOWN}.pieces === '24'")
        assert await column(browser, 0.3, "band") > 20
        assert await column(browser, 0.3, "curve") in range(1, 9)
        await browser.get("document.querySelector('#plot').focus()")
        for _ in range(3):
            await browser.press("ArrowLeft", shift=True)
        assert "10 to 30 °C" in await text_of(browser, "#readout")


async def test_a_digital_point_is_drawn_in_steps_between_the_names_of_its_states(tmp_path: Path) -> None:
    begin = now_ms() - 50 * 60_000
    pieces = [(begin + place * 10 * 60_000, *[float(place % 2)] * 3, "ok") for place in range(5)]
    paper = of_one_point(curve(pieces), value=0.0, text="Closed", states=("Closed", "Open"), units="")
    async with paper_page(paper, tmp_path, hash_=HASH) as (browser, _):
        await browser.until(f"{TOLD}.includes('least Closed, most Open')")
        await browser.until(f"{WIDE} === {HOUR_MS}")  # the curve begins within the last hour
        await browser.get("document.querySelector('#plot').focus()")
        said = []
        for _ in range(5):
            await browser.press("ArrowLeft", shift=True)
            said.append((await text_of(browser, "#readout")).rpartition(": ")[2])
        assert said == ["Closed", "Open", "Closed", "Open", "Closed"]
        heights = [await column(browser, share, "curve") for share in (0.5, 0.55, 0.6, 0.65, 0.7)]
        assert all(height > 0 for height in heights), "the line holds between two changes"
        assert "state, held until it changes" in await text_of(browser, "#legend")
        assert "Closed" in await text_of(browser, "#trend-now")


async def test_what_is_not_ok_is_a_strip_at_the_foot_and_no_value(tmp_path: Path) -> None:
    begin = now_ms() - DAY_MS
    pieces = [
        (begin, 20.0, 20.0, 20.0, "ok"),
        (begin + 6 * HOUR_MS, None, None, None, "fault"),
        (begin + 12 * HOUR_MS, 21.0, 21.0, 21.0, "ok"),
    ]
    async with paper_page(of_one_point(curve(pieces)), tmp_path, hash_=HASH) as (browser, _):
        await browser.until(f"{TOLD}.includes('least 20 °C, most 21 °C')")
        assert "Lastly not ok: fault, from " in await text_of(browser, "#trend-summary")
        assert "not ok, no value" in await text_of(browser, "#legend")
        await browser.until(f"{SHOWN}.pieces === '3'")
        assert [await column(browser, share, "curve") > 0 for share in (0.2, 0.45, 0.8)] == [True, False, True]
        assert [await column(browser, share, "bad") > 3 for share in (0.2, 0.45, 0.8)] == [False, True, False]
        await browser.get("document.querySelector('#plot').focus()")
        await browser.press("ArrowLeft", shift=True)
        await browser.press("ArrowLeft", shift=True)
        assert "fault, no value" in await text_of(browser, "#readout")


async def test_when_no_gateway_ran_and_when_what_polls_was_restarted_is_drawn_and_said(tmp_path: Path) -> None:
    begin = now_ms() - DAY_MS
    restart = EventRow(
        id=1, at=begin + 18 * HOUR_MS, name="ahu-1", point=None, event="child.restarted", from_status=None, to_status=None, reason=None
    )  # fmt: skip
    gap = AbsenceRow(from_at=begin + 6 * HOUR_MS, until_at=begin + 12 * HOUR_MS)
    told = curve(
        [(begin, *[20.0] * 3, "ok"), (begin + 12 * HOUR_MS, *[21.0] * 3, "ok")], absences=[gap], restarts=[restart]
    )
    async with paper_page(of_one_point(told), tmp_path, hash_=HASH) as (browser, _):
        await browser.until(f"{TOLD}.includes('Once no gateway ran')")
        assert "What polls the device was restarted once" in await text_of(browser, "#trend-summary")
        assert {"no gateway ran", "what polls it was restarted"} <= set((await text_of(browser, "#legend")).split("\n"))
        await browser.until(f"{SHOWN}.pieces === '2'")
        assert [await column(browser, share, "curve") > 0 for share in (0.2, 0.45, 0.8)] == [True, False, True]
        assert await column(browser, 0.45, "hole") > 50


async def test_two_fingers_zoom_one_finger_moves_and_buttons_do_both(tmp_path: Path) -> None:
    begin = now_ms() - 3 * DAY_MS
    paper = of_one_point(curve([(begin + hour * HOUR_MS, *[float(hour)] * 3, "ok") for hour in range(72)]))
    async with paper_page(paper, tmp_path, hash_=HASH, width=375) as (browser, _):
        await browser.call("Emulation.setTouchEmulationEnabled", enabled=True, maxTouchPoints=2)
        await browser.until(f"{TOLD} && {WIDE} === {DAY_MS}")
        await browser.get("document.querySelector('#plot').scrollIntoView({block: 'center'})")
        box = await browser.get("JSON.parse(JSON.stringify(document.querySelector('#plot').getBoundingClientRect()))")
        middle, left = box["y"] + box["height"] / 2, box["x"]
        await browser.touch(("touchStart", [(left + 150, middle), (left + 200, middle)]))
        await browser.touch(("touchMove", [(left + 120, middle), (left + 260, middle)]))
        await browser.touch(("touchEnd", []))
        pinched = await browser.until(f"{WIDE} < {DAY_MS} / 2 && {WIDE}")
        from_before = int(await browser.get(f"{SHOWN}.from"))
        await browser.touch(("touchStart", [(left + 120, middle)]))
        assert (await text_of(browser, "#readout")).strip()
        await browser.touch(("touchMove", [(left + 220, middle)]))
        await browser.touch(("touchEnd", []))
        await browser.until(f"{SHOWN}.from < {from_before} && Math.abs({WIDE} - {pinched}) < 1000")
        assert await browser.get("document.documentElement.scrollWidth") <= 375
        for button, wanted in (
            ("zoom-out", f"Math.abs({WIDE} - 2 * {pinched}) < 1000"),
            ("zoom-in", f"Math.abs({WIDE} - {pinched}) < 1000"),
        ):
            await browser.get(f"void document.querySelector('#{button}').click()")
            await browser.until(wanted)
        from_before = int(await browser.get(f"{SHOWN}.from"))
        await browser.get("void document.querySelector('#earlier').click()")
        await browser.until(f"{SHOWN}.from < {from_before}")
        await browser.get("void document.querySelector('#now').click()")
        await browser.until(f"{SHOWN}.to >= {now_ms() - 1000}")
        asked = [each for each in paper.asked if each.startswith("/trend")]
        assert len(asked) < 12, "moving asks when it rests, not at every step"


async def test_a_change_goes_on_the_curve_without_a_question(tmp_path: Path) -> None:
    paper = of_one_point(curve([(now_ms() - HOUR_MS, *[20.0] * 3, "ok")]))
    async with paper_page(paper, tmp_path, hash_=HASH) as (browser, _):
        await browser.until(f"{SHOWN}.pieces === '1'")
        await paper.tell(change(paper.points["ahu-1/IN1"], 40.0))
        await browser.until(f"{SHOWN}.pieces === '2' && {TOLD}.includes('most 40 °C')")
        await paper.tell(change(paper.points["ahu-1/IN1"], status=Status.FAULT, reason="open"))
        await browser.until(f"{SHOWN}.pieces === '3' && {TOLD}.includes('Lastly not ok: fault')")
