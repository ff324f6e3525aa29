"""What the web application has to know before it starts, and the API's own description."""

from typing import Any, Final

from litestar import Request, Response, get

from motorcade.api.access import PUBLIC
from motorcade.api.deps import ApiDeps
from motorcade.api.document import problems
from motorcade.api.schemas import MapConfig, WebConfig

OFFLINE_ATTRIBUTION: Final = "© OpenStreetMap contributors · Natural Earth · GeoNames"  # the city's streets are ODbL
ONLINE_ATTRIBUTION: Final = "© OpenStreetMap contributors"


@get(
    "/config.json",
    opt=PUBLIC,
    tags=["system"],
    summary="Configuration of the web application",
    operation_id="getConfig",
    responses=problems(403),
)
async def get_config(request: Request[Any, Any, Any]) -> WebConfig:
    """Holds nothing secret."""
    deps: ApiDeps = request.app.state.deps
    style = deps.settings.map_style_url
    attribution = ONLINE_ATTRIBUTION if style else OFFLINE_ATTRIBUTION
    return WebConfig(MapConfig(style, attribution), deps.settings.version)


@get("/openapi.json", opt=PUBLIC, include_in_schema=False)
async def get_openapi(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The OpenAPI 3.1 description."""
    return Response(request.app.state.document, media_type="application/json")
