"""Sign in, who am I, sign out, passphrase."""

from ipaddress import ip_address
from typing import Any, Final

from litestar import Request, Response, delete, get, post, put
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody
from msgspec import UNSET

from motorcade.api import schemas
from motorcade.api.access import PUBLIC, needs, session_of, token_of
from motorcade.api.deps import ApiDeps, ApiSettings
from motorcade.api.document import problems
from motorcade.api.problems import ApiProblem
from motorcade.api.render import encode, time_text
from motorcade.api.schemas import NamedId, NewPassphrase, SignIn, User
from motorcade.domain.errors import Denied, LinkSpent
from motorcade.domain.record import NS_PER_S
from motorcade.ports import identity

_NO_CONTENT: Final = 204
_CREATED: Final = 201
JSON: Final = "application/json"


@post(
    "/v1/session",
    opt=PUBLIC,
    tags=["session"],
    summary="Sign in",
    operation_id="signIn",
    responses={
        _CREATED: ResponseSpec(schemas.Session, generate_examples=False, description="Signed in; the cookie is set."),
        **problems(400, 401, 403, 413, 415, 422, 429, 503),
    },
)
async def sign_in(request: Request[Any, Any, Any], data: JSONBody[SignIn]) -> Response[bytes]:
    """Open a session by a one-time link or by the passphrase.

    A link works once, for fifteen minutes, and only on the machine itself.
    """
    deps: ApiDeps = request.app.state.deps
    if (data.link_token is UNSET) == (data.passphrase is UNSET):
        raise ApiProblem("invalid", "Give either `link_token` or `passphrase`.")
    caller = request.scope["client"][0] if request.scope["client"] else ""
    try:
        if isinstance(data.link_token, str):
            _require_local(request, caller)
            token, session = await deps.identity.redeem_link(data.link_token)
        else:
            token, session = await deps.identity.sign_in(str(data.passphrase), caller)
    except LinkSpent as error:
        at = time_text(error.used_at_s * NS_PER_S)
        raise ApiProblem("link-spent", f"It was used at {at}. `motorcade open` prints a new one.") from error
    except Denied as error:
        detail = "Unknown, expired or wrong. `motorcade open` on the server prints a fresh sign-in link."
        raise ApiProblem("invalid-credentials", detail) from error
    life_s = max(0, session.expires_at_s - deps.clock.now_ns() // NS_PER_S)
    headers = {"set-cookie": cookie(deps.settings, token, life_s)}
    return Response(encode(view(session)), status_code=_CREATED, media_type=JSON, headers=headers)


@get(
    "/v1/session",
    opt=needs("own.session"),
    tags=["session"],
    summary="Who is signed in",
    operation_id="getSession",
    responses=problems(401, 403, 503),
)
async def get_session(request: Request[Any, Any, Any]) -> schemas.Session:
    """The person and the organisation behind the cookie."""
    return view(session_of(request))


@delete(
    "/v1/session",
    opt=PUBLIC,
    tags=["session"],
    summary="Sign out",
    operation_id="signOut",
    status_code=_NO_CONTENT,
    responses=problems(403, 503),
)
async def sign_out(request: Request[Any, Any, Any]) -> Response[None]:
    """Revoke the session and clear the cookie; without a session it only clears."""
    deps: ApiDeps = request.app.state.deps
    token = token_of(request, deps)
    if token:
        await deps.identity.sign_out(token)
    return Response(None, status_code=_NO_CONTENT, headers={"set-cookie": cookie(deps.settings, "", 0)})


@put(
    "/v1/session/passphrase",
    opt=needs("own.session"),
    tags=["session"],
    summary="Set or change the passphrase",
    operation_id="setPassphrase",
    status_code=_NO_CONTENT,
    responses=problems(400, 401, 403, 413, 415, 422, 503),
)
async def set_passphrase(request: Request[Any, Any, Any], data: JSONBody[NewPassphrase]) -> None:
    """Signs the person out everywhere else."""
    deps: ApiDeps = request.app.state.deps
    try:
        await deps.identity.set_passphrase(session_of(request), data.passphrase, data.current)
    except Denied as error:
        raise ApiProblem("wrong-passphrase", "Give the passphrase in force as `current`.") from error


def view(session: identity.Session) -> schemas.Session:
    """A session as the API shows it."""
    scope = session.scope
    return schemas.Session(
        User(scope.user_id, session.user_name, scope.role),
        NamedId(scope.org_id, session.org_name),
        session.passphrase_set,
        time_text(session.expires_at_s * NS_PER_S),
    )


def cookie(settings: ApiSettings, token: str, life_s: int) -> str:
    """The Set-Cookie value: invisible to scripts, never sent along from other sites."""
    secure = "; Secure" if settings.secure else ""
    return f"{settings.cookie}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={life_s}{secure}"


def _require_local(request: Request[Any, Any, Any], caller: str) -> None:
    """A link is for whoever sits at the machine; behind a proxy everyone would look like that."""
    forwarded = any(name in request.headers for name in ("forwarded", "x-forwarded-for", "x-real-ip"))
    try:
        local = ip_address(caller).is_loopback
    except ValueError:
        local = False
    if forwarded or not local:
        raise ApiProblem("link-not-local", "Open the link in a browser on the server, or use the passphrase.")
