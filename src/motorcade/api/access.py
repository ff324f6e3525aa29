"""Who may call what: every operation declares the permission that it needs, or that it is public.

An operation without a declaration does not get past the start of the program (`check_declared`).
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler

from motorcade.api.deps import ApiDeps
from motorcade.api.problems import ApiProblem
from motorcade.domain.tenant import Role
from motorcade.ports.identity import Session

Permission = Literal["own.session", "fleet.read"]

GRANTED: Final[Mapping[Role, frozenset[Permission]]] = {
    "owner": frozenset({"own.session", "fleet.read"}),
    "admin": frozenset({"own.session", "fleet.read"}),
    "manager": frozenset({"own.session", "fleet.read"}),
    "viewer": frozenset({"own.session", "fleet.read"}),
    "driver": frozenset({"own.session"}),  # sees assigned cars only, and nothing is assigned yet
}
PUBLIC: Final = {"public": True}


def needs(permission: Permission) -> dict[str, Any]:
    """The declaration of an operation, for its handler's `opt`."""
    return {"needs": permission}


def check_declared(handlers: Iterable[HTTPRouteHandler]) -> None:
    """Stop the start when an operation declares nothing.

    Raises:
        RuntimeError: names the operation.
    """
    for handler in handlers:
        if not handler.opt.get("public") and handler.opt.get("needs") is None:
            raise RuntimeError(f"operation {handler.handler_name} declares no permission and is not public")


async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """The framework's guard of every operation; puts the session into the connection's state.

    Raises:
        ApiProblem: nobody is signed in, or the role does not allow it.
    """
    if handler.opt.get("public"):
        return
    if "needs" not in handler.opt:  # the framework's own OPTIONS; we answer no other origin, so nobody needs it
        methods = connection.app.route_handler_method_map[connection.scope["path_template"]]
        allowed = ", ".join(sorted(method for method in methods if method != "OPTIONS"))
        raise ApiProblem("method-not-allowed", "See the `Allow` header.", headers={"allow": allowed})
    deps: ApiDeps = connection.app.state.deps
    token = token_of(connection, deps)
    session = await deps.identity.session(token) if token else None
    if session is None:
        raise ApiProblem("not-signed-in", "There is no live session; open a sign-in link or use the passphrase.")
    if handler.opt["needs"] not in GRANTED[session.scope.role]:
        raise ApiProblem("not-permitted", f"The role {session.scope.role} does not include this.")
    connection.scope["state"]["session"] = session


def token_of(connection: ASGIConnection[Any, Any, Any, Any], deps: ApiDeps) -> str | None:
    """The session's token as the browser sent it."""
    return connection.cookies.get(deps.settings.cookie)


def session_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Session:
    """The session that the guard found."""
    session = connection.scope["state"]["session"]
    assert isinstance(session, Session)
    return session
