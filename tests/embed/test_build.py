"""What the library is made of, and what is said where it cannot be made."""

from __future__ import annotations

import re
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from t3actors.embed import build as building
from t3actors.embed.__main__ import main
from t3actors.embed.build import CannotBuild, build, c_text


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_a_c_string_of_its_octets(text: str) -> None:
    written = c_text(text)
    assert re.fullmatch(r'"(?:[A-Za-z0-9]|\\[0-3][0-7]{2})*"', written)
    octets = re.sub(rb"\\(\d{3})", lambda found: bytes([int(found[1], 8)]), written[1:-1].encode())
    assert octets == text.encode()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("Py_ENABLE_SHARED", 0, "has no shared libpython, which a library needs"),
        ("LDLIBRARY", "libpython3.11.a", "has no shared libpython, which a library needs"),
    ],
)
def test_a_python_without_a_shared_library_is_refused_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: Any, said: str
) -> None:
    known = sysconfig.get_config_var
    monkeypatch.setattr(sysconfig, "get_config_var", lambda asked: value if asked == name else known(asked))
    with pytest.raises(CannotBuild, match=said):
        build(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_without_a_compiler_or_pythons_headers_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(building.shutil, "which", lambda _: None)
        with pytest.raises(CannotBuild, match=r"no C compiler is installed \(Debian: apt install gcc\)"):
            build(tmp_path)
    monkeypatch.setattr(building.shutil, "which", lambda _: "/bin/true")
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(tmp_path))
    with pytest.raises(CannotBuild, match=r"has no Python\.h \(Debian: apt install libpython3-dev\)"):
        build(tmp_path)


def test_without_cffi_it_is_said_which_extra_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cffi", None)
    monkeypatch.setattr(building, "_compiler", lambda: ["/bin/true"])
    monkeypatch.setattr(building, "_link_flags", list)
    with pytest.raises(CannotBuild, match=r"cffi is not installed: pip install 't3actors\[embed\]'"):
        build(tmp_path)


def test_the_command_says_what_the_compiler_said_in_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "_compiler", lambda: ["/bin/false"])
    ended = CliRunner().invoke(main, ["build", "--out", str(tmp_path)])
    assert (ended.exit_code, "Traceback" in ended.output) == (1, False)
    assert "Error: /bin/false failed" in ended.output


@pytest.mark.needs_cc
def test_the_command_makes_the_library_and_its_header(tmp_path: Path) -> None:
    ended = CliRunner().invoke(main, ["build", "--out", str(tmp_path / "new" / "folder")])
    assert ended.exit_code == 0, ended.output
    made = [tmp_path / "new" / "folder" / name for name in ("libt3actors.so", "t3actors.h")]
    assert ended.output.split() == [str(path) for path in made]
    assert all(path.exists() for path in made)
