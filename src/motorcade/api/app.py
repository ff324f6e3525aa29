"""Puts the room together: routes, guards, error documents, the web application and the outermost layer."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from litestar import Litestar
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler

from motorcade.api.access import check_declared, guard
from motorcade.api.cursor import Cursors
from motorcade.api.deps import ApiDeps
from motorcade.api.document import openapi
from motorcade.api.edge import Edge
from motorcade.api.fleet_live import FleetLive
from motorcade.api.problems import respond
from motorcade.api.routes import config, health, live, session, vehicles, web

MAX_BODY_BYTES: Final = 16 * 1024
"""Our largest body is a passphrase change of 2 kB."""

OPERATIONS: Final[tuple[HTTPRouteHandler, ...]] = (
    session.sign_in,
    session.get_session,
    session.sign_out,
    session.set_passphrase,
    vehicles.list_vehicles,
    vehicles.get_vehicle,
    live.stream_live,
    health.get_health,
    health.get_readiness,
    config.get_config,
    config.get_openapi,
)


def create_app(deps: ApiDeps) -> Litestar:
    """The room as an ASGI application; its start-up reads the fleets, `live_of(app).stop()` ends the streams."""
    check_declared(OPERATIONS)
    fleet_live = FleetLive(deps)
    state = State({"deps": deps, "live": fleet_live, "fleets": fleet_live.fleets})
    state.document = openapi(OPERATIONS, deps.settings.version)

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncGenerator[None, None]:
        app.state.cursors = Cursors(await deps.keys.signing_key("cursor"))
        await fleet_live.start()
        try:
            yield
        finally:
            await fleet_live.stop()

    app = Litestar(
        route_handlers=list(OPERATIONS),
        guards=[guard],
        exception_handlers={Exception: respond},
        lifespan=[lifespan],
        state=state,
        openapi_config=None,
        request_max_body_size=MAX_BODY_BYTES,
        debug=False,
    )
    app.asgi_handler = Edge(app.asgi_handler, web.WebApp(deps.settings.web_dir), deps)
    return app


def live_of(app: Litestar) -> FleetLive:
    """The live side of an application."""
    fleet_live = app.state.live
    assert isinstance(fleet_live, FleetLive)
    return fleet_live
