"""The page's files: what is sent, how it is kept, and that nothing in them reaches out or reads text as markup."""

from __future__ import annotations

import gzip
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from t3actors.watch.api import bundle
from t3actors.watch.api.bundle import FOLDER, POLICY, Bundle, files, is_open
from t3actors.watch.api.refusals import Refused

MOST_PACKED = 50_000
MAIN = next(path for path in files() if path.endswith("/main.js"))
KEPT_FOR_GOOD = "public, max-age=31536000, immutable"


async def behind(scope: Scope, receive: Receive, send: Send) -> None:
    """The application that the page stands before."""
    answer: Response = PlainTextResponse(f"behind: {Request(scope).url.path}")
    await answer(scope, receive, send)


@asynccontextmanager
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """Ask the bundle without a socket."""
    way = httpx.ASGITransport(app=Bundle(behind))
    async with httpx.AsyncClient(transport=way, base_url="http://gateway") as asking:
        yield asking


def sources(*endings: str) -> dict[str, str]:
    """The page's files of these endings."""
    return {path.name: path.read_text("utf-8") for path in sorted(FOLDER.iterdir()) if path.suffix in endings}


async def test_each_file_is_sent_with_its_type_and_its_policy() -> None:
    async with client() as asking:
        for path, file in files().items():
            answer = await asking.get(path)
            assert (answer.status_code, answer.content) == (200, file.plain), path
            assert answer.headers["content-type"] == file.media_type
            assert answer.headers["content-security-policy"] == POLICY
            assert answer.headers["cache-control"] == ("no-cache" if path == "/" else KEPT_FOR_GOOD)
    assert len(files()) == len(list(FOLDER.iterdir())), "a file that is not sent"


def test_what_the_page_loads_lies_under_a_path_that_changes_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(files())
    html = files()["/"].plain.decode()
    assert {f"/{each}" for each in re.findall(r'(?:src|href)="(page/[^"]+)"', html)} == before - {"/"}
    other = tmp_path / "page"
    shutil.copytree(FOLDER, other)
    monkeypatch.setattr(bundle, "FOLDER", other)
    assert set(files()) == before
    with (other / "words.js").open("a") as words:
        words.write("// another word")
    assert set(files()) & before == {"/"}


async def test_whoever_has_a_file_already_is_not_sent_it_again() -> None:
    async with client() as asking:
        first = await asking.get(MAIN)
        again = await asking.get(MAIN, headers={"if-none-match": first.headers["etag"]})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
        changed = await asking.get(MAIN, headers={"if-none-match": '"another"'})
        assert changed.status_code == 200


async def test_it_is_packed_for_whoever_can_unpack_it() -> None:
    async with client() as asking:
        async with asking.stream("GET", MAIN, headers={"accept-encoding": "gzip, br"}) as packed:
            raw = b"".join([piece async for piece in packed.aiter_raw()])
        assert packed.headers["content-encoding"] == "gzip"
        assert gzip.decompress(raw) == files()[MAIN].plain
        plain = await asking.get(MAIN, headers={"accept-encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert plain.headers["etag"] != packed.headers["etag"]
    assert sum(len(file.packed) for file in files().values()) < MOST_PACKED


async def test_a_head_has_the_length_and_no_body_and_a_post_is_refused() -> None:
    async with client() as asking:
        head = await asking.head("/", headers={"accept-encoding": "identity"})
        assert (head.content, int(head.headers["content-length"])) == (b"", len(files()["/"].plain))
        with pytest.raises(Refused) as refused:
            await asking.post("/")
        assert refused.value.status == 405


@pytest.mark.parametrize("path", ["/health", "/page/", "/page/nothing.js", "/page/..%2Fbundle.py", "/index.html"])
async def test_what_is_no_file_of_the_page_goes_on(path: str) -> None:
    async with client() as asking:
        assert (await asking.get(path)).text.startswith("behind: ")


def test_only_reading_the_page_is_open_to_anybody() -> None:
    page = {"type": "http", "method": "GET", "path": "/"}
    assert is_open(page)
    assert is_open({**page, "method": "HEAD", "path": MAIN})
    assert not is_open({**page, "method": "POST"})
    assert not is_open({**page, "path": "/health"})
    assert not is_open({**page, "path": "/pages"})
    assert not is_open({"type": "websocket", "path": "/"})


def test_nothing_is_loaded_from_elsewhere_and_nothing_stands_inline() -> None:
    named = "\n".join(sources(".html", ".css", ".js").values())
    assert re.findall(r"(?:https?:)?//[\w.]+\.\w+/", named) == []
    html = sources(".html")["index.html"]
    assert re.findall(r"<script(?![^>]* src=)|<style| style=| on\w+=|javascript:", html) == []
    linked = re.findall(r'(?:src|href)="(page/[^"]+)"', html)
    linked += [f"page/{name}" for text in sources(".js").values() for name in re.findall(r'from "\./([^"]+)"', text)]
    served = {f"page/{path.rpartition('/')[2]}" for path in files() if path != "/"}
    assert set(linked) == served, "a file that is missing, or that nobody uses"


def test_no_text_is_ever_read_as_markup_or_code() -> None:
    way = re.compile(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|DOMParser|\beval\b|Function\(|srcdoc|createContextual"
    )
    assert {name: way.findall(text) for name, text in sources(".js").items() if way.search(text)} == {}


def test_the_token_is_kept_for_the_session_alone() -> None:
    told = "\n".join(sources(".js").values())
    assert "sessionStorage" in told
    assert re.findall(r"localStorage|document\.cookie|indexedDB", told) == []


def test_every_module_is_fetched_at_once_and_not_one_after_the_other() -> None:
    html = sources(".html")["index.html"]
    preloaded = re.findall(r'rel="modulepreload" href="page/([^"]+)"', html)
    assert [*preloaded, "main.js"] == sorted([*preloaded, "main.js"], key=lambda name: (name == "main.js", name))
    assert {*preloaded, "main.js"} == set(sources(".js"))


@pytest.mark.parametrize("ending", [".js", ".css"])
def test_a_file_of_the_page_has_one_idea(ending: str) -> None:
    assert {name: text.count("\n") for name, text in sources(ending).items() if text.count("\n") > 225} == {}
