"""The house keeps its rules of who may import whom, and one door per vendor."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = sorted([*(ROOT / "t3actors").rglob("*.py"), *(ROOT / "supervision").rglob("*.py")])

STAGES = ("collect", "detect", "store", "uplink", "watch", "simulator")
TOP = ("t3actors.cli", "t3actors.__main__", "t3actors.embed")
TREE = ("pipeline", "reload", "replacing", "pollers")
"""Who knows several stages, each above the next."""
VENDORS = {
    "pykka": ("supervision/actor/",),
    "apsw": ("t3actors/store/",),
    "pymodbus": ("t3actors/collect/modbus/", "t3actors/simulator/"),
    "bacpypes3": ("t3actors/collect/bacnet/link/", "t3actors/simulator/"),
    "structlog": ("t3actors/watch/",),
    "hypercorn": ("t3actors/watch/api/connection.py", "t3actors/watch/api/http11.py"),
    "h11": ("t3actors/watch/api/", "t3actors/collect/t3000/http_connection.py", "t3actors/simulator/t3000/"),
    "wsproto": ("t3actors/watch/api/",),
    "starlette": ("t3actors/watch/api/",),
    "prometheus_client": ("t3actors/watch/metrics.py",),
    "pint": ("t3actors/configure/units.py",),
    "rich": ("t3actors/cli/",),
    "click": ("t3actors/cli/", "t3actors/__main__.py", "t3actors/embed/__main__.py"),
    "cffi": ("t3actors/embed/build.py",),
}
PURE = (
    "t3actors/embed/point_data.py",
    "t3actors/configure/keys.py",
    "t3actors/configure/cost.py",
    "t3actors/configure/durations.py",
    "t3actors/configure/bacnet.py",
    "t3actors/configure/difference.py",
    "t3actors/configure/apart.py",
    "t3actors/reloaded.py",
    "t3actors/addresses.py",
    "t3actors/installations.py",
    "t3actors/watch/api/checks.py",
    "t3actors/watch/api/rates.py",
    "t3actors/watch/api/refusals.py",
    "t3actors/watch/advice.py",
    "t3actors/watch/forecast.py",
    "t3actors/watch/growth.py",
    "t3actors/watch/parts.py",
    "t3actors/watch/repeats.py",
    "t3actors/configure/log.py",
    "t3actors/detect/inquiries.py",
    "t3actors/collect/insight.py",
    "t3actors/stations.py",
    "supervision/strategy.py",
    "supervision/intensity.py",
    "supervision/backoff.py",
    "supervision/spec.py",
    "t3actors/collect/arrivals.py",
    "t3actors/collect/schedule.py",
    "t3actors/collect/lifecycle.py",
    "t3actors/collect/pace.py",
    "t3actors/collect/modbus/blocks.py",
    "t3actors/collect/modbus/codec.py",
    "t3actors/collect/modbus/t3000.py",
    "t3actors/collect/modbus/header.py",
    "t3actors/collect/modbus/map_rows.py",
    "t3actors/collect/modbus/mapped.py",
    "t3actors/collect/products.py",
    "t3actors/collect/t3000/scan.py",
    "t3actors/collect/t3000/scanned_panels.py",
    "t3actors/collect/modbus/listed.py",
    "t3actors/collect/modbus/quarantine.py",
    "t3actors/collect/modbus/transactions.py",
    "t3actors/collect/modbus/turns.py",
    "t3actors/collect/t3000/freshness.py",
    "t3actors/collect/bacnet/border.py",
    "t3actors/collect/bacnet/codec/properties.py",
    "t3actors/collect/bacnet/rare/stamps.py",
    "t3actors/collect/bacnet/codec/text.py",
    "t3actors/collect/bacnet/codec/tags.py",
    "t3actors/collect/bacnet/codec/read_multiple.py",
    "t3actors/collect/bacnet/codec/read_property.py",
    "t3actors/collect/bacnet/codec/services.py",
    "t3actors/collect/bacnet/link/queues.py",
    "t3actors/collect/bacnet/codec/denials.py",
    "t3actors/collect/bacnet/sizes.py",
    "t3actors/collect/bacnet/planning.py",
    "t3actors/collect/bacnet/limits.py",
    "t3actors/collect/bacnet/objects.py",
    "t3actors/collect/bacnet/mapping.py",
    "t3actors/collect/bacnet/reading.py",
    "t3actors/collect/bacnet/scaling.py",
    "t3actors/collect/bacnet/units.py",
    "t3actors/collect/bacnet/codec/temco.py",
    "t3actors/collect/bacnet/codec/walk.py",
    "t3actors/collect/bacnet/rare/days.py",
    "t3actors/collect/bacnet/rare/references.py",
    "t3actors/collect/bacnet/rare/switches.py",
    "t3actors/collect/bacnet/codec/subscription_list.py",
    "t3actors/collect/bacnet/cov/held.py",
    "t3actors/collect/bacnet/cov/standing.py",
    "t3actors/collect/bacnet/cov/wanted.py",
    "t3actors/collect/bacnet/discover/first_round.py",
    "t3actors/collect/bacnet/discover/newcomers.py",
    "t3actors/collect/bacnet/discover/sightings.py",
    "t3actors/collect/bacnet/link/frames.py",
    "t3actors/collect/bacnet/link/fast_lane.py",
    "t3actors/collect/bacnet/discover/sweeps.py",
    "t3actors/collect/bacnet/rare/programs.py",
    "t3actors/collect/bacnet/rare/schedules.py",
    "t3actors/collect/bacnet/rare/calendars.py",
    "t3actors/collect/bacnet/rare/trend_logs.py",
    "t3actors/collect/bacnet/rare/loops.py",
    "t3actors/collect/bacnet/rare/alarms.py",
    "t3actors/collect/bacnet/rare/naming.py",
    "t3actors/collect/bacnet/rare/plainly.py",
    "t3actors/collect/bacnet/rare/tables.py",
    "t3actors/collect/spare_time.py",
    "t3actors/collect/t3000/document.py",
    "t3actors/collect/t3000/door.py",
    "t3actors/collect/t3000/ffi_frames.py",
    "t3actors/collect/t3000/ffi_verdict.py",
    "t3actors/collect/t3000/http_answer.py",
    "t3actors/collect/t3000/words.py",
    "t3actors/collect/t3000/given.py",
    "t3actors/collect/t3000/lists.py",
    "t3actors/collect/t3000/meaning.py",
    "t3actors/collect/t3000/mending.py",
    "t3actors/collect/t3000/panel_answer.py",
    "t3actors/collect/t3000/structs.py",
    "t3actors/collect/t3000/trend_logs.py",
    "t3actors/store/history/integers.py",
    "t3actors/store/history/numbers.py",
    "t3actors/store/history/block.py",
    "t3actors/store/history/aggregates.py",
    "t3actors/store/history/aggregate_block.py",
    "t3actors/store/history/unpacking.py",
    "t3actors/store/history/span_columns.py",
    "t3actors/store/history/spans.py",
    "t3actors/cli/quick_forms.py",
    "t3actors/watch/api/thinning.py",
    "t3actors/named.py",
    "t3actors/store/webview/posting.py",
    "t3actors/store/webview/shape.py",
    "t3actors/store/webview/spelling.py",
    "t3actors/detect/rules.py",
    "t3actors/detect/door.py",
    "t3actors/detect/ages.py",
    "t3actors/detect/batch.py",
    "t3actors/detect/beside.py",
    "t3actors/detect/held.py",
    "t3actors/detect/pending.py",
    "t3actors/detect/track.py",
    "t3actors/rows.py",
    "t3actors/points.py",
    "t3actors/ranges.py",
    "t3actors/singles.py",
)
IMPURE_MODULES = {"time", "datetime", "socket", "logging", "trio", "threading", "subprocess", "os", "random"}


def place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports_of(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{place(path)}: relative import"
            found |= {node.module} | {f"{node.module}.{name.name}" for name in node.names}
    return found


def stage_of(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if parts[0] == "t3actors" and len(parts) > 1 and parts[1] in STAGES else None


@pytest.mark.parametrize("path", FILES, ids=place)
def test_a_file_imports_only_what_its_place_may(path: Path) -> None:
    here, imports = place(path), imports_of(path)
    if here.startswith("supervision/"):
        assert not [name for name in imports if name.startswith("t3actors")], "supervision knows nothing of buildings"
        return
    parts = here.split("/")
    rank = TREE.index(parts[1].removesuffix(".py")) if parts[1].removesuffix(".py") in TREE else len(TREE)
    above = {*TOP, *(f"t3actors.{name}" for name in TREE[:rank])}
    if parts[1] not in {"cli", "embed", "__main__.py"}:
        assert not {".".join(name.split(".")[:2]) for name in imports} & above, "nobody imports who is above it"
    if parts[1] in {"reload.py", "replacing.py", "pollers.py"}:
        stages = {stage for name in imports if (stage := stage_of(name))}
        assert stages <= {"collect"}, f"who asks the devices knows of no other stage; it imports {stages}"
    elif parts[1] not in {"cli", "embed", "__main__.py", "pipeline.py"}:
        other = {stage for name in imports if (stage := stage_of(name)) and stage != parts[1]}
        assert not other, f"stages never import each other; {here} imports {other}"
    if parts[1] == "simulator":
        ours = {name for name in imports if name.startswith(("t3actors.", "supervision"))}
        assert not [n for n in ours if not n.startswith(("t3actors.simulator", "t3actors.points", "t3actors.errors"))]


@pytest.mark.parametrize("path", FILES, ids=place)
def test_each_vendor_has_one_door(path: Path) -> None:
    here = place(path)
    for name in imports_of(path):
        doors = VENDORS.get(name.partition(".")[0])
        assert doors is None or here.startswith(doors), f"{name} may be imported in {doors} only"


@pytest.mark.parametrize("here", PURE)
def test_a_pure_file_imports_no_clock_socket_or_logger(here: str) -> None:
    assert {name.partition(".")[0] for name in imports_of(ROOT / here)} & (IMPURE_MODULES | set(VENDORS)) == set()


@pytest.mark.parametrize(
    "path", [path for path in FILES if "/collect/" in str(path) or "/detect/" in str(path)], ids=place
)
def test_who_says_that_it_is_pure_is_held_to_it(path: Path) -> None:
    said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    assert place(path) in PURE or not re.search(r"\bPure[.:;]", said)


def test_no_file_is_a_drawer_for_odds_and_ends() -> None:
    drawers = {"utils", "helpers", "common", "base", "manager", "service"}
    assert [place(path) for path in FILES if path.stem in drawers or path.parent.name in drawers] == []


def test_imports_have_no_cycle() -> None:
    modules = {place(path).removesuffix(".py").removesuffix("/__init__").replace("/", "."): path for path in FILES}
    edges = {name: [other for other in imports_of(path) if other in modules] for name, path in modules.items()}
    done: set[str] = set()

    def walk(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, f"a cycle: {' -> '.join((*trail, name))}"
        if name not in done:
            for other in edges[name]:
                if other != name:
                    walk(other, (*trail, name))
            done.add(name)

    for name in modules:
        walk(name, ())


def test_no_file_is_longer_than_its_idea() -> None:
    long = {place(path): lines for path in FILES if (lines := len(path.read_text("utf-8").splitlines())) > 360}
    assert long == {}
