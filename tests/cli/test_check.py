"""`t3actors check`."""

from __future__ import annotations

import os
from pathlib import Path
from zoneinfo import available_timezones

import pytest

from t3actors.cli import check as check_module
from t3actors.cli.check import requests_of
from t3actors.collect.bacnet.link.interfaces import OwnAddress
from t3actors.config import DeviceConfig
from t3actors.store.webview import place
from tests.cli.invoking import t3actors

BACNET = '[[devices]]\nname = "c"\nprotocol = "bacnet"\naddress = "10.0.0.1"\ninstance = 5\n'
TWO_NETWORKS = (
    OwnAddress("lo", "127.0.0.1", 8),
    OwnAddress("eth0", "10.1.2.3", 24),
    OwnAddress("eth1", "192.168.7.9", 16),
)
SAMPLE = Path(__file__).parent.parent.parent / "config" / "sample.toml"


def test_a_good_file_is_told_with_what_it_will_cost() -> None:
    ended = t3actors("check", SAMPLE)
    assert (ended.code, ended.err) == (0, "")
    assert "riverside: no fault found" in ended.out
    assert "MB a day at worst" in ended.out
    assert "192.168.1.100:502" in ended.out


def test_json_rows_name_their_kind() -> None:
    rows = t3actors("check", SAMPLE, "--json").rows()
    assert [row["kind"] for row in rows] == ["device"] * 5 + ["line"] * 5 + ["budget", "total"]
    assert rows[-1]["history_mb_a_day_worst"] > rows[-1]["history_mb_a_day"] > 0


def test_every_fault_is_a_line_and_the_exit_code_is_78(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("[gateway]\nnmae = 1\n[store]\nbatch_rows = 0\n", encoding="utf-8")
    ended = t3actors("check", tmp_path / "bad.toml")
    assert (ended.code, ended.out) == (78, "")
    assert [line.split(": ")[1] for line in ended.err.splitlines()] == ["gateway.nmae", "store.batch_rows"]


def test_faults_are_rows_too_when_json_is_asked_for(tmp_path: Path) -> None:
    ended = t3actors("check", tmp_path / "missing.toml", "--json")
    assert (ended.code, [row["kind"] for row in ended.rows()]) == (78, ["fault"])


LOGGED = '[gateway]\ndata_dir = "d"\n[log]\nt3_web_log = "T3WebLog"\nfile = "t3.log"\n'


def test_logs_that_cannot_be_written_are_faults(tmp_path: Path) -> None:
    config = tmp_path / "a.toml"
    config.write_text(LOGGED, encoding="utf-8")
    assert t3actors("check", config).code == 0, "of a data_dir that is to be made nothing can be said"
    data_dir = tmp_path / "d"
    (data_dir / "t3.log").mkdir(parents=True)
    (data_dir / "T3WebLog").write_text("a file", encoding="utf-8")
    ended = t3actors("check", config)
    assert (ended.code, ended.out) == (78, "")
    assert ended.err.splitlines() == [
        f"log.t3_web_log: {data_dir / 'T3WebLog'} is no directory",
        f"log.file: {data_dir / 't3.log'} is a directory; allowed: a file",
    ]


def test_logs_that_you_may_not_write_are_faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "a.toml"
    config.write_text(LOGGED, encoding="utf-8")
    data_dir = tmp_path / "d"
    (data_dir / "T3WebLog").mkdir(parents=True)
    (data_dir / "T3WebLog" / "FFI.log").touch()
    monkeypatch.setattr(os, "access", lambda _path, mode: not mode & os.W_OK)
    assert [line.partition(" (user")[0] for line in t3actors("check", config).err.splitlines()] == [
        f"log.t3_web_log: {data_dir / 'T3WebLog' / 'FFI.log'} may not be written by you",
        f"log.file: {data_dir} may not be written by you",
    ]


def test_what_cannot_even_be_looked_at_is_a_fault_and_no_traceback(tmp_path: Path) -> None:
    config, name = (
        tmp_path / "a.toml",
        "x" * 300,
    )  # a name that the kernel refuses, as it does a directory that one may not enter
    device = f'[[devices]]\nname = "plant"\nprotocol = "t3000"\naddress = "ffi:{tmp_path / name}/t3.so"\n'
    config.write_text(f'[log]\nfile = "{tmp_path / name}/t3.log"\n{device}', encoding="utf-8")
    for verb in ("check", "doctor"):
        said = t3actors(verb, config)
        assert (said.out + said.err).count("cannot be looked at: File name too long") == 2, verb


def test_a_library_of_t3000_that_is_not_there_or_cannot_be_loaded_is_a_fault(tmp_path: Path) -> None:
    library, config = tmp_path / "t3.so", tmp_path / "a.toml"
    text = f'[[devices]]\nname = "plant"\nprotocol = "t3000"\naddress = "ffi:{library}"\n'
    config.write_text(text, encoding="utf-8")
    assert t3actors("check", config).err == f'devices "plant": ffi:{library}: no such file\n'
    library.write_bytes(b"no library")
    ended = t3actors("check", config)
    assert ended.code == 78
    assert ended.err.startswith(f'devices "plant": ffi:{library}: the library cannot be used: ')
    bad = [row for row in t3actors("doctor", config, "--json").rows() if row["what"] == 'devices "plant"']
    assert [(row["verdict"], "cannot be used" in row["seen"]) for row in bad] == [("bad", True)]
    config.write_text(text + "enabled = false\n", encoding="utf-8")
    assert t3actors("check", config).code == 0


@pytest.mark.parametrize(("there", "told"), [(True, "is there, and will be joined"), (False, "will be made")])
def test_t3000_s_database_is_told_and_left_alone(tmp_path: Path, there: bool, told: str) -> None:
    file = tmp_path / "w.db"
    if there:
        file.touch()
    (tmp_path / "t3.toml").write_text(f'[store.webview]\ndatabase = "{file}"\n', encoding="utf-8")
    ended = t3actors("check", tmp_path / "t3.toml")
    assert f"T3000's database: {file} ({told})" in ended.out
    assert file.exists() is there
    assert t3actors("check", tmp_path / "t3.toml", "--json").rows()[-1]["webview_database"] == str(file)


def test_a_folder_is_no_database_to_join(tmp_path: Path) -> None:
    (tmp_path / "t3.toml").write_text(f'[store.webview]\ndatabase = "{tmp_path}"\n', encoding="utf-8")
    assert (
        f"T3000's database: {tmp_path} (cannot be joined: it is no file)" in t3actors("check", tmp_path / "t3.toml").out
    )


@pytest.mark.parametrize(
    ("name", "told"), [("w.db", "will be made"), ("elsewhere/w.db", "cannot be made: no such folder")]
)
def test_a_data_dir_that_is_not_there_yet_takes_t3000_s_database_and_no_other_folder_does(
    tmp_path: Path, name: str, told: str
) -> None:
    text = f'[gateway]\ndata_dir = "data"\n[store.webview]\ndatabase = "{name}"\n'
    (tmp_path / "t3.toml").write_text(text, encoding="utf-8")
    assert f"T3000's database: {tmp_path}/data/{name} ({told})" in t3actors("check", tmp_path / "t3.toml").out
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(("zone", "noted"), [("Pacific/Kiritimati", True), ("Etc/GMT+12", True), (None, False)])
def test_another_time_zone_than_the_machine_s_is_noted_where_t3000_reads_along(
    tmp_path: Path, zone: str | None, noted: bool
) -> None:
    name = zone or next(
        z
        for z in ("UTC", *sorted(available_timezones()))
        if check_module._offset_of(z) == check_module._offset_of(None)
    )
    (tmp_path / "t3.toml").write_text(
        f'[gateway]\ntime_zone = "{name}"\n[store.webview]\ndatabase = "/w.db"\n', encoding="utf-8"
    )
    assert ("T3000 shows history by its machine's" in t3actors("check", tmp_path / "t3.toml").out) is noted


@pytest.mark.parametrize("verb", ["check", "run"])
def test_t3000_s_database_on_a_share_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        f"28 1 254:0 / / rw - ext4 /dev/vda rw\n40 28 0:40 / {tmp_path} rw - cifs //10.0.0.5/c rw\n", encoding="utf-8"
    )
    monkeypatch.setattr(place, "MOUNTS", mounts)
    text = f'[gateway]\ndata_dir = "{tmp_path}/data"\n[store.webview]\ndatabase = "{tmp_path}/w.db"\n'
    (tmp_path / "t3.toml").write_text(text, encoding="utf-8")
    ended = t3actors(verb, tmp_path / "t3.toml")
    assert (ended.code, ended.out) == (78, "")
    assert "lies on a network file system (cifs); allowed: a disk of this machine" in ended.err
    assert not (tmp_path / "data").exists()


def test_a_line_that_cannot_carry_it_is_warned_about(tmp_path: Path) -> None:
    device = '[[devices]]\nname = "d{0}"\nunit_id = {0}\naddress = "10.0.0.1"\nprotocol = "modbus"\n'
    device += 'poll_interval = "1s"\nprofile = "t3-controller"\n'
    (tmp_path / "busy.toml").write_text("".join(device.format(n) for n in range(1, 5)), encoding="utf-8")
    assert "warning: 10.0.0.1:502 would be asked" in t3actors("check", tmp_path / "busy.toml").out


@pytest.mark.parametrize(("profile", "points", "requests"), [("t3-22i", 22, [44, 22, 22]), ("co2", 12, [11, 20])])
def test_a_profile_costs_what_its_map_says(profile: str, points: int, requests: list[int], tmp_path: Path) -> None:
    device = f'[[devices]]\nname = "d"\naddress = "10.0.0.1"\nprotocol = "modbus"\nprofile = "{profile}"\n'
    (tmp_path / "one.toml").write_text(device, encoding="utf-8")
    (row, *_) = t3actors("check", tmp_path / "one.toml", "--json").rows()
    assert (row["points"], row["requests_per_poll"]) == (points, len(requests))
    assert requests_of(DeviceConfig(name="d", protocol="modbus", address="a", profile=profile), []) == requests


def test_a_gateway_that_polls_nothing_says_so(tmp_path: Path) -> None:
    (tmp_path / "empty.toml").write_text("", encoding="utf-8")
    ended = t3actors("check", tmp_path / "empty.toml")
    assert ended.code == 0
    assert "Nothing will be polled." in ended.out


def test_what_is_read_but_has_no_effect_yet_is_said(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text(
        '[gateway]\nauto_start = false\n[bacnet]\ninterface = "127.0.0.1"\ndiscover = "list"\n',
        encoding="utf-8",
    )
    out = t3actors("check", tmp_path / "site.toml").out
    notes = t3actors("check", tmp_path / "site.toml", "--json").rows()[-1]["notes"]
    assert len(notes) == 2
    for note, key in zip(notes, ("[gateway] auto_start", "[bacnet]"), strict=True):
        assert note.startswith(key)
        assert f"note: {note}" in out


def test_a_bacnet_device_is_counted_but_its_cost_is_not_estimated(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text('[bacnet]\ninterface = "127.0.0.1"\n' + BACNET, encoding="utf-8")
    out = t3actors("check", tmp_path / "site.toml").out
    assert "devices: 1;" in out
    assert "BACnet devices: 1; their cost is not estimated" in out
    assert "Nothing will be polled" not in out


def test_a_t3000_is_counted_but_its_cost_is_not_estimated(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text(
        '[[devices]]\nname = "plant"\nprotocol = "t3000"\naddress = "http://10.0.0.1:9103"\n', encoding="utf-8"
    )
    assert "T3000s: 1; their cost is not estimated" in t3actors("check", tmp_path / "site.toml").out


@pytest.mark.parametrize("discover", ["temco", "all"])
def test_a_file_that_only_discovers_is_no_fault_and_says_that_its_devices_are_not_known(
    tmp_path: Path, discover: str
) -> None:
    section = f'[bacnet]\ninterface = "127.0.0.1"\ndiscover = "{discover}"\n'
    (tmp_path / "site.toml").write_text(section, encoding="utf-8")
    ended = t3actors("check", tmp_path / "site.toml")
    assert ended.code == 0
    assert (
        f'note: [bacnet] discover = "{discover}": devices found are polled as well; they are not known yet' in ended.out
    )
    assert "Nothing will be polled" not in ended.out


@pytest.mark.parametrize("text", [BACNET, '[bacnet]\ndiscover = "list"\n'])
def test_several_networks_and_none_chosen_are_refused_with_the_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(check_module, "list_addresses", lambda: TWO_NETWORKS)
    (tmp_path / "site.toml").write_text(text, encoding="utf-8")
    ended = t3actors("check", tmp_path / "site.toml")
    assert (ended.code, ended.out) == (78, "")
    assert "bacnet.interface: saw none" in ended.err
    assert "eth0 (10.1.2.3/24), eth1 (192.168.7.9/16)" in ended.err
    assert t3actors("check", tmp_path / "site.toml", "--json").rows()[0]["kind"] == "fault"


def test_an_interface_that_is_not_there_now_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text('[bacnet]\ninterface = "eth77"\n' + BACNET, encoding="utf-8")
    assert t3actors("check", tmp_path / "site.toml").code == 0


def test_a_panel_costs_what_its_register_map_reads() -> None:
    panel = DeviceConfig(name="t3", protocol="modbus", address="a:502", profile="t3-controller")
    assert sum(requests_of(panel, ())) == 64 * (2 + 1 + 1) + 64 * (2 + 1) + 128 * (2 + 1)


def test_nothing_is_noted_of_a_file_in_which_all_has_effect(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text("", encoding="utf-8")
    assert "note:" not in t3actors("check", tmp_path / "site.toml").out


def test_a_configuration_that_cannot_live_within_its_budget_is_refused_with_the_arithmetic(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text(
        '[store]\nbudget = "20MB"\nraw = "3660d"\n[[devices]]\nname = "a"\nprotocol = "modbus"\naddress = "10.0.0.1"\n'
        'profile = "t3-controller"\n',
        encoding="utf-8",
    )
    refused = t3actors("check", tmp_path / "site.toml")
    assert refused.code == 78
    assert "refused: store.budget: 19 MB of 20 MB can be filled, and" in refused.err
    rows = t3actors("check", tmp_path / "site.toml", "--json").rows()
    assert [row["kind"] for row in rows][-3:] == ["budget", "fault", "total"]


@pytest.mark.parametrize(
    ("data_dir", "why"),
    [
        ("file", "file is no directory"),
        ("file/below", "file is no directory"),
        ("/dev/null", "/dev/null is no directory"),
        ("/proc/t3actors", "/proc/t3actors lies on proc, which keeps no files"),
    ],
)
def test_a_data_dir_that_keeps_no_files_is_refused(tmp_path: Path, data_dir: str, why: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "t3.toml").write_text(f'[gateway]\ndata_dir = "{data_dir}"\n', encoding="utf-8")
    ended = t3actors("check", tmp_path / "t3.toml")
    assert (ended.code, len(ended.err.splitlines())) == (78, 1)
    assert "gateway.data_dir: " in ended.err
    assert why in ended.err


def test_a_database_that_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t3.toml").write_text('[gateway]\ndata_dir = "."\n[store]\ndatabase = "/dev/null"\n', encoding="utf-8")
    ended = t3actors("check", tmp_path / "t3.toml")
    assert (ended.code, ended.err) == (
        78,
        "store.database: /dev/null is no file; allowed: a database, which is made when it is missing\n",
    )
