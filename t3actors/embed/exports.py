"""The library's calls, on the side of Python: what the C side hands over becomes a call of `Hosted`, what is raised becomes a text.

Called by the library's own start-up code with cffi's `ffi` and `lib` of that very library.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from supervision.errors import SupervisionError
from t3actors.embed.hosted import Hosted
from t3actors.embed.point_data import POINT, packed
from t3actors.errors import ConfigError, GatewayError

DONE, FAILED = 1, 0
UNLOADED = "the library was unloaded, or its process ends"
ENDED = "the Python of its process ends"

_loaded: list[tuple[Any, Any]] = []
"""A library that was unloaded and loaded again leaves its `ffi` and `lib` behind: they are kept, for to free them would reach into
memory that is not mapped any more. Bounded by how often a host does that."""


def bind(ffi: Any, lib: Any, hosted: Hosted | None = None) -> None:
    """Give the library its functions. `hosted`: the gateway they work on; a test has its own."""
    _loaded.append((ffi, lib))
    hosted = hosted or Hosted()
    atexit.register(partial(_stopped, hosted))  # a host that has a Python of its own may end that first
    calls = _Calls(ffi, lib, hosted)
    for name, call in calls.named().items():
        ffi.def_extern(name=name, error=FAILED, onerror=calls.unexpected)(call)


def _stopped(hosted: Hosted) -> None:
    with suppress(GatewayError):  # nobody is left to tell; its log says it
        hosted.stop(ENDED)


class _Calls:
    """**Thread**: any thread of the host, several at once."""

    def __init__(self, ffi: Any, lib: Any, hosted: Hosted) -> None:
        self._ffi = ffi
        self._lib = lib
        self._hosted = hosted

    def named(self) -> dict[str, Callable[..., int]]:
        """Give every function by the name that library.c knows it by."""
        return {
            "t3a_py_ready": lambda: DONE,
            "t3a_py_start": self._start,
            "t3a_py_search": self._search,
            "t3a_py_add": self._add,
            "t3a_py_points": self._points,
            "t3a_py_device_id": self._device_id,
            "t3a_py_stop": self._stop,
        }

    def unexpected(self, _kind: object, error: BaseException, _trace: object) -> None:
        """Say what nobody had thought of: cffi would print it where the host's own output goes."""
        self._say(f"a bug: {error!r}")

    def _start(self, config: Any, data_dir: Any) -> int:
        return self._told(lambda: self._hosted.start(self._text(config), self._text(data_dir)))

    def _search(self) -> int:
        return self._told(self._hosted.search)

    def _add(self, address: Any, protocol: int) -> int:
        return self._told(lambda: self._hosted.add(self._text(address), protocol))

    def _points(self, device_id: int, points: Any, count: Any) -> int:
        return self._told(lambda: self._hand_over(packed(self._hosted.points(device_id)), points, count))

    def _device_id(self, address: Any, device_id: Any) -> int:
        def ask() -> None:
            device_id[0] = self._hosted.device_id(self._text(address))

        return self._told(ask)

    def _stop(self, is_unloading: int) -> int:
        return self._told(lambda: self._hosted.stop(UNLOADED if is_unloading else "t3a_stop()"))

    def _hand_over(self, octets: bytes, points: Any, count: Any) -> None:
        if not octets:
            return
        block = self._lib.malloc(len(octets))
        if block == self._ffi.NULL:
            raise GatewayError("no memory for the points")
        self._ffi.memmove(block, octets, len(octets))
        points[0] = self._ffi.cast("PointData *", block)
        count[0] = len(octets) // POINT.size

    def _text(self, address: Any) -> str:
        if address == self._ffi.NULL:
            raise ConfigError(["ip_address: saw NULL; allowed: a text"])
        octets: bytes = self._ffi.string(address, 4096)
        return octets.decode("utf-8", "backslashreplace")

    def _told(self, call: Callable[[], object]) -> int:
        try:
            call()
        except (GatewayError, SupervisionError, OSError) as error:
            self._say(str(error) or repr(error))
            return FAILED
        return DONE

    def _say(self, text: str) -> None:
        self._lib.t3a_say(" ".join(text.split()).encode("utf-8", "backslashreplace"))
