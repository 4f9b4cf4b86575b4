"""The page for everybody: by keyboard, by ear, magnified, on a phone, in either light, without motion, without JavaScript, on paper."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.system.chromium import Browser, chromium
from tests.system.paper import HOUR_MS, Paper, change, curve, device, now_ms, paper_page, point, serving
from tests.system.shown import CONTRAST, HURRY, ROW, WIDTH, text_of
from tests.system.test_page_wrong import alarm

pytestmark = pytest.mark.needs_chromium

LONG = "Supply air temperature setpoint of the second floor, east wing, as adjusted by the tenants"
CHANGES_HEARD = """globalThis.heard = []; {
  const said = document.querySelector('#said');
  new MutationObserver(() => heard.push(said.textContent)).observe(said,
    {childList: true, characterData: true, subtree: true}); }"""
REFUSED = """globalThis.refused = [];
  document.addEventListener('securitypolicyviolation', (event) => { refused.push(event.effectiveDirective); });"""
CUT = """[...document.querySelectorAll('button, input, select, summary')].filter((each) => {
  if (!each.checkVisibility()) return false;
  const box = each.getBoundingClientRect(); return box.left < 0 || box.right > innerWidth + 1; }).map((each) => each.outerHTML)"""
SMALL = """[...document.querySelectorAll('button, input, select, summary')].filter((each) => each.checkVisibility())
  .filter((each) => each.getBoundingClientRect().height < 24).map((each) => each.outerHTML)"""


def building() -> Paper:
    """One of each thing that can be wrong."""
    devices = [
        device("ahu-1", 4),
        device(
            "vav-with-a-rather-long-name-on-the-second-floor",
            1,
            status="offline",
            status_reason="192.0.2.7:47808: no answer",
        ),
    ]
    points = [
        point("ahu-1", "AI1", full_label=LONG),
        point("ahu-1", "AI2", status="fault", status_reason="the sensor is open"),
        point("ahu-1", "AI3", status="stale", status_reason="not read for 9 s"),
        point("ahu-1", "AI4", status="disabled"),
        point(devices[1].name, "AI1", status="down", status_reason="no answer", auto_manual=1, flags=5),
    ]
    paper = Paper(devices, points)
    paper.alarms = [alarm(1), alarm(2, acknowledged=True)]
    begin = now_ms() - 20 * HOUR_MS
    paper.curve = curve(
        [
            (begin, 20.0, 20.0, 20.0, "ok"),
            (begin + HOUR_MS, None, None, None, "fault"),
            (begin + 2 * HOUR_MS, 18.0, 25.0, 21.0, "ok"),
        ]
    )
    return paper


@asynccontextmanager
async def shown(tmp_path: Path, script: str = "") -> AsyncIterator[tuple[Browser, Paper]]:
    paper = building()
    async with paper_page(paper, tmp_path, script=script) as (browser, _):
        await browser.until("document.querySelectorAll('#points tr[data-key]').length === 5")
        yield browser, paper


async def open_all(browser: Browser, hash_: str) -> None:
    """Open what an address names, and all that can be unfolded."""
    await browser.get(f"void (location.hash = {hash_!r})")
    ready = {"": "document.querySelector('#detail').hidden", "#p": "document.querySelector('#trend-summary').innerText"}
    await browser.until(ready.get(hash_[:2], "document.querySelector('#device-facts').innerText"))
    await browser.get("document.querySelectorAll('details').forEach((each) => { each.open = true; })")


MAKE = "const made = document.createElement('{}'); {} document.body.append(made);"
FORBIDDEN = {
    "script-src-elem": MAKE.format("script", "made.textContent = 'globalThis.ran = 1';"),
    "script-src-attr": MAKE.format("b", "made.setAttribute('onclick', 'globalThis.ran = 1');") + " made.click();",
    "style-src-elem": MAKE.format("style", "made.textContent = 'body { display: none }';"),
    "style-src-attr": MAKE.format("b", "made.setAttribute('style', 'color: red');"),
    "img-src": MAKE.format("img", "made.src = 'http://192.0.2.1/x.png';"),
    "frame-src": MAKE.format("iframe", "made.src = 'http://192.0.2.1/';"),
    "connect-src": "fetch('http://192.0.2.1/x').catch(() => {});",
}
"""By what each is refused that somebody who got a word of his onto the page could try."""
PLACES = ["", "#point=ahu-1/AI1", "#point=ahu-1/AI2", "#device=vav-with-a-rather-long-name-on-the-second-floor"]


async def test_every_text_has_a_contrast_of_4_5_and_more_live_or_not_by_day_and_in_the_dark(tmp_path: Path) -> None:
    async with shown(tmp_path, script=HURRY) as (browser, paper):
        for state in ("live", "lost"):
            for hash_ in PLACES:
                if state == "live":
                    await open_all(browser, hash_)
                for is_dark, ground in ((False, "rgb(246, 247, 249)"), (True, "rgb(15, 21, 27)")):
                    await browser.look(1400, is_dark=is_dark)
                    assert await browser.get("getComputedStyle(document.documentElement).backgroundColor") == ground
                    least, where = await browser.get(CONTRAST)
                    assert least >= 4.5, (state, hash_, is_dark, where)
            paper.is_frozen = True
            await browser.until("document.body.dataset.state === 'lost'")
        paper.is_frozen = False


async def test_at_any_width_and_magnified_nothing_is_cut_off_and_nothing_scrolls_sideways(tmp_path: Path) -> None:
    async with shown(tmp_path) as (browser, _):
        for hash_ in PLACES:
            await open_all(browser, hash_)
            for width, scale in ((360, 3.0), (320, 2.0), (640, 2.0), (700, 1.0), (1120, 1.0), (2200, 1.0)):
                await browser.look(width, 700, scale=scale)
                assert await browser.get(WIDTH) <= width, (hash_, width)
                assert await browser.get(CUT) == [], (hash_, width)
                assert await browser.get(SMALL) == [], (hash_, width)


async def test_text_alone_at_twice_its_size_stays_on_the_screen_and_rows_grow_with_it(tmp_path: Path) -> None:
    async with shown(tmp_path) as (browser, _):
        await browser.look(800, 700)
        height = await browser.get(f"{ROW.format('ahu-1/AI1')}.offsetHeight")
        await browser.get("void (document.documentElement.style.fontSize = '200%')")
        await browser.until(f"{ROW.format('ahu-1/AI1')}.offsetHeight >= {1.9 * height}")
        for hash_ in PLACES:
            await open_all(browser, hash_)
            assert await browser.get(WIDTH) <= 800, hash_


async def test_with_enlarged_text_beside_one_another_no_column_that_matters_goes_missing(tmp_path: Path) -> None:
    async with shown(tmp_path) as (browser, _):
        await browser.look(1400)
        await browser.get("void (document.documentElement.style.fontSize = '200%')")
        for table in ("devices", "points"):
            status = f"document.querySelector('#{table} tbody tr[data-key] .word')"
            await browser.until(f"{status}.getBoundingClientRect().width > 60")
            assert await browser.get(f"{status}.checkVisibility() && {status}.parentElement.clientWidth > 60")
        assert await browser.get(CUT) == []


async def test_a_name_of_500_signs_or_one_that_turns_the_line_round_is_in_nobodys_way(tmp_path: Path) -> None:
    turned = "vav\u202e-7"
    long = device("D" * 500, 1, status="offline", status_reason="no answer", status_at=now_ms() - HOUR_MS)
    paper = Paper(
        [long, device(turned, 1, status="offline", status_reason="gone", status_at=now_ms())],
        [point("D" * 500, "A" * 500, full_label="F" * 500), point(turned, "<b>IN1</b>")],
    )
    async with paper_page(paper, tmp_path) as (browser, _):
        said = await text_of(browser, "#verdict-more")
        assert f"Lastly: \u2068{turned}\u2069 offline since" in said
        for width in (1400, 320):
            await browser.look(width)
            await browser.get(f"void (location.hash = '#point=' + encodeURIComponent('{'D' * 500}/{'A' * 500}'))")
            close = "document.querySelector('#close').getBoundingClientRect()"
            await browser.until(
                f"!document.querySelector('#detail').hidden && {close}.width > 40 && {close}.height < 60"
            )
            await browser.until("document.querySelector('#detail-title').clientHeight <= innerHeight / 3")
            assert await browser.get(f"{WIDTH} <= innerWidth")
            await browser.get("void (location.hash = '')")
            await browser.until("document.querySelector('#detail').hidden")
            assert await browser.get("document.querySelector('#trouble-list').offsetHeight") < 700
        assert await browser.get("document.querySelectorAll('#points b').length") == 0


async def test_what_is_opened_begins_at_its_top_wherever_the_column_stood(tmp_path: Path) -> None:
    async with shown(tmp_path) as (browser, _):
        await browser.look(1400, 500)
        await open_all(browser, "#point=ahu-1/AI1")
        await browser.get("void (document.querySelector('.side').scrollTop = 9999)")
        assert await browser.get("document.querySelector('.side').scrollTop") > 0
        await browser.get("void document.querySelector('#points tr[data-key=\"ahu-1/AI3\"] button').click()")
        await browser.until("document.querySelector('#detail-title').innerText.startsWith('ahu-1/AI3')")
        assert await browser.get("document.querySelector('.side').scrollTop") == 0


async def test_on_a_phone_what_is_open_has_the_screen_and_escape_goes_back(tmp_path: Path) -> None:
    async with shown(tmp_path) as (browser, _):
        await browser.look(360, 700)
        key = "ahu-1/AI2"
        await browser.get(f"void {ROW.format(key)}.querySelector('.open').click()")
        await browser.until("document.activeElement.id === 'detail-title'")
        seen = (
            "[...document.querySelectorAll('section')].filter((each) => each.checkVisibility()).map((each) => each.id)"
        )
        assert await browser.get(seen) == ["verdict", "detail"]
        await browser.until("document.querySelector('#trend-look').innerText === 'Look at: its sensor'")
        await browser.press("Escape")
        await browser.until(f"document.activeElement.closest('tr')?.dataset.key === '{key}'")
        await browser.get("void (location.hash = '#device=ahu-1')")
        await browser.until("!document.querySelector('#detail').hidden")
        assert await browser.get(seen) == ["verdict", "detail", "points-section"], "a device with its points"
        await browser.get("history.back()")
        await browser.until("document.querySelector('#detail').hidden")


async def test_whatever_can_be_operated_is_reached_by_tab_and_its_focus_is_seen(tmp_path: Path) -> None:
    async with shown(tmp_path) as (browser, _):
        await open_all(browser, "#point=ahu-1/AI2")
        wanted = await browser.get("""[...document.querySelectorAll('a, button, input, select, summary, [tabindex="0"]')]
          .filter((each) => each.checkVisibility() && each.tabIndex >= 0).length""")
        reached = 0
        for _ in range(wanted):
            await browser.press("Tab")
            outline = "getComputedStyle(document.activeElement)"
            assert await browser.get(f"[{outline}.outlineStyle, parseFloat({outline}.outlineWidth) >= 2]") == [
                "solid",
                True,
            ]
            reached += 1
        assert reached == wanted > 25
        assert await browser.get("document.activeElement !== document.body")


async def test_who_listens_is_told_the_verdict_when_it_changes_and_not_each_value(tmp_path: Path) -> None:
    async with shown(tmp_path, script=HURRY) as (browser, paper):
        await browser.until("document.querySelector('#said').textContent.startsWith('1 of 2 devices does not answer')")
        await browser.get(CHANGES_HEARD)
        for value in range(30):
            await paper.tell(change(paper.points["ahu-1/AI1"], float(value)))
        await browser.until(f"{ROW.format('ahu-1/AI1')}.cells[1].innerText.startsWith('29 ')")
        assert await browser.get("heard") == []
        lively = "[...document.querySelectorAll('[role=status], [role=alert], [role=log], [aria-live]')].map((each) => each.id)"
        assert await browser.get(lively) == ["said", "token-fault"]
        paper.alarms = []
        paper.devices[1] = device(paper.devices[1].name, 1)
        for key, row in paper.points.items():
            paper.points[key] = point(row.name, row.point_id)
        paper.changes_of_health = {"points": 6}  # so that all is fetched again
        await browser.until("document.querySelector('#verdict').dataset.kind === 'good'")
        await browser.until("document.querySelector('#said').textContent === 'All is well'")
        assert len(await browser.get("heard")) <= 3


async def test_whoever_wishes_no_motion_has_none(tmp_path: Path) -> None:
    async with shown(tmp_path) as (browser, paper):
        await browser.get("globalThis.moved = 0; document.addEventListener('animationstart', () => { moved += 1; });")
        for motion, value in (("reduce", 31.0), ("no-preference", 32.0)):
            assert await browser.get("moved") == 0
            await browser.call(
                "Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": motion}]
            )
            await paper.tell(change(paper.points["ahu-1/AI1"], value))
            await browser.until(f"{ROW.format('ahu-1/AI1')}.cells[1].innerText.startsWith('{value:g} ')")
            await browser.get(
                "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(done))))"
            )
        await browser.until("moved > 0")


async def test_without_javascript_the_page_says_so_and_where_to_look_instead(tmp_path: Path) -> None:
    async with serving(building(), tmp_path) as address, chromium() as browser:
        await browser.call("Emulation.setScriptExecutionDisabled", value=True)
        await browser.look(360)
        await browser.open(address)
        is_laid_out = (
            "document.querySelector('.plain')?.checkVisibility() && !document.body.innerText.includes('Connecting')"
        )
        told = await browser.until(f"{is_laid_out} && document.body.innerText")  # "Connecting" would not be so
        assert "This page needs JavaScript" in told
        assert "t3actors status" in told


async def test_on_paper_stands_what_is_wrong_on_white_without_buttons(tmp_path: Path) -> None:
    async with shown(tmp_path) as (browser, _):
        await browser.call(
            "Emulation.setEmulatedMedia", media="print", features=[{"name": "prefers-color-scheme", "value": "dark"}]
        )
        assert await browser.get("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
        assert (
            await browser.get(
                "['#filter', '#close', 'footer'].some((each) => document.querySelector(each).checkVisibility())"
            )
            is False
        )
        told = await text_of(browser, "body")
        assert "1 of 2 devices does not answer" in told
        assert "ahu-1/AI2" in told
        least, where = await browser.get(CONTRAST)
        assert least >= 4.5, where


async def test_what_is_inline_or_made_of_text_does_not_run_and_nothing_is_fetched_from_elsewhere(
    tmp_path: Path,
) -> None:
    async with serving(building(), tmp_path) as address, chromium() as browser:
        await browser.open(address)
        await browser.until("document.body.dataset.state === 'live'")
        ours = [each for each in browser.requests if each.startswith((address, address.replace("http:", "ws:")))]
        assert [each for each in browser.requests if each not in ours and each != "about:blank"] == []
        assert browser.complaints == []
        await browser.get(REFUSED)
        for number, (directive, script) in enumerate(FORBIDDEN.items(), 1):
            await browser.get(f"void (() => {{ {script} }})()")
            await browser.until(f"refused.length === {number}")
            assert await browser.get("refused.at(-1)") == directive
        assert await browser.get("globalThis.ran === undefined && getComputedStyle(document.body).display !== 'none'")
        told = await browser.call("Runtime.evaluate", expression="eval('1')", allowUnsafeEvalBlockedByCSP=False)
        assert "EvalError" in told["exceptionDetails"]["exception"]["description"]
