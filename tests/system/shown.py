"""The page of a running gateway with simulated panels, in a real browser; and the questions that tests ask a page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from t3actors.config import ApiConfig, Config
from t3actors.points import Rules
from t3actors.simulator.plant import Plant, PlantSize, running_plant
from tests.ports import free_tcp_port
from tests.system.asked import waiting_config
from tests.system.chromium import Browser, chromium
from tests.system.house import House, gateway_running
from tests.system.test_pipeline import PATIENT
from tests.waiting import until

ROW = "document.querySelector('#points tr[data-key=\"{}\"]')"
WIDTH = "document.documentElement.scrollWidth"  # innerWidth grows with what is too wide on a phone
HURRY = """(() => { const times = 3, now = performance.now.bind(performance); performance.now = () => now() * times;
  for (const name of ['setTimeout', 'setInterval']) { const slow = window[name].bind(window);
    window[name] = (call, ms, ...rest) => slow(call, ms / times, ...rest); } })()"""
"""The page's patience is a third of what it is."""
CONTRAST = """(() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => { const [r, g, b] = parts(colour).map((each) => each / 255)
    .map((each) => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = (node) => { for (; node; node = node.parentElement) { const told = getComputedStyle(node).backgroundColor;
    if (parts(told)[3] !== 0) return told; } return 'rgb(255, 255, 255)'; };
  let least = [99, ''];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const holder = node.parentElement;
    if (!node.textContent.trim() || !holder.checkVisibility() || holder.closest('.skip, .unseen, .flash')) continue;
    const [a, b] = [light(getComputedStyle(holder).color), light(ground(holder))].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < least[0]) least = [contrast, node.textContent.trim().slice(0, 40)];
  }
  return least;
})()"""
"""The least contrast of any text that is seen with the ground behind it, and the text."""


class Seen:
    """A plant, the gateway that polls it, and a browser that shows the gateway's page."""

    def __init__(self, plant: Plant, house: House, browser: Browser, port: int) -> None:
        self.plant = plant
        self.house = house
        self.browser = browser
        self.address = f"http://127.0.0.1:{port}/"

    async def live(self) -> None:
        """Wait until the page says that it is live."""
        await self.browser.until("document.body.dataset.state === 'live'")

    async def text(self, selector: str) -> str:
        """What stands there."""
        return await text_of(self.browser, selector)

    async def go(self, hash_: str) -> None:
        """Open what an address names."""
        await self.browser.get(f"void (location.hash = {hash_!r})")

    def assert_clean(self) -> None:
        """Nothing was complained of, and nothing was asked for elsewhere."""
        ours = (self.address, self.address.replace("http:", "ws:"))
        assert self.browser.complaints == []
        assert [each for each in self.browser.requests if not each.startswith(ours) and each != "about:blank"] == []


async def text_of(browser: Browser, selector: str) -> str:
    """What stands there, as it is seen."""
    told: str = await browser.get(f"document.querySelector({selector!r}).innerText")
    return told


def with_page(config: Config, **api: Any) -> tuple[Config, int]:
    """Listen on loopback."""
    port = free_tcp_port()
    return msgspec.structs.replace(config, api=ApiConfig(listen=f"127.0.0.1:{port}", **api)), port


def is_well(house: House) -> bool:
    """Whether every device is online and every point of theirs is stored."""
    online = house.one("SELECT count(*) FROM DEVICES WHERE status = 'online'")
    return bool(
        online == len(house.gateway.config.devices)
        and house.one("SELECT count(DISTINCT name) FROM POINTS WHERE status = 'ok'") == online
        and house.one("SELECT count(*) FROM POINTS WHERE status <> 'ok'") == 0
    )


@asynccontextmanager
async def browsing(config: Config, port: int, plant: Plant, data_dir: Path, width: int = 1400) -> AsyncIterator[Seen]:
    """Run the gateway, and show its page."""
    async with gateway_running(config) as house, chromium() as browser:
        await until(lambda: len(house.log.of("api.opened")) == 2 and is_well(house))
        await browser.look(width)
        await browser.open(f"http://127.0.0.1:{port}/")
        yield Seen(plant, house, browser, port)


@asynccontextmanager
async def page(data_dir: Path, panels: int = 2, rules: Rules = PATIENT, width: int = 1400) -> AsyncIterator[Seen]:
    """All of it, live."""
    async with running_plant(PlantSize(panels, seed=5, tick_s=3600.0)) as plant:
        config, port = with_page(waiting_config(plant, data_dir, rules))
        async with browsing(config, port, plant, data_dir, width) as seen:
            await seen.live()
            yield seen
            seen.assert_clean()
