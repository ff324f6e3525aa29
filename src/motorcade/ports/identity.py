"""Identity: who signs in, and which session speaks for whom.

Contract:
- Secrets (links, session tokens, passphrases) are kept only as hashes. Answers for wrong, unknown and spent
  credentials take the same time and differ only where the one who asks may know (a spent link says so).
- A link works once, for its life, and only where the caller is on loopback.
- A revoked or expired session is refused at once.
"""

from dataclasses import dataclass
from typing import Protocol

from motorcade.domain.tenant import OrgScope


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in person. Times in epoch seconds."""

    scope: OrgScope
    user_name: str
    org_name: str
    expires_at_s: int
    passphrase_set: bool


class Identity(Protocol):
    """Sign-in and sessions."""

    async def make_link(self) -> str:
        """A one-time sign-in token (15 minutes) for the owner of this installation."""
        ...

    async def redeem_link(self, token: str) -> tuple[str, Session]:
        """Spend a link; gives the new session's token and the session.

        Raises:
            Denied: unknown or expired. `LinkSpent`: it was used before (says when).
        """
        ...

    async def sign_in(self, passphrase: str, caller: str) -> tuple[str, Session]:
        """Open a session by passphrase; `caller` (an address) is throttled.

        Raises:
            Denied: wrong passphrase or none is set.
            Busy: too many tries; `retry_after_s` says how long to wait.
        """
        ...

    async def session(self, token: str) -> Session | None:
        """The live session of a token, else None."""
        ...

    async def sign_out(self, token: str) -> None:
        """Revoke a session. Idempotent."""
        ...

    async def set_passphrase(self, session: Session, new: str, current: str | None) -> None:
        """Set or change the passphrase (≥ 15 characters); ends the person's other sessions.

        Raises:
            Invalid: too short or too long (1,024). Denied: `current` is wrong or missing though one is set.
        """
        ...

    async def passphrase_set(self) -> bool:
        """Whether the owner has a passphrase: needed before anything listens beyond loopback."""
        ...
