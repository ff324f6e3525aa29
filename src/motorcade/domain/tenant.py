"""Who asks, and for which organisation.

An `OrgScope` is the only way to an organisation's data; a `SystemScope` the only way to platform tables. Both are
made in few places, which a test lists.
"""

from dataclasses import dataclass
from typing import Literal

Role = Literal["owner", "admin", "manager", "driver", "viewer"]


@dataclass(frozen=True, slots=True)
class OrgScope:
    """One person or program acting inside one organisation. Made only by identity code."""

    org_id: str
    user_id: str
    role: Role
    membership_version: int = 1


@dataclass(frozen=True, slots=True)
class SystemScope:
    """The platform itself; `reason` names which part, for audit and logs."""

    reason: str

    def acting_for(self, org_id: str) -> OrgScope:
        """A scope of the platform inside one organisation, for records that carry their organisation."""
        return OrgScope(org_id, f"system:{self.reason}", "owner", 0)
