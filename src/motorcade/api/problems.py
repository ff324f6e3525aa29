"""Errors over HTTP: RFC 9457 problem documents with a stable `type`, whatever failed.

`CATALOGUE` is the whole list of types; the error tree of `domain/errors.py` and the framework's own errors map onto it
in `problem_of`. Details never repeat what the caller sent, so a foreign id and an unknown one get the same answer.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from motorcade.api.schemas import Problem
from motorcade.domain.errors import Busy, Denied, Invalid, LinkSpent, MotorcadeError, Throttled, Unavailable
from motorcade.observability.logs import get_logger

MEDIA_TYPE: Final = "application/problem+json"
BUSY_RETRY_S: Final = 1
"""How long to wait after `Busy`: such limits are passed within a tick or two."""
UNAVAILABLE_RETRY_S: Final = 5

CATALOGUE: Final[Mapping[str, tuple[int, str]]] = {
    "malformed": (400, "The request cannot be read"),
    "not-signed-in": (401, "Sign in first"),
    "invalid-credentials": (401, "These credentials do not sign anyone in"),
    "link-spent": (401, "This sign-in link was used before"),
    "link-not-local": (403, "A sign-in link works only on the machine itself"),
    "cross-site": (403, "Requests from other sites are refused"),
    "not-permitted": (403, "Your role does not allow this"),
    "wrong-passphrase": (403, "The current passphrase is wrong"),
    "not-found": (404, "There is no such thing"),
    "method-not-allowed": (405, "This address has no such method"),
    "too-slow": (408, "The request took too long to arrive"),
    "too-large": (413, "The request is too large"),
    "not-json": (415, "The body must be application/json"),
    "wrong-host": (421, "This server does not answer to that name"),
    "invalid": (422, "The request is understood and wrong"),
    "too-many-tries": (429, "Too many tries"),
    "too-many-streams": (429, "Too many live streams are open"),
    "internal": (500, "Something broke on our side"),
    "unavailable": (503, "Something that is needed for this is away"),
}
_BY_STATUS: Final = {
    400: "malformed",
    401: "not-signed-in",
    403: "not-permitted",
    404: "not-found",
    405: "method-not-allowed",
    413: "too-large",
    415: "not-json",
}

_log = get_logger(__name__)


class ApiProblem(Exception):
    """A request that fails with a type of the catalogue."""

    def __init__(self, slug: str, detail: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.slug = slug
        self.detail = detail
        self.headers = dict(headers or {})

    @property
    def status(self) -> int:
        """The HTTP status of its type."""
        return CATALOGUE[self.slug][0]

    def body(self, request_id: str) -> bytes:
        """The document."""
        status, title = CATALOGUE[self.slug]
        return msgspec.json.encode(
            Problem(f"/problems/{self.slug}", title, status, self.detail, f"urn:uuid:{request_id}", request_id)
        )


def not_found() -> ApiProblem:
    """The one answer for unknown, malformed and foreign ids."""
    return ApiProblem("not-found", "Nothing is stored under this id; the list shows what is.")


def problem_of(error: Exception) -> ApiProblem:
    """What an error becomes for the caller; an unknown one tells nothing about itself."""
    if isinstance(error, ApiProblem):
        return error
    if isinstance(error, MotorcadeError):
        return _of_ours(error)
    if isinstance(error, ValidationException):
        return ApiProblem("invalid", _validation_detail(error))
    if isinstance(error, RecursionError):  # the decoder's own guard against nesting
        return ApiProblem("malformed", "The body is nested too deeply.")
    if isinstance(error, HTTPException) and error.status_code in _BY_STATUS:
        return _of_framework(error)
    return ApiProblem("internal", "The error is logged under the request's id.")


def _of_ours(error: MotorcadeError) -> ApiProblem:
    text = str(error)
    match error:
        case LinkSpent():
            return ApiProblem("link-spent", text)
        case Throttled():
            return ApiProblem("too-many-tries", text, headers={"retry-after": str(error.retry_after_s)})
        case Denied():
            return ApiProblem("not-permitted", text)
        case Invalid():
            return ApiProblem("invalid", text)
        case Busy():
            detail = "A limit is reached for the moment; send the same again."
            return ApiProblem("unavailable", detail, headers={"retry-after": str(BUSY_RETRY_S)})
        case Unavailable():
            detail = "The store does not answer; try again in a few seconds."
            return ApiProblem("unavailable", detail, headers={"retry-after": str(UNAVAILABLE_RETRY_S)})
        case _:
            return ApiProblem("internal", "The error is logged under the request's id.")


def _of_framework(error: HTTPException) -> ApiProblem:
    slug = _BY_STATUS[error.status_code]
    details = {
        "malformed": "The body or a parameter cannot be decoded; see the API description.",
        "not-found": "No such address; see /openapi.json.",
        "method-not-allowed": "See the `Allow` header.",
        "too-large": "The body is larger than any that this API takes.",
    }
    allowed = {key: value for key, value in (error.headers or {}).items() if key.lower() == "allow"}
    return ApiProblem(slug, details.get(slug, CATALOGUE[slug][1]), headers=allowed)


def _validation_detail(error: ValidationException) -> str:
    """Names the fields and rules; values are left out, one may be a passphrase."""
    extra = error.extra if isinstance(error.extra, list) else []
    parts = [f"{item.get('key') or 'body'}: {item.get('message', 'is wrong')}" for item in extra if item]
    return "; ".join(parts) or "The request does not fit the API description."


def respond(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The framework's exception handler for everything; logs what nobody foresaw, once."""
    problem = problem_of(error)
    request_id = request.scope["state"].get("request_id", "")
    if problem.status == CATALOGUE["internal"][0]:
        _log.error("request_failed", request_id=request_id, exc_info=error)
    return Response(
        problem.body(request_id), status_code=problem.status, media_type=MEDIA_TYPE, headers=problem.headers
    )
