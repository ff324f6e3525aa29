"""The OpenAPI 3.1 description, generated from the handlers and structs that serve the requests."""

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Components, Example, License, SecurityScheme, Tag

from motorcade.api import schemas as documents
from motorcade.api.problems import CATALOGUE, MEDIA_TYPE
from motorcade.api.schemas import Problem

ALWAYS: Final = (421, 500)
"""Any operation may answer these: a wrong Host header, and what nobody foresaw."""
_TIMES: Final = frozenset({"at", "status_since"})
_REQUEST_ID: Final = "00000000-0000-4000-8000-000000000000"


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """Descriptions of an operation's error responses, with the problem types behind each status."""
    return {status: _problem(status) for status in sorted({*statuses, *ALWAYS})}


@cache
def _problem(status: int) -> ResponseSpec:
    slugs = [slug for slug, (of, _) in CATALOGUE.items() if of == status]
    examples = [Example(summary=slug, value=_example(slug)) for slug in slugs]
    described = "; ".join(f"`/problems/{slug}`: {CATALOGUE[slug][1].lower()}" for slug in slugs)
    return ResponseSpec(
        Problem, generate_examples=False, description=described, media_type=MEDIA_TYPE, examples=examples
    )


def _example(slug: str) -> dict[str, Any]:
    status, title = CATALOGUE[slug]
    problem = Problem(f"/problems/{slug}", title, status, title + ".", f"urn:uuid:{_REQUEST_ID}", _REQUEST_ID)
    built: dict[str, Any] = msgspec.to_builtins(problem)
    return built


def openapi(handlers: Sequence[HTTPRouteHandler], version: str) -> bytes:
    """The description as JSON, pretty and in a stable order."""
    config = OpenAPIConfig(
        title="Motorcade",
        version=version,
        summary="Live fleet state straight from the car maker's stream.",
        description=(
            "Sign in (`POST /v1/session`) sets a cookie; browsers send it along, programs keep it. "
            "Errors are RFC 9457 problem documents. Times are UTC. A foreign id answers like an unknown one."
        ),
        license=License(name="Apache-2.0", identifier="Apache-2.0"),
        tags=[
            Tag(name="session", description="Who is signed in."),
            Tag(name="vehicles", description="The fleet and its state."),
            Tag(name="live", description="Changes as they happen."),
            Tag(name="system", description="For machines that watch the server, and for the web application."),
        ],
        components=Components(
            security_schemes={
                "session": SecurityScheme(
                    type="apiKey",
                    security_scheme_in="cookie",
                    name="motorcade_session",
                    description="Set by signing in; named `__Host-motorcade_session` where the server speaks https.",
                )
            }
        ),
        use_handler_docstrings=True,
    )
    schema = Litestar(route_handlers=list(handlers), openapi_config=config).openapi_schema.to_schema()
    _require_sessions(schema, handlers)
    _complete(schema["components"]["schemas"])
    return msgspec.json.format(msgspec.json.encode(schema, order="deterministic"), indent=2) + b"\n"


def _require_sessions(schema: dict[str, Any], handlers: Sequence[HTTPRouteHandler]) -> None:
    signed_in = {handler.operation_id for handler in handlers if not handler.opt.get("public")}
    for operations in schema["paths"].values():
        for operation in operations.values():
            operation["security"] = [{"session": []}] if operation["operationId"] in signed_in else []


def _complete(schemas: dict[str, Any]) -> None:
    """What the framework leaves out: the format of times, bodies that take no other fields, and one of two."""
    for name, schema in schemas.items():
        if getattr(documents, name).__struct_config__.forbid_unknown_fields:
            schema["additionalProperties"] = False
        for field, described in schema.get("properties", {}).items():
            if field.endswith("_at") or field in _TIMES:
                for kind in described.get("oneOf", [described]):
                    if kind["type"] == "string":
                        kind["format"] = "date-time"
    ways = schemas["SignIn"]["properties"]
    schemas["SignIn"] = {
        "title": "SignIn",
        "description": "One of the two ways to sign in.",
        "oneOf": [
            {"type": "object", "properties": {way: field}, "required": [way], "additionalProperties": False}
            for way, field in ways.items()
        ],
    }
