"""The page at `/` in a real browser, before a running gateway with simulated panels."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec
import pytest
import trio

from t3actors.config import DeviceConfig
from t3actors.simulator.faults import NO_FAULT, Fault, FaultKind
from t3actors.simulator.plant import PlantSize, running_plant
from tests.system.asked import waiting_config
from tests.system.chromium import chromium
from tests.system.house import config_of, gateway_running, listed
from tests.system.shown import ROW, Seen, browsing, page, with_page
from tests.system.test_pipeline import PATIENT
from tests.waiting import until, until_answer

pytestmark = pytest.mark.needs_chromium

REFUSE = Fault(FaultKind.REFUSE)
TOKEN = "a-token-of-some-length"
HOSTILE = "<img src=x onerror=alert(1)>&lt;"
SHOWN = "document.querySelector('#plot').dataset"


async def test_a_value_that_changes_changes_on_the_page_without_being_asked_for(tmp_path: Path) -> None:
    async with page(tmp_path) as seen:
        row = ROW.format("panel-1/IN1")
        await seen.browser.until(f"{row}.cells[2].innerText.includes('● ok')")
        asked = len([each for each in seen.browser.requests if "/points" in each])
        for value in (41.5, 42.5):
            seen.plant.panels["panel-1"].set("IN1", value)
            await seen.browser.until(f"{row}.cells[1].innerText.startsWith('{value} ')")
        assert len([each for each in seen.browser.requests if "/points" in each]) == asked
        assert await seen.browser.get("[...document.querySelectorAll('#device-title, #points tbody img')].length") == 0


async def test_a_device_that_is_killed_turns_stale_then_red_and_the_page_says_why_and_what_is_tried_next(
    tmp_path: Path,
) -> None:
    async with page(tmp_path) as seen:
        browser, row = seen.browser, ROW.format("panel-2/IN1")
        await seen.go("#device=panel-2")
        await browser.until(f"{row}.cells[2].innerText.includes('● ok')")
        seen.plant.set_fault("panel-2", REFUSE)
        await browser.until(f"{row}.classList.contains('is-bad') && {row}.cells[2].innerText.includes('■ down')")
        assert "old" in await browser.get(f"{row}.cells[1].innerText")
        device = "document.querySelector('#devices tr[data-key=\"panel-2\"]')"
        await browser.until(f"{device}.classList.contains('is-bad') && {device}.innerText.includes('■ offline')")
        assert await browser.get(f"getComputedStyle({device}).backgroundColor") == "rgb(253, 228, 228)"
        assert await browser.get("document.querySelector('#devices tbody tr[data-key]').dataset.key") == "panel-2"
        look = "Look at: the host lives, nobody listens on that port"
        await browser.until(f"document.querySelector('#trouble-list').innerText.includes({look!r})")
        assert "connection refused" in await seen.text("#troubles")
        assert "1 of 2 devices does not answer" in await seen.text("#verdict-word")
        await browser.until(
            "/It is asked again (now|in \\d+ s)/.test(document.querySelector('#device-sentence').innerText)"
        )
        assert "Offline since" in await seen.text("#device-sentence")
        await browser.until(
            "document.querySelector('#devices tr[data-key=\"panel-1\"]').innerText.includes('● online')"
        )
        seen.plant.set_fault("panel-2", NO_FAULT)
        await until_answer(lambda: seen.house.gateway.sync(["panel-2"]), lambda told: not told[0].points_failed)
        await browser.until(f"{row}.cells[2].innerText.includes('● ok') && !{row}.classList.contains('is-bad')")
        await browser.until("document.querySelector('#troubles').hidden")
        await browser.until("document.querySelector('#verdict').dataset.kind === 'good'")
        await browser.until("document.querySelector('#verdict-word').innerText === '● All is well'")


async def test_what_is_not_live_does_not_look_live_and_it_comes_back_by_itself_with_the_gap_marked(
    tmp_path: Path,
) -> None:
    async with running_plant(PlantSize(1, seed=5, tick_s=3600.0)) as plant:
        config, port = with_page(waiting_config(plant, tmp_path))
        async with chromium() as browser:
            await browser.look(1400)
            seen, row = Seen(plant, None, browser, port), ROW.format("panel-1/IN1")  # type: ignore[arg-type]
            async with gateway_running(config) as house:
                await until(lambda: house.point_statuses("panel-1") == {"ok"})
                await browser.open(f"{seen.address}#point=panel-1/IN1")
                await browser.until(f"{row}.cells[2].innerText.includes('● ok')")
            await browser.until("document.body.dataset.state === 'lost'")
            assert "Not connected" in await seen.text("#state-word")
            assert "heard" in await seen.text("#heard")
            assert "Not live: what is shown is as of" in await seen.text("#verdict-word")
            assert await browser.get(f"{row}.cells[2].innerText") == "? was ok"
            assert await browser.get(f"{row}.classList.contains('is-old')")
            assert "not live, was ok" in await seen.text("#trend-now")
            assert await browser.get("document.title.startsWith('(not live)')")
            assert await browser.get("document.querySelectorAll('.good').length") == 0
            plant.panels["panel-1"].set("IN1", 7.5)
            async with gateway_running(config):
                await seen.live()
                await browser.until(f"{row}.cells[1].innerText.startsWith('7.5 ')")
                await browser.until(
                    "document.querySelector('#trend-summary').innerText.includes('Once no gateway ran')"
                )
                assert "no gateway ran" in await seen.text("#legend")
        others = [each for each in browser.complaints if "net::ERR_" not in each and "status of 503" not in each]
        assert others == [], "nothing but that the gateway was not there"


async def test_the_plot_shows_the_history_and_is_zoomed_by_wheel_drag_and_keys(tmp_path: Path) -> None:
    async with page(tmp_path, panels=1) as seen:
        browser, panel = seen.browser, seen.plant.panels["panel-1"]
        for value in (10.0, 30.0, 20.0):
            panel.set("IN1", value)
            await until(lambda value=value: seen.house.one("SELECT value FROM POINTS WHERE point_id = 'IN1'") == value)
        begun = time.time() * 1000
        await seen.go("#point=panel-1/IN1")
        await browser.until("document.querySelector('#trend-summary').innerText.includes('most 30 °C')")
        assert "least 10 °C" in await seen.text("#trend-summary")
        assert "read" in await browser.until("document.querySelector('#trend-why').innerText")
        box = await browser.get("JSON.parse(JSON.stringify(document.querySelector('#plot').getBoundingClientRect()))")
        middle, right = box["y"] + box["height"] / 2, box["x"] + box["width"] - 12

        async def zoomed(before: float) -> float:
            wide = f"({SHOWN}.to - {SHOWN}.from)"
            width: float = await browser.until(f"({wide}) !== {before} && ({wide})")
            return width

        width = 600_000.0
        await browser.until(f"{SHOWN}.to - {SHOWN}.from === {width}")  # there is nothing older than ten minutes
        await browser.mouse("mouseWheel", right, middle, deltaX=0, deltaY=-240)
        assert (by_wheel := await zoomed(width)) < width
        await browser.mouse("mousePressed", right - 150, middle, button="left", buttons=1, clickCount=1)
        await browser.mouse("mouseMoved", right - 60, middle, button="left", buttons=1)
        await browser.mouse("mouseReleased", right - 60, middle, button="left", clickCount=1)
        assert (by_drag := await zoomed(by_wheel)) < by_wheel
        await browser.get("document.querySelector('#plot').focus()")
        await browser.press("-")
        assert await zoomed(by_drag) > by_drag
        await browser.press("Home")
        await browser.until(f"{SHOWN}.to >= {begun} && {SHOWN}.to - {SHOWN}.from === 86400000")
        for _ in range(12):
            await browser.press("+")
        await browser.until(f"{SHOWN}.to - {SHOWN}.from < 60000 && {SHOWN}.to >= {begun}")
        await browser.press("ArrowLeft", shift=True)
        assert "20 °C" in await browser.until("document.querySelector('#readout').innerText.trim()")
        panel.set("IN1", 55.0)
        await browser.until("document.querySelector('#trend-now').innerText.startsWith('55 °C')")
        curve = await browser.get("getComputedStyle(document.documentElement).getPropertyValue('--curve')")
        red, green, blue = (int(curve.strip()[at : at + 2], 16) for at in (1, 3, 5))
        drawn = f"""(() => {{ const canvas = document.querySelector('#plot canvas');
            const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', {{ willReadFrequently: true }});
            copy.drawImage(canvas, 0, 0); const {{ data }} = copy.getImageData(0, 0, canvas.width, canvas.height); let found = 0;
            for (let at = 0; at < data.length; at += 4) found += data[at] === {red} && data[at + 1] === {green} && data[at + 2] === {blue};
            return found > 200 && found; }})()"""
        await browser.until(drawn)
        await browser.get("void (document.querySelector('#values').open = true)")
        await browser.until("document.querySelector('#values tbody').innerText.includes('30 °C')")


async def test_it_is_used_by_keyboard_and_only_rows_in_sight_are_in_the_document(tmp_path: Path) -> None:
    async with page(tmp_path, panels=17, rules=msgspec.structs.replace(PATIENT, poll_interval_s=1.0)) as seen:
        browser = seen.browser
        stored: int = seen.house.one("SELECT count(*) FROM POINTS")
        assert stored > 1000
        await browser.until(f"document.querySelector('#points table').getAttribute('aria-rowcount') === '{stored + 1}'")
        assert await browser.get("document.querySelectorAll('#points tbody tr').length") < 40
        await browser.press("Tab")
        assert await browser.get("document.activeElement.className") == "skip"
        await browser.press("Enter")
        await browser.until("document.activeElement.id === 'points-title'")
        for _ in range(6):
            await browser.press("Tab")
            if await browser.get("document.activeElement.closest('#points tr') !== null"):
                break
        row = "document.activeElement.closest('tr')"
        first = await browser.get(f"{row}.dataset.key")
        await browser.press("ArrowDown")
        assert await browser.get(f"{row}.getAttribute('aria-rowindex')") == "3"
        await browser.press("End")
        assert await browser.get(f"{row}.getAttribute('aria-rowindex')") == str(stored + 1)
        assert await browser.get("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        last = await browser.get(f"{row}.dataset.key")
        assert (first, last.startswith("panel-17/")) == ("panel-1/IN1", True)
        await browser.press("Enter")
        await browser.until("document.activeElement.id === 'detail-title'")
        assert (await seen.text("#detail-title")).startswith(last)
        await browser.press("Escape")
        await browser.until(f"document.querySelector('#detail').hidden && {row}?.dataset.key === '{last}'")
        await browser.get("document.querySelector('#search').focus()")
        for letter in "panel-3/IN2":
            await browser.press(letter)
        await browser.until("document.querySelector('#points-of').innerText.startsWith('11 of')")


async def test_a_screen_reader_finds_landmarks_tables_and_a_name_for_all_that_can_be_operated(tmp_path: Path) -> None:
    async with page(tmp_path, panels=1) as seen:
        await seen.go("#point=panel-1/IN1")
        await seen.browser.until("document.querySelector('#trend-summary').innerText")
        nodes = (await seen.browser.call("Accessibility.getFullAXTree"))["nodes"]
        told = [(each["role"]["value"], each.get("name", {}).get("value", "")) for each in nodes if not each["ignored"]]
        operated = [each for each in told if each[0] in {"button", "link", "textbox", "searchbox", "combobox"}]
        assert len(operated) > 10
        assert [role for role, name in operated if not name.strip()] == []
        roles = [role for role, _ in told]
        assert {"banner", "main", "contentinfo", "search", "status"} <= set(roles)
        assert {
            ("table", "Devices"),
            ("rowheader", "panel-1 modbus " + seen.house.one("SELECT address FROM DEVICES")),
        } <= set(told)
        assert roles.count("columnheader") >= 8
        assert ("group", "panel-1/IN1") in told, "the plot"
        named = [name for role, name in told if role == "table"]
        assert any(name.startswith("Points") for name in named)


async def test_a_token_is_asked_for_and_kept_for_the_session_alone(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    async with running_plant(PlantSize(1, seed=5, tick_s=3600.0)) as plant:
        config, port = with_page(waiting_config(plant, tmp_path), token_file=str(tmp_path / "token"))
        async with browsing(config, port, plant, tmp_path) as seen:
            browser = seen.browser
            await browser.until("document.body.dataset.state === 'locked' && document.activeElement.id === 'token'")
            type_in = "void ((field) => {{ field.value = '{}'; field.form.requestSubmit(); }})(document.querySelector('#token'))"
            await browser.get(type_in.format("another-token-altogether"))
            await browser.until("document.querySelector('#token-fault').innerText === 'that is not the token'")
            assert await browser.get("document.querySelectorAll('#points tr[data-key]').length") == 0
            await browser.get(type_in.format(TOKEN))
            await seen.live()
            assert await browser.get("document.querySelector('#token-form').hidden")
            assert await browser.get("[JSON.stringify(localStorage), document.cookie, location.href]") == [
                "{}",
                "",
                seen.address,
            ]
            await browser.open(seen.address)
            await seen.live()
            assert not [each for each in browser.requests if TOKEN in each]
            assert all("401" in each for each in browser.complaints)


async def test_text_from_a_device_stays_text(tmp_path: Path) -> None:
    async with running_plant(PlantSize(1, seed=5, tick_s=3600.0)) as plant:
        port = plant.listing()[0]["port"]
        device: DeviceConfig = listed("panel-1", port, inputs=2, unit_id=plant.listing()[0]["unit_id"])
        named = [
            msgspec.structs.replace(each, label=HOSTILE, full_label=HOSTILE, units="<b>K") for each in device.points
        ]
        config, page_port = with_page(config_of([msgspec.structs.replace(device, points=tuple(named))], tmp_path))
        async with browsing(config, page_port, plant, tmp_path) as seen:
            await seen.live()
            row = ROW.format("panel-1/IN1")
            await seen.browser.until(f"{row}.innerText.includes({HOSTILE!r})")
            await seen.go("#point=panel-1/IN1")
            await seen.browser.until("document.querySelector('#trend-summary').innerText")
            assert HOSTILE in await seen.text("#detail-title")
            await seen.go("#device=%3Cimg%20src=x%3E")
            await seen.browser.until("document.querySelector('#device-sentence').innerText")
            assert await seen.browser.get("document.querySelectorAll('main img, main b').length") == 0
            assert [each for each in seen.browser.complaints if "404" not in each] == []
            await trio.lowlevel.checkpoint()
