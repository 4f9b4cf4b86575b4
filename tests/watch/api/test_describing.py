"""openapi.json says what there is: every route is in it, and the other way round."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from starlette.routing import Route, WebSocketRoute

from t3actors.watch.api.app import application, operations
from t3actors.watch.api.describing import document
from t3actors.watch.api.inside import Inside
from t3actors.watch.fanout import Fanout
from t3actors.watch.health import Identity

DOCS = Path(__file__).parents[3] / "docs" / "api.md"


def inside() -> Inside:
    """Enough to build the application, and too little to ask it."""
    who = Identity(name="a", version="1.2.3", boot_id="b", started_at=0)
    missing = cast("Any", None)
    return Inside(
        who=who,
        reach=missing,
        health=missing,
        reading=missing,
        fanout=Fanout(1),
        database=Path("x"),
        wall_ms=lambda: 0,
    )


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    made: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(document(operations(inside()), "1.2.3")))
    return made


def test_every_route_is_described_and_every_described_one_is_a_route(described: dict[str, Any]) -> None:
    app = application(inside())
    routes = {
        (route.path, method.lower())
        for route in app.routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert routes == {(path, method) for path, methods in described["paths"].items() for method in methods}
    listened = [route.path for route in app.routes if isinstance(route, WebSocketRoute)]
    assert listened == ["/live"]
    assert "101" in described["paths"]["/live"]["get"]["responses"]


def test_every_reference_leads_somewhere(described: dict[str, Any]) -> None:
    references = set(_references(described))
    assert references
    schemas = described["components"]["schemas"]
    assert {each.removeprefix("#/components/schemas/") for each in references} <= set(schemas)


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does(described: dict[str, Any]) -> None:
    every = [operation for methods in described["paths"].values() for operation in methods.values()]
    assert len({operation["operationId"] for operation in every}) == len(every)
    assert all(operation["summary"].endswith(".") for operation in every)


def test_the_parameters_of_a_path_are_described(described: dict[str, Any]) -> None:
    for path, methods in described["paths"].items():
        for operation in methods.values():
            inside_path = {each["name"] for each in operation.get("parameters", []) if each["in"] == "path"}
            assert inside_path == {part.strip("{}") for part in path.split("/") if part.startswith("{")}


def test_every_path_is_on_the_page_for_people_and_the_other_way_round(described: dict[str, Any]) -> None:
    page = DOCS.read_text("utf-8")
    rows = {line.split("`")[1] for line in page.splitlines() if line.startswith("| `")}
    told = {f"{method.upper()} {path}" for path, methods in described["paths"].items() for method in methods}
    assert rows == (told - {"GET /live"}) | {"WS /live"}


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            if key == "$ref":
                yield each
            else:
                yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)
