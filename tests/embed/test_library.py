"""C and C++ programs that load nothing but the library: they start the gateway, add a device, read its points, free them, stop."""

from __future__ import annotations

import os
import re
from pathlib import Path

import apsw
import msgspec
import pytest
import trio

from t3actors.points import Kind
from t3actors.simulator.plant import Plant, PlantSize, running_plant
from tests.embed.library import HERE, Builder, Ended
from tests.waiting import until

pytestmark = pytest.mark.needs_cc

SIZE = PlantSize(1, seed=5, tick_s=3600.0)
PREFIXES = {Kind.INPUT: "IN", Kind.OUTPUT: "OUT", Kind.VARIABLE: "VAR"}
KINDS = (Kind.INPUT, Kind.OUTPUT, Kind.VARIABLE)


def address(plant: Plant) -> str:
    row = plant.listing()[0]
    return f"{row['host']}:{row['port']}"


def events(folder: Path) -> list[str]:
    lines = (folder / "data" / "t3actors.log").read_bytes().split(b"\n")[:-1]
    return [msgspec.json.decode(line)["event"] for line in lines]


def stored(folder: Path, sql: str) -> list[tuple[object, ...]]:
    connection = apsw.Connection(str(folder / "data" / "t3actors.db"), flags=apsw.SQLITE_OPEN_READONLY)
    with connection:
        return list(connection.execute(sql))


def hasty(file: Path) -> None:
    """Every 50 ms a poll; two missed, and a point is stale."""
    file.write_text(
        '[gateway]\ndata_dir = "data"\n[defaults]\npoll_interval = "50ms"\nstale_after = 2\ndown_after = 3\n', "utf-8"
    )


async def test_a_program_that_links_nothing_but_the_library_reads_a_panel_whole(
    tmp_path: Path, builder: Builder
) -> None:
    async with running_plant(SIZE) as plant:
        simulated = plant.panels["panel-1"]
        ended = await builder.host().run(
            tmp_path, "init", "add", "1", address(plant), "wait", "1", "points", str(simulated.serial_number),
            "id", address(plant), "stop", "init", "stop",
        )  # fmt: skip
        assert (ended.code, ended.error) == (0, "")
        assert ended.said("init") == ended.said("stop") == ["0 ", "0 "]
        assert ended.said("add") == ["0 "]
        assert ended.said("id") == [f"{simulated.serial_number} "]
        points = [line.split() for line in ended.said("point")]
        assert len(points) == 64
        for kind, index, value, status, _ in points:
            assert float(value) == pytest.approx(
                simulated.value(f"{PREFIXES[KINDS[int(kind)]]}{index}"), rel=1e-6, abs=1e-3
            )
            assert status == "0"
    assert stored(tmp_path, "SELECT clean_stop FROM GATEWAY") == [(1,)]
    assert stored(tmp_path, "SELECT count(*) FROM TRENDLOG_DATA") == [(64,)]
    assert events(tmp_path)[-1] == "gateway.stopped"


async def test_a_program_that_loads_it_may_unload_it_and_load_it_again(tmp_path: Path, builder: Builder) -> None:
    host = builder.host("LOADED")
    once = ["load", str(host.library), "init", "add", "1", "ADDRESS", "wait", "1", "unload", "tasks"]
    async with running_plant(SIZE) as plant:
        words = [address(plant) if word == "ADDRESS" else word for word in once]
        ended = await host.run(tmp_path, *words, *words)
    assert (ended.code, ended.error) == (0, "")
    assert ended.said("wait") == ["64 ok", "64 ok"]
    assert ended.said("unload") == ["0 tasks 1", "0 tasks 1"], "no thread of ours is left behind"
    assert events(tmp_path).count("gateway.stopped") == 2


async def test_without_a_stop_the_end_of_the_program_is_one(tmp_path: Path, builder: Builder) -> None:
    async with running_plant(SIZE) as plant:
        for folder, last in ((tmp_path / "exit", ["exit"]), (tmp_path / "return", [])):
            folder.mkdir()
            ended = await builder.host().run(folder, "init", "add", "1", address(plant), "wait", "1", *last)
            assert (ended.code, ended.error) == (0, "")
            assert stored(folder, "SELECT clean_stop FROM GATEWAY") == [(1,)]
            assert events(folder)[-1] == "gateway.stopped"


async def test_four_threads_read_at_once_and_neither_address_nor_leak_sanitizer_objects(
    tmp_path: Path, builder: Builder
) -> None:
    host = builder.host(sanitized=True)
    async with running_plant(SIZE) as plant:
        ended = await host.run(
            tmp_path, "init", "add", "1", address(plant), "wait", "1", "threads", "4", "1", "100", "points", "77",
            "add", "1", "NULL", "add", "7", "x", "stop", PYTHONMALLOC="malloc",
        )  # fmt: skip
        assert (ended.code, ended.error) == (0, "")
        assert ended.said("threads") == [str(4 * 100 * 64)]
        lost = await host.run(
            tmp_path, "init", "add", "1", address(plant), "wait", "1", "lost", "1", "stop", PYTHONMALLOC="malloc"
        )
    assert lost.code != 0, "what is not freed is seen"
    assert "1536 byte(s) leaked in 1 allocation(s)" in lost.error


async def test_what_goes_wrong_is_minus_one_and_a_text_and_nothing_is_printed(tmp_path: Path, builder: Builder) -> None:
    ended = await builder.host().run(
        tmp_path, "points", "1", "discover", "add", "1", "127.0.0.1", "id", "x", "stop",
        "init", "add", "3", "127.0.0.1", "add", "1", "NULL", "add", "1", "a b", "add", "2", "127.0.0.1", "points", "1", "id", "x",
        "stop", "points", "1",
    )  # fmt: skip
    not_running = "the gateway does not run: call init_data_sync_service first"
    assert (ended.code, ended.error) == (0, "")
    assert ended.said("discover") == [f"-1 {not_running}"]
    assert ended.said("id") == [f"0 {not_running}", '0 no device "x" is polled here: add it by add_device']
    assert ended.said("stop") == ["0 ", "0 "]
    assert ended.said("add")[0] == f"-1 {not_running}"
    assert ended.said("add")[1].startswith("-1 protocol: saw 3; allowed: 0 (BACnet), 1 (Modbus) or 2")
    assert ended.said("add")[2] == "-1 ip_address: saw NULL; allowed: a text"
    assert ended.said("add")[3].startswith('-1 ip_address: saw "a b"; allowed: "host:port"')
    assert ended.said("add")[4].startswith("-1 this program does not export get_input_points, get_input_count")
    unknown = "no device 1 is polled here, or it has not said its serial number yet"
    assert ended.said("points") == [f"0 NULL {not_running}", f"0 NULL {unknown}", f"0 NULL {not_running}"]


async def test_a_configuration_is_used_and_one_with_faults_refused(tmp_path: Path, builder: Builder) -> None:
    (tmp_path / "bad.toml").write_text("[gateway]\nnam = 1\n", "utf-8")
    ended = await builder.host().run(tmp_path, "init", "points", "1", T3ACTORS_CONFIG="bad.toml")
    assert ended.said("init")[0].startswith(f'-1 {tmp_path}/bad.toml: gateway.nam: unknown key, did you mean "name"?')
    assert not (tmp_path / "data").exists()
    async with running_plant(SIZE) as plant:
        (tmp_path / "good.toml").write_text(
            '[gateway]\ndata_dir = "data"\n[[devices]]\nname = "ahu-1"\nprotocol = "modbus"\nprofile = "t3-controller"\n'
            f'address = "{address(plant)}"\n',
            "utf-8",
        )
        ended = await builder.host().run(
            tmp_path, "init", "add", "1", address(plant), "wait", "1", T3ACTORS_CONFIG="good.toml"
        )
    assert ended.said("wait") == ["64 ok"]
    assert stored(tmp_path, "SELECT name FROM DEVICES") == [("ahu-1",)]


async def test_the_host_keeps_its_signals_its_locale_its_directory_and_its_output(
    tmp_path: Path, builder: Builder
) -> None:
    async with running_plant(SIZE) as plant:
        ended = await builder.host().run(
            tmp_path, "surroundings", "init", "add", "1", address(plant), "wait", "1", "surroundings", "stop", "surroundings",
            LC_ALL="C.UTF-8", PYTHONHOME="/nowhere", PYTHONPATH="/nowhere", PYTHONDEVMODE="1", PYTHONVERBOSE="1",
        )  # fmt: skip
    assert (ended.code, ended.error) == (0, "")
    before, *after = ended.said("surroundings")
    assert re.fullmatch(rf"handlers \d+ blocked 0 takers 0 locale C directory {re.escape(str(tmp_path))}", before)
    assert after == [before, before], "the signals that it had inherited as ignored, from nohup say, are too"
    assert [line.partition(":")[0] for line in ended.lines] == [
        "surroundings", "init", "add", "wait", "surroundings", "stop", "surroundings",
    ]  # fmt: skip
    assert os.listdir(tmp_path) == ["data"]


async def test_a_child_of_a_fork_is_refused_and_its_end_stops_nothing(tmp_path: Path, builder: Builder) -> None:
    async with running_plant(SIZE) as plant:
        ended = await builder.host().run(tmp_path, "init", "add", "1", address(plant), "wait", "1", "fork", "wait", "1")
    refused = "this process was forked from one that has started the gateway: its threads are not here. Call exec, or fork first"
    assert ended.said("child") == ["NULL 0", f"-1 {refused}"]
    assert ended.said("fork") == ["0"]
    assert ended.said("wait") == ["64 ok", "64 ok"]


async def test_a_panel_that_goes_away_is_told_and_does_not_end_the_host(tmp_path: Path, builder: Builder) -> None:
    hasty(tmp_path / "a.toml")
    host, ended = builder.host(), list[Ended]()

    async def run(where: str) -> None:
        words = ["init", "add", "1", where, "wait", "1", "unwell", "1", "points", "1", "stop"]
        ended.append(await host.run(tmp_path, *words, T3ACTORS_CONFIG="a.toml"))

    async with trio.open_nursery() as nursery:
        async with running_plant(SIZE) as plant:
            nursery.start_soon(run, address(plant))
            await until(lambda: (tmp_path / "data" / "t3actors.log").exists() and "device.online" in events(tmp_path))
    assert (ended[0].code, ended[0].error) == (0, "")
    assert ended[0].said("unwell") == ["64"]
    assert "0" not in {line.split()[3] for line in ended[0].said("point")}


async def test_the_memory_of_the_program_itself_is_read_and_a_pointer_into_nowhere_does_not_end_it(
    tmp_path: Path, builder: Builder
) -> None:
    hasty(tmp_path / "a.toml")
    ended = await builder.host("EXPORTS").run(
        tmp_path, "init", "add", "2", "127.0.0.1", "add", "2", "localhost", "wait", "1", "points", "1", "id", "127.0.0.1",
        "wild", "unwell", "1", "wild", "wait", "1", "stop", T3ACTORS_CONFIG="a.toml",
    )  # fmt: skip
    assert (ended.code, ended.error) == (0, "")
    assert [line.split()[:4] for line in ended.said("point")] == [
        ["0", "1", "21.500", "0"],
        ["0", "2", "1.000", "0"],
        ["1", "1", "75.000", "0"],
    ]
    assert ended.said("add") == ["0 ", "0 "]
    assert ended.said("id") == ["1 "]
    assert ended.said("wait") == ["3 ok", "3 ok"]
    assert ended.said("unwell") == ["3"]
    assert stored(tmp_path, "SELECT name, protocol, serial_number > 4294967295 FROM DEVICES") == [("host", "t3000", 1)]
    points = stored(tmp_path, "SELECT point_id, label, value, units FROM POINTS ORDER BY point_id")
    assert points == [("IN1", "SUPPLY", 21.5, "°C"), ("IN2", "FAN", 1, ""), ("OUT1", "VALVE", 75.0, "%")]


async def test_a_function_of_the_program_that_hangs_keeps_neither_the_others_nor_the_stop(
    tmp_path: Path, builder: Builder
) -> None:
    hasty(tmp_path / "a.toml")
    async with running_plant(SIZE) as plant:
        ended = await builder.host("EXPORTS").run(
            tmp_path, "init", "add", "2", "127.0.0.1", "add", "1", address(plant), "wait", "1", "wait", "2", "hang", "unwell", "1",
            "wait", "2", "stop", "init", "add", "2", "127.0.0.1", "go", "wait", "1", "hang", T3ACTORS_CONFIG="a.toml",
        )  # fmt: skip
    assert (ended.code, ended.error) == (0, "")
    assert ended.said("wait") == ["3 ok", "64 ok", "64 ok", "3 ok"]
    assert ended.said("stop") == ["0 "]
    assert stored(tmp_path, "SELECT clean_stop FROM GATEWAY") == [(1,)], (
        "the end of the program stopped the second life"
    )


@pytest.mark.needs_cxx
def test_the_header_is_cpluspluss_too(tmp_path: Path, builder: Builder) -> None:
    library = builder.library()
    builder.compile(tmp_path / "host", HERE / "host.cpp", library, ["-std=c++17"])
    assert (tmp_path / "host").exists()


@pytest.mark.needs_cxx
def test_the_program_that_the_documents_show_can_be_built(tmp_path: Path, builder: Builder) -> None:
    page = (HERE.parent.parent / "docs" / "embedding.md").read_text("utf-8")
    (tmp_path / "shown.cpp").write_text(page.split("```cpp\n")[1].split("```")[0], "utf-8")
    builder.compile(tmp_path / "shown", tmp_path / "shown.cpp", builder.library())
    assert (tmp_path / "shown").exists()


def test_the_documents_and_the_header_name_the_same_functions() -> None:
    root = HERE.parent.parent
    header = (root / "t3actors" / "embed" / "t3actors.h").read_text("utf-8")
    functions = set(re.findall(r"^\w[\w \*]*?\*?(\w+)\([^)]*\);", header, re.MULTILINE))
    assert len(functions) == 8
    page = (root / "docs" / "embedding.md").read_text("utf-8")
    assert {name for name in functions if f"`{name}" in page} == functions
