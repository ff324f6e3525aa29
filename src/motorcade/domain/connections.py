"""A vehicle's connections: it is online while at least one of them is open.

Cars change from Wi-Fi to mobile data with overlapping connections, and reports of both arrive in any order. Per id
"closed" wins over "open", so the set is a join like the rest of the state.
"""

from dataclasses import dataclass, field

CLOSED_KEPT = 64
"""Closed ids remembered per vehicle: enough to refuse an "open" that arrives after its "closed"."""


@dataclass(slots=True)
class Connections:
    """Open ids and the latest closed ones, each with the time (ns) of its last change."""

    open: dict[str, int] = field(default_factory=dict)
    closed: dict[str, int] = field(default_factory=dict)
    changed_at_ns: int = 0

    @property
    def online(self) -> bool:
        """Whether any connection is open."""
        return bool(self.open)

    def opened(self, connection_id: str, at_ns: int) -> bool:
        """A connection opened; false when nothing changes (known, or already closed)."""
        if connection_id in self.closed or connection_id in self.open:
            return False
        self.open[connection_id] = at_ns
        self.changed_at_ns = max(self.changed_at_ns, at_ns)
        return True

    def close(self, connection_id: str, at_ns: int) -> bool:
        """A connection closed; false when it was closed before."""
        if connection_id in self.closed:
            return False
        self.open.pop(connection_id, None)
        self.closed[connection_id] = at_ns
        self.changed_at_ns = max(self.changed_at_ns, at_ns)
        while len(self.closed) > CLOSED_KEPT:
            del self.closed[min(self.closed, key=lambda known: (self.closed[known], known))]
        return True
