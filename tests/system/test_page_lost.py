"""What the page says when it hears nothing more, and how it finds its way back: by itself, and by the gateway's clock."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.system.paper import DAY_MS, HOUR_MS, Paper, change, device, now_ms, paper_page, point
from tests.system.shown import HURRY, ROW, text_of
from tests.waiting import until

pytestmark = pytest.mark.needs_chromium

OTHER_CLOCK = "(() => {{ const now = Date.now; Date.now = () => now() + ({}); }})()"
IN1 = ROW.format("ahu-1/IN1")
COUNT_LOST = """{ globalThis.timesLost = 0; let was = document.body.dataset.state;
  new MutationObserver((all) => { for (const each of [...all.slice(1).map((one) => one.oldValue), document.body.dataset.state]) {
    timesLost += each === 'lost' && was !== 'lost'; was = each; } })
    .observe(document.body, {attributeFilter: ['data-state'], attributeOldValue: true}); }"""
"""From now on, how often it was lost: a hurried page is, for a moment, on a busy machine, too."""


def paper() -> Paper:
    return Paper(
        [device("ahu-1", 2)], [point("ahu-1", "IN1"), point("ahu-1", "IN2", status="fault", status_reason="open")]
    )


async def test_of_a_gateway_that_stands_still_with_its_sockets_open_nothing_looks_live_and_it_comes_back_by_itself(
    tmp_path: Path,
) -> None:
    gateway = paper()
    async with paper_page(gateway, tmp_path, script=HURRY, hash_="#point=ahu-1/IN1") as (browser, _):
        await browser.until(f"{IN1}.cells[2].innerText.includes('● ok')")
        await browser.get(COUNT_LOST)
        before = gateway.sockets
        gateway.is_frozen = True
        await browser.until("document.body.dataset.state === 'lost'")
        assert "Not live: what is shown is as of" in await text_of(browser, "#verdict-word")
        assert "tried again by itself" in await text_of(browser, "#verdict-more")
        assert await browser.get("document.title.startsWith('(not live)')")
        assert await browser.get(
            "[...document.querySelectorAll('#points tbody tr[data-key]')].every((tr) => tr.classList.contains('is-old'))"
        )
        assert await browser.get(f"{IN1}.cells[2].innerText") == "? was ok"
        assert "What was wrong at" in await text_of(browser, "#troubles-title")
        assert "ahu-1/IN2 Room IN2 ? was fault since" in " ".join((await text_of(browser, "#trouble-list")).split())
        assert await browser.get("document.querySelectorAll('#troubles .bad, #devices .bad, #points .bad').length") == 0
        assert await browser.get(f"{IN1}.cells[1].innerText.includes('old')")
        assert await browser.get("document.querySelectorAll('.good').length") == 0
        assert "not live, was ok" in await text_of(browser, "#trend-now")
        value = f"getComputedStyle({IN1}.cells[1].firstChild)"
        assert await browser.get(
            f"[{value}.fontStyle, {value}.color === getComputedStyle(document.querySelector('.hint')).color]"
        ) == ["italic", True]
        await gateway.tell(change(gateway.points["ahu-1/IN1"], 7.5))
        gateway.is_frozen = False
        await browser.until("document.body.dataset.state === 'live'")
        await browser.until(f"{IN1}.cells[1].innerText.startsWith('7.5 ') && !{IN1}.classList.contains('is-old')")
        assert gateway.sockets == before + await browser.get("timesLost")


async def test_a_socket_that_falls_silent_while_the_gateway_answers_is_replaced(tmp_path: Path) -> None:
    gateway = paper()
    async with paper_page(gateway, tmp_path, script=HURRY) as (browser, _):
        await browser.get(COUNT_LOST)
        before = gateway.sockets
        gateway.be_deaf()
        await gateway.tell(change(gateway.points["ahu-1/IN1"], 7.5))
        await browser.until(f"{IN1}.cells[1].innerText.startsWith('7.5 ')")
        await browser.until("document.body.dataset.state === 'live' && timesLost > 0")
        assert gateway.sockets == before + await browser.get("timesLost")


async def test_another_version_of_the_gateway_brings_its_own_page(tmp_path: Path) -> None:
    gateway = paper()
    async with paper_page(gateway, tmp_path, script=HURRY) as (browser, address):
        await browser.get("void (globalThis.wasHere = true)")
        gateway.changes_of_health = {"version": "1.1"}
        await browser.until("globalThis.wasHere === undefined && document.body.dataset.state === 'live'")
        assert browser.requests.count(address) == 2
        assert "1.1" in await text_of(browser, "#gateway-facts")


OTHER_PAGE = """const own = fetch; globalThis.fetch = (what, more) => what !== './' ? own(what, more)
  : Promise.resolve(new Response('<script type="module" src="page/of-another-version/main.js"></script>'));"""


@pytest.mark.parametrize(("script", "reloads"), [(OTHER_PAGE, True), ("", False)])
async def test_a_gateway_started_anew_brings_its_page_where_that_is_another_though_its_version_is_the_same(
    tmp_path: Path, script: str, reloads: bool
) -> None:
    gateway = paper()
    async with paper_page(gateway, tmp_path, script=HURRY + ";" + script) as (browser, address):
        await browser.get("void (globalThis.wasHere = true)")
        gateway.changes_of_health = {"boot_id": "another"}
        if reloads:
            await browser.until("globalThis.wasHere === undefined && document.body.dataset.state === 'live'")
        else:
            await until(lambda: browser.requests.count(address) == 2)
            asked = len(gateway.asked)
            await until(lambda: len(gateway.asked) > asked + 2)
            assert await browser.get("globalThis.wasHere")


async def test_a_page_in_which_something_goes_wrong_says_so_calls_nothing_live_and_is_loaded_anew(
    tmp_path: Path,
) -> None:
    async with paper_page(paper(), tmp_path) as (browser, _):
        await browser.get("void setTimeout(() => { throw new Error('of an extension'); })")
        await until(lambda: any("of an extension" in each for each in browser.complaints))
        assert await browser.get("document.body.dataset.state") == "live", "it is not the page's"
        await browser.get("void (DOMTokenList.prototype.toggle = () => { throw new Error('of the page'); })")
        await browser.until("document.body.dataset.state === 'failed'")
        assert await text_of(browser, "#verdict-word") == "▲ Not live: this page has failed"
        assert (await text_of(browser, "#verdict-more")).startswith("Of the page. What is shown may be old;")
        assert await browser.get("document.title.startsWith('(not live)')")
        await browser.get(
            "(() => { const now = performance.now.bind(performance); performance.now = () => now() + 61000; })()"
        )
        await browser.until("document.body.dataset.state === 'live'")
        browser.complaints.clear()


async def test_who_wakes_his_computer_is_told_at_once_that_nothing_is_live(tmp_path: Path) -> None:
    """For so long as it slept no timer ran, and none has run when it shows its screen again."""
    gateway = paper()
    async with paper_page(gateway, tmp_path) as (browser, _):
        asleep = "(() => { const now = Date.now; Date.now = () => now() + 3600000; document.dispatchEvent(new Event('resume')); "
        assert await browser.get(asleep + "return document.body.dataset.state; })()") == "lost"
        await browser.until("document.body.dataset.state === 'live'")


@pytest.mark.parametrize("apart_ms", [3 * HOUR_MS, -2 * DAY_MS])
async def test_ages_go_by_the_gateways_clock_however_wrong_the_browsers_is(tmp_path: Path, apart_ms: int) -> None:
    gateway = paper()
    async with paper_page(gateway, tmp_path, script=OTHER_CLOCK.format(apart_ms), hash_="#point=ahu-1/IN2") as (
        browser,
        _,
    ):
        row = ROW.format("ahu-1/IN2")
        assert await browser.until(f"/^20.5 °C\\s+[1-9]\\d? s old$/.test({row}.cells[1].innerText)")
        assert await browser.get(f"/^[1-9]\\d? s ago$/.test({row}.cells[3].innerText.trim())")
        await browser.until("/read [1-9]\\d? s ago/.test(document.querySelector('#trend-now').innerText)")
        notice = await text_of(browser, "#notice")
        assert ("3 h ahead of" if apart_ms > 0 else "2 days behind") in notice
        shown_until = await browser.until("document.querySelector('#plot').dataset.to")
        assert abs(int(shown_until) - now_ms()) < abs(apart_ms) / 2


async def test_a_clock_that_is_set_is_believed_and_an_answer_that_was_long_under_way_is_not(tmp_path: Path) -> None:
    async with paper_page(paper(), tmp_path) as (browser, _):
        offsets = await browser.get("""import(new URL('clock.js', document.querySelector('script').src)).then(({ Clock }) => {
          const clock = new Clock(), now = Date.now(), said = [];
          const hear = (at, askedAt) => { clock.hear(at, askedAt); said.push(Math.round(clock.offsetMs / 10000)); };
          hear(now - 50, now - 10);
          hear(now - 40000, now - 41000);
          hear(now - 50000);
          hear(now + 600000, now);
          hear(now, now);
          hear(NaN, now);
          return said.map((each) => each + 0); })""")
        assert offsets == [0, 0, 0, 60, 0, 0]
