"""Makes libt3actors.so and its header: cffi writes the C that calls Python, the machine's own compiler does the rest.

The library is bound to this Python and to the packages it sees now: their places are written into it, for a Python inside another
program knows nothing of a venv. Moving either, or another version of Python, means building it again.
"""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from pathlib import Path

from t3actors.errors import GatewayError

LIBRARY = "libt3actors.so"
HEADER = "t3actors.h"
MODULE = "_t3actors_library"
OURS = Path(__file__).parent
MOST_SECONDS = 300

CDEF = """
    typedef struct PointData { uint32_t id; float value; uint8_t status; uint64_t timestamp; } PointData;
    void t3a_say(const char *text);
    void *malloc(size_t size);
    extern "Python+C" {
        int t3a_py_ready(void);
        int t3a_py_start(const char *config, const char *data_dir);
        int t3a_py_search(void);
        int t3a_py_add(const char *address, int protocol);
        int t3a_py_points(uint32_t device_id, PointData **points, uint32_t *count);
        int t3a_py_device_id(const char *address, uint32_t *device_id);
        int t3a_py_stop(int is_unloading);
    }
"""

PREPARE = """\
import sys
sys.path.extend(place for place in {places} if place not in sys.path)
import _cffi_backend
import t3actors.embed.exports
"""
"""Runs once in the host, before anything else; what it raises is told to the host."""
START_UP = f"""\
from {MODULE} import ffi, lib
from t3actors.embed.exports import bind
bind(ffi, lib)
"""


class CannotBuild(GatewayError):
    """Something is missing on this machine: the text says what."""


def build(out: Path, extra: Sequence[str] = ()) -> tuple[Path, Path]:
    """Make the library and put it and its header into a folder, which is made when it is missing.

    `extra`: more options for the compiler and linker. **Returns**: where they are. **Raises**: CannotBuild.
    """
    compiler, flags = _compiler(), _link_flags()
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="t3actors-build-") as name:
        folder = Path(name)
        generated = _generated(folder / "python_side.c")
        made = folder / LIBRARY
        _run([*compiler, *_compile_flags(), *extra, str(generated), str(OURS / "library.c"), "-o", str(made), *flags])
        library = Path(shutil.copy(made, out / LIBRARY))
    return library, Path(shutil.copy(OURS / HEADER, out / HEADER))


def _generated(file: Path) -> Path:
    try:
        import cffi  # noqa: PLC0415 - an optional extra
    except ImportError:
        raise CannotBuild("cffi is not installed: pip install 't3actors[embed]'") from None
    ffi = cffi.FFI()
    ffi.cdef(CDEF)
    ffi.embedding_api("")
    ffi.embedding_init_code(START_UP)
    places = [place for place in sys.path if place and Path(place).is_dir()]
    constants = {"t3a_python": sys.executable, "t3a_prepare": PREPARE.format(places=places)}
    known = "".join(f"const char {name}[] = {c_text(text)};\n" for name, text in constants.items())
    ffi.set_source(MODULE, f'#include <stdlib.h>\n#include "t3actors.h"\nvoid t3a_say(const char *text);\n{known}')
    with contextlib.redirect_stdout(io.StringIO()):  # it tells that it writes a file
        ffi.emit_c_code(str(file))
    return file


def c_text(text: str) -> str:
    """Write a text as a C string, whatever is in it."""
    return '"' + "".join(_octet(octet) for octet in os.fsencode(text)) + '"'


def _octet(octet: int) -> str:
    return chr(octet) if chr(octet).isalnum() and octet < 128 else f"\\{octet:03o}"


def _compiler() -> list[str]:
    named = shlex.split(sysconfig.get_config_var("CC") or "cc")[:1]
    for candidate in (*named, "cc", "gcc", "clang"):
        found = shutil.which(candidate)
        if found is not None:
            return [found]
    raise CannotBuild("no C compiler is installed (Debian: apt install gcc)")


def _compile_flags() -> list[str]:
    include = Path(sysconfig.get_path("include"))
    if not (include / "Python.h").is_file():
        raise CannotBuild(f"{include}: has no Python.h (Debian: apt install libpython3-dev)")
    return [
        "-shared", "-fPIC", "-O2", "-g", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Wno-missing-field-initializers",
        "-fvisibility=hidden", "-pthread", f"-I{include}", f"-I{OURS}",
    ]  # fmt: skip


def _link_flags() -> list[str]:
    """Give what links libpython, and finds it again wherever the host runs."""
    folder, name = sysconfig.get_config_var("LIBDIR"), sysconfig.get_config_var("LDLIBRARY")
    if not (sysconfig.get_config_var("Py_ENABLE_SHARED") and str(name).endswith(".so")):
        raise CannotBuild(
            f"{sys.executable}: this Python has no shared libpython, which a library needs (Debian's own has one in libpython3-dev; "
            "pyenv: PYTHON_CONFIGURE_OPTS=--enable-shared)"
        )
    python = f"-l{str(name).removeprefix('lib').removesuffix('.so')}"
    return [f"-L{folder}", f"-Wl,-rpath,{folder}", f"-Wl,-soname,{LIBRARY}", "-Wl,-z,defs", python, "-ldl", "-lm"]


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=MOST_SECONDS)  # noqa: S603 - a compiler
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotBuild(f"{command[0]}: {error}") from None
    if done.returncode:
        raise CannotBuild(f"{command[0]} failed:\n{done.stderr.strip()}")
