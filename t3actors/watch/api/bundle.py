"""The page at `/`: the files of the folder `page`, read once and sent to whoever asks. Stands before the application.

The page itself is asked for each time; what it loads lies under a path that changes with any octet of it, `/page/<tag>/`, and is kept
for good: who comes again asks once, and after an update nothing old meets anything new.

They are the same for everybody and hold nothing of the gateway: whoever may not ask the API sees an empty page that asks for the token. So
they are sent without one (`is_open`), which a browser that follows a link could not bring along anyway.
"""

from __future__ import annotations

import gzip
import hashlib
from http import HTTPStatus
from pathlib import Path

import msgspec
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from t3actors.watch.api.refusals import Refused

FOLDER = Path(__file__).with_name("page")
PREFIX = "/page/"
INDEX = "index.html"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
POLICY = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
READS = {"GET", "HEAD"}


ASKED_EACH_TIME = "no-cache"
KEPT_FOR_GOOD = "public, max-age=31536000, immutable"


class File(msgspec.Struct, frozen=True):
    """A file as it is sent: plain, or packed with gzip. `tag` changes with what is in it; `kept`: how a browser may keep it."""

    plain: bytes
    packed: bytes
    media_type: str
    tag: str
    kept: str


def is_open(scope: Scope) -> bool:
    """Say whether a request is for the page itself, which anybody may have."""
    path: str = scope["path"]
    return scope["type"] == "http" and scope["method"] in READS and (path == "/" or path.startswith(PREFIX))


def files() -> dict[str, File]:
    """Read the files, by the path under which each is sent."""
    read = {path.name: path.read_bytes() for path in sorted(FOLDER.iterdir()) if path.suffix in TYPES}
    index = read.pop(INDEX)
    under = f"{PREFIX}{_tag(b''.join(name.encode() + body for name, body in read.items()))[:12]}/"
    sent = {under + name: _file(body, name, KEPT_FOR_GOOD) for name, body in read.items()}
    sent["/"] = _file(index.replace(b'="page/', f'="{under[1:]}'.encode()), INDEX, ASKED_EACH_TIME)
    return sent


class Bundle:
    """Answers for the page; every other request goes to `app`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._files = files()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer. **Raises**: Refused."""
        file = self._files.get(scope["path"]) if scope["type"] == "http" else None
        if file is None:
            await self._app(scope, receive, send)
            return
        if scope["method"] not in READS:
            raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, "this is a page: it is only read", allow="GET, HEAD")
        await _answer(file, scope)(scope, receive, send)


def _file(body: bytes, name: str, kept: str) -> File:
    return File(body, gzip.compress(body, mtime=0), TYPES[Path(name).suffix], _tag(body), kept)


def _tag(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:32]


def _answer(file: File, scope: Scope) -> Response:
    asked = {name: value.decode("latin-1") for name, value in scope["headers"]}
    is_packed = "gzip" in asked.get(b"accept-encoding", "")
    headers = {
        "cache-control": file.kept,
        "etag": f'"{file.tag}{"-gzip" * is_packed}"',
        "vary": "accept-encoding",
        "content-security-policy": POLICY,
        "referrer-policy": "no-referrer",
    }
    if headers["etag"] in asked.get(b"if-none-match", ""):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    body = file.packed if is_packed else file.plain
    headers |= {"content-type": file.media_type, "content-length": str(len(body))}
    if is_packed:
        headers["content-encoding"] = "gzip"
    return Response(b"" if scope["method"] == "HEAD" else body, headers=headers)
