"""No two keys name the same file, whatever way leads to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from t3actors.configure import apart
from t3actors.configure.apart import Claim, Clash, clashes, database_files, rotated
from t3actors.store.locked import LOCK_NAME
from t3actors.watch import seed_log, seed_words
from t3actors.watch.api.sockets import SOCKET_NAME
from tests.configure.cases import GOOD
from tests.configure.loading import faults, loaded

HERE = '[gateway]\ndata_dir = "."\n'


def test_the_names_are_those_that_are_written() -> None:
    assert (LOCK_NAME, SOCKET_NAME) == apart.DATA_DIR_FILES
    assert (seed_words.FFI, seed_words.INITIALIZE) == apart.SEED_LOGS
    assert seed_log.KEPT_FILES == apart.OLD_LOGS


def test_what_is_written_is_nobody_else_s_and_what_is_read_is_anybody_s() -> None:
    log, read = Claim(key="log", paths=("/a", "/b")), Claim(key="read", paths=("/b", "/c"), writes=False)
    assert clashes((read, log)) == [Clash("log", "read", "/b")]
    assert clashes((log, read)) == [Clash("read", "log", "/b")]
    assert clashes((read, Claim(key="other", paths=("/c",), writes=False))) == []
    assert clashes((log, Claim(key="other", paths=("/c",)))) == []


def test_two_keys_are_told_once_however_much_they_share() -> None:
    first, second = Claim(key="a", paths=database_files("/x")), Claim(key="b", paths=database_files("/x"))
    assert clashes((first, second)) == [Clash("b", "a", "/x")]


def test_a_log_is_its_old_files_too() -> None:
    assert tuple(rotated("/l", 2)) == ("/l", "/l.1", "/l.2")


@pytest.mark.parametrize(
    ("text", "key", "other", "file"),
    [
        *(
            (f'[log]\nfile = "t3actors.db{suffix}"\n', "log.file", "store.database", f"t3actors.db{suffix}")
            for suffix in ("", "-wal", "-shm", "-journal")
        ),
        ('[log]\nfile = "t3actors.lock"\n', "log.file", "gateway.data_dir", "t3actors.lock"),
        ('[log]\nfile = "t3actors.sock"\n', "log.file", "gateway.data_dir", "t3actors.sock"),
        ('[log]\nfile = "t3.toml"\n', "log.file", "the configuration itself", "t3.toml"),
        ('[log]\nfile = "x/../t3.toml"\n', "log.file", "the configuration itself", "t3.toml"),
        ('[log]\nfile = "more.toml"\n', "log.file", "the configuration itself", "more.toml"),
        ('[log]\nfile = "link"\n', "log.file", "store.database", "t3actors.db"),
        ('[store]\ndatabase = "t3actors.sock"\n', "store.database", "gateway.data_dir", "t3actors.sock"),
        ('[store]\ndatabase = "t3actors.lock"\n', "store.database", "gateway.data_dir", "t3actors.lock"),
        ('[store]\ndatabase = "t3.toml"\n', "store.database", "the configuration itself", "t3.toml"),
        (
            '[store.webview]\ndatabase = "t3actors.db-wal"\n',
            "store.webview.database",
            "store.database",
            "t3actors.db-wal",
        ),
        (
            '[api]\nlisten = "127.0.0.1:8080"\ntoken_file = "t3actors.lock"\n',
            "api.token_file",
            "gateway.data_dir",
            "t3actors.lock",
        ),
        ('[log]\nfile = "FFI.log"\nt3_web_log = "."\n', "log.t3_web_log", "log.file", "FFI.log"),
        ('[store]\ndatabase = "a.3"\n[log]\nfile = "a"\n', "log.file", "store.database", "a.3"),
    ],
)
def test_each_pair_of_keys_that_name_one_file_is_a_fault(
    tmp_path: Path, text: str, key: str, other: str, file: str
) -> None:
    (tmp_path / "link").symlink_to("t3actors.db")
    seen = text.rpartition(" = ")[2].strip()
    assert faults(tmp_path, 'include = ["more.toml"]\n' + HERE + text + GOOD, more__toml="") == [
        f"t3.toml: {key}: saw {seen}; allowed: another place than that of {other} ({file})"
    ]


def test_a_list_of_points_is_of_the_configuration_too(tmp_path: Path) -> None:
    points = 'name = "ahu-1"\nprotocol = "modbus"\naddress = "10.0.0.1"\npoints = "a.csv"\n'
    text = HERE + '[log]\nfile = "a.csv"\n[[devices]]\n' + points
    (said,) = faults(tmp_path, text, a__csv="id;kind;register\nt1;input;5\n")
    assert "another place than that of the configuration itself (a.csv)" in said


def test_a_default_that_is_taken_is_told_of_in_the_first_file(tmp_path: Path) -> None:
    said = "another place than that of the configuration itself (t3actors.db)"
    (fault,) = faults(tmp_path, 'include = ["t3actors.db"]\n' + HERE + GOOD, t3actors__db="")
    assert fault.startswith("t3.toml: store.database: saw ")
    assert fault.endswith(f"; allowed: {said}")


def test_one_file_may_be_read_by_two_keys(tmp_path: Path) -> None:
    files = 'tls_certificate = "one.pem"\ntls_key = "one.pem"\n'
    config = loaded(tmp_path, HERE + '[api]\nlisten = "127.0.0.1:8080"\n' + files + GOOD)
    assert config.api.tls_certificate == config.api.tls_key == str(tmp_path / "one.pem")
