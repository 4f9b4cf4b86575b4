"""openapi.json: made of the operations themselves, so that it says what they do."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from t3actors.watch.api.answers import JSON, ErrorAnswer
from t3actors.watch.api.operations import Operation
from t3actors.watch.api.parameters import Parameter

REFERENCE = "#/components/schemas/{name}"
ANY_MAY_HAVE = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
"""What the guard, and the routing, may answer to any request."""


def document(operations: Sequence[Operation], version: str) -> dict[str, Any]:
    """Describe them all, as OpenAPI 3.1."""
    types = [ErrorAnswer] + [each for op in operations for each in (op.answer, op.body) if each is not None]
    schemas, components = msgspec.json.schema_components(types, ref_template=REFERENCE)
    by_type = dict(zip(types, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _described(operation, by_type)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "t3actors",
            "version": version,
            "description": "The API of a running gateway. It changes nothing at any device. Times are Unix milliseconds.",
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "Over TCP, where configured."}
            },
        },
        "security": [{}, {"token": []}],
    }


def _described(operation: Operation, schemas: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    refusals = {*ANY_MAY_HAVE, *operation.refusals}
    if operation.body is not None:
        refusals.add(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    answer: dict[str, Any] = {"description": operation.status.phrase}
    if operation.status is not HTTPStatus.SWITCHING_PROTOCOLS:
        schema = {"type": "string"} if operation.answer is None else schemas[operation.answer]
        answer["content"] = {operation.media_type: {"schema": schema}}
    responses = {str(int(operation.status)): answer}
    for status in sorted(refusals - {operation.status}):
        is_health = (
            operation.answer is not None and operation.path == "/health" and status == HTTPStatus.SERVICE_UNAVAILABLE
        )
        schema = schemas[operation.answer if is_health else ErrorAnswer]
        responses[str(int(status))] = {"description": status.phrase, "content": {JSON: {"schema": schema}}}
    described: dict[str, Any] = {
        "summary": operation.says,
        "operationId": operation.handler.__name__,
        "responses": responses,
    }
    if operation.parameters:
        described["parameters"] = [_parameter(each) for each in operation.parameters]
    if operation.body is not None:
        described["requestBody"] = {"content": {JSON: {"schema": schemas[operation.body]}}}
    return described


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": "path" if parameter.in_path else "query",
        "required": parameter.needed,
        "description": f"{parameter.says} Allowed: {parameter.allowed}",
        "schema": parameter.schema,
    }
