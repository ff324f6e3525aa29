"""The live stream."""

from typing import Annotated, Any

from litestar import Request, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import QueryParameter
from litestar.response.base import ASGIResponse

from motorcade.api.access import needs, session_of, token_of
from motorcade.api.deps import ApiDeps
from motorcade.api.document import problems
from motorcade.api.fleet_live import FleetLive
from motorcade.api.live_clients import Client
from motorcade.api.live_response import LiveResponse
from motorcade.api.problems import not_found
from motorcade.api.schemas import LiveReset, LiveSignals, LiveVehicles

MAX_EVENT_ID_CHARS = 64
"""Ours have at most 32; a longer one is none of ours and only means a fresh start."""


@get(
    "/v1/live",
    opt=needs("fleet.read"),
    tags=["live"],
    summary="Live stream of the fleet",
    operation_id="streamLive",
    responses={
        200: ResponseSpec(
            LiveVehicles | LiveReset | LiveSignals,  # type: ignore[arg-type]  # a union works, its annotation does not say so
            generate_examples=False,
            media_type="text/event-stream",
            description=(
                "Server-sent events; the schema is that of each event's data. `snapshot` holds every vehicle, `change` "
                "those that changed since the event before, `reset` announces a new snapshot, `signals` holds the "
                "opened vehicle's signals. A comment comes after five seconds without an event."
            ),
        ),
        **problems(400, 401, 403, 404, 422, 429, 503),
    },
)
async def stream_live(
    request: Request[Any, Any, Any],
    vehicle: Annotated[
        str | None, QueryParameter(required=False, description="Id of a vehicle whose signals come as well.")
    ] = None,
    last_event_id: Annotated[
        str | None,
        QueryParameter(required=False, description="Resume behind this event, where the header cannot be sent."),
    ] = None,
) -> ASGIResponse:
    """A snapshot, then changes as they happen, at most ten times a second; ends when the session does.

    `Last-Event-ID` resumes with what changed since; an id that is not known any more gets `reset` and a snapshot.
    """
    deps: ApiDeps = request.app.state.deps
    live: FleetLive = request.app.state.live
    session = session_of(request)
    org_id = session.scope.org_id
    if vehicle is not None and live.fleets.find(org_id, vehicle) is None:
        raise not_found()
    client = Client(
        live.fleets.of(org_id), session.scope, token_of(request, deps) or "", request.scope["state"].get("abort")
    )
    live.clients.add(client)
    if vehicle is not None:
        client.opened = live.opened.open(org_id, vehicle)
    resume = parse_event_id(request.headers.get("last-event-id") or last_event_id)
    return LiveResponse(live, client, resume)


def parse_event_id(text: str | None) -> tuple[str, int] | None:
    """(epoch, n) of an event id; ("", 0), which no fleet has, for a text that is none; None without one."""
    if not text:
        return None
    epoch, _, number = text.partition(".")
    if len(text) > MAX_EVENT_ID_CHARS or not number.isascii() or not number.isdigit():
        return "", 0
    return epoch, int(number)
