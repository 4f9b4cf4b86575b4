"""A real Chromium without a window, driven by the DevTools protocol over two pipes: no port, no driver, nothing downloaded.

One browser serves a whole run of tests, for a start costs a second; each page has a context of its own, which shares nothing with
another's and goes with it. A page keeps what it logged, what it asked for and what the browser refused it (`complaints`, `requests`).
The protocol is described at chromedevtools.github.io/devtools-protocol; on `--remote-debugging-pipe` messages are JSON that ends with a
zero octet, read from descriptor 3 and written to 4.
"""

from __future__ import annotations

import atexit
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from subprocess import DEVNULL
from typing import Any, ClassVar

import trio

from tests import tools
from tests.waiting import WITHIN_S, until_answer

SWITCHES = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-default-apps", "--mute-audio",
    "--force-color-profile=srgb", "--lang=en-GB", "--remote-debugging-pipe",
)  # fmt: skip
AS_3_AND_4 = """
import fcntl, os, sys
to, since = (fcntl.fcntl(int(each), fcntl.F_DUPFD, 10) for each in sys.argv[1:3])
os.dup2(to, 3)
os.dup2(since, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
KEYS = {
    "Tab": 9,
    "Enter": 13,
    "Escape": 27,
    "Home": 36,
    "End": 35,
    "ArrowLeft": 37,
    "ArrowUp": 38,
    "ArrowRight": 39,
    "ArrowDown": 40,
}


class PageFailed(AssertionError):
    """What was evaluated in the page raised."""


class Process:
    """The browser's process, and our ends of its pipes. It ends with ours.

    `rest`: the beginning of a message that has not come to its end; `number`: of the last call.
    """

    _running: ClassVar[Process | None] = None

    def __init__(self) -> None:
        program = tools.where("chromium")
        assert program
        self.profile = Path(tempfile.mkdtemp(prefix="t3actors-chromium-"))
        their_in, self.to = os.pipe()
        self.since, their_out = os.pipe()
        command = [sys.executable, "-IS", "-c", AS_3_AND_4, str(their_in), str(their_out), program, *SWITCHES]
        self._process = subprocess.Popen(
            [*command, f"--user-data-dir={self.profile}", "about:blank"], stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL,
            pass_fds=(their_in, their_out), start_new_session=True,
            env={**os.environ, "HOME": str(self.profile), "TZ": "Europe/Berlin"},
        )  # fmt: skip
        os.close(their_in)
        os.close(their_out)
        self.rest = b""
        self.number = 0
        atexit.register(self.end)

    @classmethod
    def running(cls) -> Process:
        """Give the one that runs; start it where none does."""
        if cls._running is None or cls._running._process.poll() is not None:
            cls._running = cls()
        return cls._running

    def end(self) -> None:
        """End it and all its children, which are a group of their own."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, 9)
        self._process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)


class Browser:
    """A page of it. **Thread**: trio's."""

    def __init__(self, process: Process, to: trio.lowlevel.FdStream, since: trio.lowlevel.FdStream) -> None:
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self._process = process
        self._to = to
        self._from = since
        self._session = ""
        self._context = ""
        self._answers: dict[int, dict[str, Any]] = {}
        self._arrived = trio.Event()
        self._sending = trio.Lock()

    async def listen(self) -> None:
        """Take what the browser says, until it ends."""
        process = self._process
        with suppress(trio.ClosedResourceError, trio.BrokenResourceError):
            while octets := await self._from.receive_some():
                *whole, process.rest = (process.rest + octets).split(b"\0")
                for each in whole:
                    self._take(json.loads(each))

    async def begin(self) -> None:
        """Open a page in a context of its own."""
        self._context = (await self.call("Target.createBrowserContext"))["browserContextId"]
        target = (await self.call("Target.createTarget", url="about:blank", browserContextId=self._context))["targetId"]
        self._session = (await self.call("Target.attachToTarget", targetId=target, flatten=True))["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            await self.call(f"{domain}.enable")

    async def end(self) -> None:
        """Close it, with all that it kept."""
        self._session = ""
        await self.call("Target.disposeBrowserContext", browserContextId=self._context)

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol and return its result."""
        self._process.number += 1
        number = self._process.number
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        with trio.fail_after(WITHIN_S):
            async with self._sending:
                await self._to.send_all(json.dumps(message).encode() + b"\0")
            while number not in self._answers:
                await self._arrived.wait()
        answer = self._answers.pop(number)
        assert "error" not in answer, f"{method}: {answer.get('error')}"
        result: dict[str, Any] = answer["result"]
        return result

    async def open(self, url: str) -> None:
        """Go to an address."""
        told = await self.call("Page.navigate", url=url)
        assert "errorText" not in told, told

    async def look(self, width: int, height: int = 900, *, is_dark: bool = False, scale: float = 1.0) -> None:
        """Have a screen of this size, and this wish for light or dark."""
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=scale, mobile=width < 600,
        )  # fmt: skip
        wish = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        await self.call("Emulation.setEmulatedMedia", features=[wish])

    async def get(self, expression: str) -> Any:
        """Return what an expression of JavaScript is in the page. **Raises**: PageFailed."""
        told = await self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in told:
            raise PageFailed(told["exceptionDetails"].get("exception", told["exceptionDetails"]))
        return told["result"].get("value")

    async def until(self, expression: str, within_s: float = WITHIN_S) -> Any:
        """Wait until an expression is true in the page, and return it."""

        async def question() -> Any:
            return await self.get(f"(() => {{ try {{ return {expression}; }} catch {{ return null; }} }})()")

        return await until_answer(question, bool, within_s)

    async def press(self, key: str, *, shift: bool = False) -> None:
        """Press a key, where the focus is."""
        text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
        code = KEYS.get(key, ord(key[0].upper()))
        common = {"key": key, "windowsVirtualKeyCode": code, "modifiers": 8 if shift else 0}
        await self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **common)
        await self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    async def mouse(self, kind: str, x: float, y: float, **more: Any) -> None:
        """Move, press, release or turn the wheel of the mouse at a place."""
        await self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    async def touch(self, *steps: tuple[str, list[tuple[float, float]]]) -> None:
        """Put fingers down, move them, or take them away: one place each."""
        for kind, places in steps:
            fingers = [{"x": x, "y": y, "id": place} for place, (x, y) in enumerate(places)]
            await self.call("Input.dispatchTouchEvent", type=kind, touchPoints=fingers)

    async def picture(self, path: Path, *, whole: bool = False) -> None:
        """Write a picture of the page."""
        told = await self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        await trio.Path(path).write_bytes(base64.b64decode(told["data"]))

    def _take(self, message: dict[str, Any]) -> None:
        if "id" in message:
            self._answers[message["id"]] = message
            self._arrived.set()
            self._arrived = trio.Event()
            return
        if message.get("sessionId") != self._session:
            return  # a late word of a page that is closed
        told = message.get("params", {})
        match message["method"]:
            case "Runtime.consoleAPICalled" if told["type"] in {"error", "warning", "assert"}:
                self.complaints.append(f"{told['type']}: {[each.get('value') for each in told['args']]}")
            case "Runtime.exceptionThrown":
                details = told["exceptionDetails"]
                self.complaints.append(details.get("exception", {}).get("description", details["text"]))
            case "Log.entryAdded" if told["entry"]["level"] in {"error", "warning"}:
                self.complaints.append(f"{told['entry']['text']} {told['entry'].get('url', '')}")
            case "Network.requestWillBeSent":
                self.requests.append(told["request"]["url"])
            case "Network.webSocketCreated":
                self.requests.append(told["url"])


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Have a page of a browser for the length of a block."""
    process = Process.running()
    to, since = trio.lowlevel.FdStream(os.dup(process.to)), trio.lowlevel.FdStream(os.dup(process.since))
    # The streams are closed outside the nursery: inside, where all is cancelled, closing them would end whatever a test raises.
    async with to, since, trio.open_nursery() as nursery:
        browser = Browser(process, to, since)
        nursery.start_soon(browser.listen)
        try:
            await browser.begin()
            yield browser
        finally:
            with trio.CancelScope(shield=True):
                await browser.end()
            nursery.cancel_scope.cancel()
