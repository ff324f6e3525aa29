"""Does the process live, and is everything there that requests need."""

import asyncio
from typing import Any, Final

from litestar import Request, Response, get
from litestar.openapi.datastructures import ResponseSpec

from motorcade.api.access import PUBLIC
from motorcade.api.deps import ApiDeps, ReadyCheck
from motorcade.api.document import problems
from motorcade.api.render import encode
from motorcade.api.schemas import Health, Readiness
from motorcade.domain.errors import MotorcadeError
from motorcade.repositories.tables import ORGANISATIONS

CHECK_TIMEOUT_S: Final = 2.0
"""Whoever watches asks every few seconds; a check that takes longer has failed."""
JSON: Final = "application/json"


@get(
    "/healthz",
    opt=PUBLIC,
    tags=["system"],
    summary="Whether the process lives",
    operation_id="getHealth",
    responses=problems(403),
)
async def get_health() -> Health:
    """Always `ok`; no answer means restart it."""
    return Health()


@get(
    "/readyz",
    opt=PUBLIC,
    tags=["system"],
    summary="Whether requests can be served",
    operation_id="getReadiness",
    responses={
        200: ResponseSpec(Readiness, generate_examples=False, description="Everything is there."),
        503: ResponseSpec(Readiness, generate_examples=False, description="`missing` names what is not."),
        **problems(403),
    },
)
async def get_readiness(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Store, live bus and what else was wired."""
    deps: ApiDeps = request.app.state.deps

    async def store() -> str | None:
        await deps.store.get(ORGANISATIONS, "org", "")
        return None

    async def live() -> str | None:
        return None if deps.live.connected else "no connection to the consumer's live bus"

    checks = {"store": store, "live": live, **deps.ready}
    answers = await asyncio.gather(*(_ask(check) for check in checks.values()))
    missing = {name: answer for name, answer in zip(checks, answers, strict=True) if answer is not None}
    body = encode(Readiness("not_ready" if missing else "ready", missing))
    return Response(body, status_code=503 if missing else 200, media_type=JSON)


async def _ask(check: ReadyCheck) -> str | None:
    try:
        return await asyncio.wait_for(check(), CHECK_TIMEOUT_S)
    except TimeoutError:
        return f"no answer within {CHECK_TIMEOUT_S:.0f} s"
    except MotorcadeError as error:
        return str(error)
