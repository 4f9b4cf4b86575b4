"""What a person sees in two seconds: whether all is well; if not what, since when, why, and what to look at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from t3actors.control import Override
from t3actors.points import Status
from t3actors.rows import AlarmRow
from t3actors.simulator.plant import PlantSize, running_plant
from t3actors.watch.parts import DoorPart
from tests.system.asked import waiting_config
from tests.system.paper import DAY_MS, HOUR_MS, Paper, change, device, now_ms, paper_page, point
from tests.system.shown import HURRY, ROW, browsing, text_of, with_page
from tests.watch.reports import part

pytestmark = pytest.mark.needs_chromium

KIND = "document.querySelector('#verdict').dataset.kind"
HEADLINE = "document.querySelector('#verdict-word').innerText"
OFFLINE = {"status": "offline", "status_reason": "192.0.2.7:47808: no answer"}


def alarm(number: int, **changes: Any) -> AlarmRow:
    row = AlarmRow(
        id=number, name="ahu-1", source="EE1", alarm_state="high limit", alarm_type=None, message="IN1 is out of its limits",
        description=None, priority=64, notification_id=1, acknowledged=False, low_limit=None, high_limit=None,
        raised_at=now_ms() - 3 * HOUR_MS, clock_off_s=None, acked_at=None, cleared_at=None, device_status="online",
    )  # fmt: skip
    return msgspec.structs.replace(row, **changes)


def building(*points: Any, **of_the_first: Any) -> Paper:
    devices = [device("ahu-1", 2, **of_the_first), device("ahu-2", 1)]
    return Paper(devices, [point("ahu-1", "IN1"), point("ahu-1", "IN2"), point("ahu-2", "IN1"), *points])


async def test_all_is_well_is_said_in_so_many_words(tmp_path: Path) -> None:
    async with paper_page(building(), tmp_path) as (browser, _):
        await browser.until(f"{KIND} === 'good' && {HEADLINE} === '● All is well'")
        assert "All 2 devices online, 3 of 3 points ok." in await text_of(browser, "#verdict-more")
        assert await browser.get(
            "document.querySelector('#troubles').hidden && document.querySelector('#alarms').hidden"
        )
        assert await browser.get("document.title") == "paper · t3actors"


async def test_a_device_that_does_not_answer_is_named_with_since_when_why_and_where_to_look(tmp_path: Path) -> None:
    paper = building(**OFFLINE, status_at=now_ms() - 3 * HOUR_MS)
    async with paper_page(paper, tmp_path) as (browser, _):
        await browser.until(f"{KIND} === 'bad' && {HEADLINE} === '■ 1 of 2 devices does not answer'")
        assert "Lastly: \u2068ahu-1\u2069 offline since" in await text_of(browser, "#verdict-more")
        item = await text_of(browser, "#trouble-list")
        assert "ahu-1 ■ offline 3 h, since " in item
        assert [line for line in item.splitlines() if line][-2:] == ["no answer", "Look at: its power"]
        assert await browser.get("document.title") == "(1 wrong) paper · t3actors"


async def test_t3000_s_own_database_and_the_way_into_a_t3000_are_named_with_their_reason(tmp_path: Path) -> None:
    paper = building()
    door = DoorPart(
        device="plant",
        method="webview_list",
        worker_pid=None,
        state="down",
        reason="the library crashed",
        since_at=now_ms() - HOUR_MS,
    )
    busy = part("degraded", "busy; 7 batches wait for it")
    paper.changes_of_health = {"webview": busy, "t3000": [door], "gateway": part("degraded", "webview: busy")}
    async with paper_page(paper, tmp_path) as (browser, _):
        await browser.until("document.querySelector('#trouble-list').children.length === 2")
        said = await text_of(browser, "#trouble-list")
        assert "T3000's own database" in said
        assert "busy; 7 batches wait for it" in said
        assert "The way into plant" in said
        assert "the library crashed" in said


async def test_what_was_stored_before_the_gateway_started_does_not_look_live_until_the_device_was_read(
    tmp_path: Path,
) -> None:
    unheard = {"status": "unknown", "status_reason": "not heard of since the gateway was started; it was online"}
    unread = {"status": "unknown", "status_reason": "not read since the gateway was started: it was ok"}
    paper = Paper(
        [device("ahu-1", 1, **unheard), device("ahu-2", 1)],
        [point("ahu-1", "IN1", **unread, device_status="unknown"), point("ahu-2", "IN1")],
    )
    async with paper_page(paper, tmp_path) as (browser, _):
        first, second = ROW.format("ahu-1/IN1"), ROW.format("ahu-2/IN1")
        await browser.until(
            f"{first}.classList.contains('is-old') && {first}.cells[2].innerText.startsWith('? unknown')"
        )
        assert await browser.get(f"[{second}.classList.contains('is-old'), {second}.cells[2].innerText]") == [
            False,
            "● ok",
        ]
        assert "not heard of since the gateway was started; it was online" in await text_of(browser, "#devices")
        assert await browser.get(HEADLINE) == "▲ 1 device has not answered lately"
        await paper.tell(change(paper.points["ahu-1/IN1"], status=Status.OK, reason=""))
        await browser.until(f"!{first}.classList.contains('is-old') && {first}.cells[2].innerText === '● ok'")


async def test_one_cause_at_many_devices_is_one_thing(tmp_path: Path) -> None:
    devices = [device(f"vav-{number}", 1, **OFFLINE) for number in range(1, 481)]
    paper = Paper([*devices, device("ahu-1", 1)], [point("ahu-1", "IN1")])
    async with paper_page(paper, tmp_path) as (browser, _):
        await browser.until(f"{HEADLINE} === '■ 480 of 481 devices do not answer'")
        assert await browser.get("document.querySelectorAll('#trouble-list > li').length") == 1
        item = await text_of(browser, "#trouble-list")
        assert "480 devices ■ offline" in item
        assert "and 475 more" in item
        await browser.get("void document.querySelector('#trouble-list .names button').click()")
        await browser.until("location.hash.startsWith('#device=vav-') && !document.querySelector('#detail').hidden")


async def test_faulty_points_of_devices_that_answer_are_named_and_those_of_silent_ones_are_not(tmp_path: Path) -> None:
    broken = [point("ahu-2", f"IN{place}", status="fault", status_reason="open") for place in range(5, 8)]
    paper = building(*broken, **OFFLINE)
    paper.points["ahu-1/IN1"] = point("ahu-1", "IN1", status="down", status_reason="no answer")
    paper.points["ahu-1/IN2"] = point("ahu-1", "IN2", status="stale", status_reason="not read for 9 s")
    paper.points["ahu-2/IN1"] = point("ahu-2", "IN1", status="stale", status_reason="not read for 9 s")
    async with paper_page(paper, tmp_path) as (browser, _):
        await browser.until(
            f"{HEADLINE}.endsWith('1 of 2 devices does not answer; 3 points are faulty; 2 points are stale')"
        )
        items = await browser.get("[...document.querySelectorAll('#trouble-list > li')].map((li) => li.innerText)")
        assert len(items) == 3
        advice = "document.querySelector('#trouble-list').innerText.split('Look at: its sensor').length"
        await browser.until(f"{advice} === 3")  # both are answered
        assert len([each for each in paper.asked if each.startswith("/why")]) == 2, "once for each cause"
        assert any("ahu-2: 3 points ✕ fault" in each and "IN5 IN6 IN7" in each and "open" in each for each in items)
        assert any("ahu-2/IN1" in each and "▲ stale" in each for each in items)
        assert not any("IN2" in each for each in items), "its device is silent: that is the trouble"


async def test_alarms_at_the_devices_stand_there_and_those_that_nobody_has_seen_are_bad(tmp_path: Path) -> None:
    paper = building()
    paper.alarms = [alarm(1), alarm(2, acknowledged=True, name="ahu-2", device_status="offline")]
    async with paper_page(paper, tmp_path) as (browser, _):
        await browser.until(f"{KIND} === 'bad' && {HEADLINE} === '■ 2 alarms stand'")
        told = await text_of(browser, "#alarm-list")
        assert "▲ not acknowledged 3 h, since" in told
        assert "IN1 is out of its limits, high limit, priority 64" in told
        assert "its device is offline: nobody knows whether it still stands" in told


async def test_alarms_that_say_the_same_at_many_devices_are_one_thing_and_seen_ones_are_not_bad(tmp_path: Path) -> None:
    paper = building()
    paper.alarms = [alarm(number, acknowledged=True, name=f"ahu-{number}") for number in range(1, 9)]
    async with paper_page(paper, tmp_path) as (browser, _):
        await browser.until(f"{KIND} === 'warn' && {HEADLINE} === '▲ 8 alarms stand, acknowledged'")
        assert await browser.get("document.querySelectorAll('#alarm-list > li').length") == 1
        assert "and 3 more" in await text_of(browser, "#alarm-list")


async def test_a_gateway_that_is_not_well_and_what_somebody_changed_by_hand_are_told(tmp_path: Path) -> None:
    paper = building()
    paper.changes_of_health = {
        "gateway": part("degraded", "the store"),
        "store": part("degraded", "no room for history"),
        "webview": part("degraded", "another program holds it"),
        "overrides": {"ahu-2": Override(poll_interval_s=60.0)},
    }
    async with paper_page(paper, tmp_path, script=HURRY) as (browser, _):
        await browser.until(f"{KIND} === 'warn' && {HEADLINE} === '▲ The gateway is degraded'")
        paper.alarms = [alarm(1)]
        await browser.until(f"{KIND} === 'bad' && {HEADLINE} === '■ 1 alarm stands; the gateway is degraded'")
        told = await text_of(browser, "#trouble-list")
        assert "no room for history" in told
        assert "T3000's own database degraded" in told
        assert "another program holds it" in told
        assert "ahu-2 ○ polled every 60 s, by hand" in told
        paper.changes_of_health = {"live": False, "gateway": part("stuck", "the detector makes no progress")}
        await browser.until("document.body.dataset.state === 'stuck'")
        assert "Not live: the gateway makes no progress" in await text_of(browser, "#verdict-word")
        assert "The detector makes no progress" in await text_of(browser, "#verdict-more")


FORECASTS: list[tuple[dict[str, Any], str, str]] = [
    ({}, "How fast it grows is known after an hour.", "● All is well"),
    (
        {"grows_by_a_day": 3e6, "history_by_a_day": 1e6, "budget_bytes": 2 * 10**9, "raw_days": 2000.0},
        "History takes 1 MB a day. The budget has room for samples of 5.5 years. At that pace neither budget nor disk is used up",
        "● All is well",
    ),
    (
        {"grows_by_a_day": 1e9, "full_of": "disk", "days": 12},
        "History takes 1 GB a day. At that pace the disk is full but for min_free and history stops growing in 12 days",
        "▲ The disk is full in 12 days",
    ),
    (
        {"grows_by_a_day": 1e9, "full_of": "budget", "days": 12, "budget_bytes": 2 * 10**9},
        "its budget is used up and the oldest samples go in 12 days",
        "● All is well",
    ),
]


async def test_how_long_the_storage_lasts_is_forecast(tmp_path: Path) -> None:
    paper = building()
    empty = paper.storage
    async with paper_page(paper, tmp_path) as (browser, address):
        for storage, forecast, headline in FORECASTS:
            told = {name: value for name, value in storage.items() if name != "days"}
            full_at = empty.at + storage["days"] * DAY_MS if "days" in storage else None
            paper.storage = msgspec.structs.replace(empty, full_at=full_at, **told)
            await browser.open(address)
            await browser.until(f"document.querySelector('#storage').innerText.includes({forecast!r})")
            await browser.until(f"{HEADLINE} === {headline!r}")
        assert "100 MB" in await text_of(browser, "#gateway-facts")


async def test_why_a_point_is_so_is_told_from_the_wire_to_the_row(tmp_path: Path) -> None:
    async with running_plant(PlantSize(1, seed=5, tick_s=3600.0)) as plant:
        config, port = with_page(waiting_config(plant, tmp_path))
        async with browsing(config, port, plant, tmp_path) as seen:
            await seen.live()
            await seen.go("#point=panel-1/IN1")
            await seen.browser.until("document.querySelector('#trend-why').innerText.includes('read')")
            await seen.browser.get("document.querySelector('#chain summary').focus()")
            await seen.browser.press("Enter")
            await seen.browser.until("document.querySelector('#chain-facts').innerText.includes('In the database')")
            told = await text_of(seen.browser, "#chain-facts")
            stages = [
                "Asked as",
                "Polled by",
                "Device",
                "Poll at",
                "Read last",
                "Stored last",
                "Its rules",
                "In the database",
            ]
            assert [told.index(stage) for stage in stages] == sorted(told.index(stage) for stage in stages)
            assert "holding:7484" in told
            assert "device/panel-1, running" in told
            assert "unknown → ok" in await text_of(seen.browser, "#chain-events")
            seen.assert_clean()
