"""The fleet as a list, and one vehicle with all its signals."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import PathParameter, QueryParameter

from motorcade.api import render
from motorcade.api.access import needs, session_of
from motorcade.api.deps import ApiDeps
from motorcade.api.document import problems
from motorcade.api.fleet import Fleets, continued, summary_of
from motorcade.api.problems import not_found
from motorcade.api.schemas import VehicleDetail, VehiclePage
from motorcade.domain.status import judge
from motorcade.repositories.tables import STATES
from motorcade.wire.state_snapshot import StateSnapshot, decode_state

PAGE_LIMIT: Final = 500
"""Vehicles of one page: rendering them takes about 5 ms, the longest that one request may hold the loop."""
PAGE_DEFAULT: Final = 100
QUERY: Final = "vehicles"
JSON: Final = "application/json"


@get(
    "/v1/vehicles",
    opt=needs("fleet.read"),
    tags=["vehicles"],
    summary="List vehicles",
    operation_id="listVehicles",
    responses={
        200: ResponseSpec(VehiclePage, generate_examples=False, description="A page in the order of the ids."),
        **problems(400, 401, 403, 422, 503),
    },
)
async def list_vehicles(
    request: Request[Any, Any, Any],
    limit: Annotated[
        int, QueryParameter(ge=1, le=PAGE_LIMIT, required=False, description="Vehicles of a page.")
    ] = PAGE_DEFAULT,
    cursor: Annotated[
        str | None, QueryParameter(required=False, description="`next_cursor` of the page before.")
    ] = None,
) -> Response[bytes]:
    """Vehicles of the organisation with their newest state, page by page."""
    org_id = session_of(request).scope.org_id
    fleets: Fleets = request.app.state.fleets
    cursors = request.app.state.cursors
    after = cursors.read(org_id, QUERY, cursor) if cursor is not None else ""
    entries, last_id = fleets.of(org_id).page(after, limit)
    following = cursors.make(org_id, QUERY, last_id) if last_id is not None else None
    body = b'{"data":[%b],"next_cursor":%b}' % (
        b",".join([entry.document() for entry in entries]),
        render.encode(following),
    )
    return Response(body, media_type=JSON)


@get(
    "/v1/vehicles/{vehicle_id:str}",
    opt=needs("fleet.read"),
    tags=["vehicles"],
    summary="One vehicle",
    operation_id="getVehicle",
    responses={
        200: ResponseSpec(VehicleDetail, generate_examples=False, description="The vehicle and its signals."),
        **problems(400, 401, 403, 404, 422, 503),
    },
)
async def get_vehicle(
    request: Request[Any, Any, Any],
    vehicle_id: Annotated[str, PathParameter(description="The vehicle's id.")],
) -> Response[bytes]:
    """The vehicle's summary and every signal that it ever reported, with the age of each value."""
    org_id = session_of(request).scope.org_id
    deps: ApiDeps = request.app.state.deps
    fleets: Fleets = request.app.state.fleets
    found = fleets.find(org_id, vehicle_id)
    if found is None:
        raise not_found()
    _, entry = found
    item = await deps.store.get(STATES, org_id, vehicle_id)
    stored = decode_state(item.data["snapshot"]) if item else StateSnapshot()
    now_ns = deps.clock.now_ns()
    summary = max(entry.summary, summary_of(stored), key=lambda summary: (summary.updated_at_ns, summary.last_seen_ns))
    judged = continued(entry.judged, judge(summary, now_ns), now_ns)
    shown = render.vehicle(entry.identity, summary, judged)
    detail = VehicleDetail(**msgspec.structs.asdict(shown), signals=render.signals(stored.fields, now_ns))
    return Response(render.encode(detail), media_type=JSON)
