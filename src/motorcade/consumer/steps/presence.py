"""Step 4: connectivity reports of our own gateway open and close connections."""

from motorcade.consumer.context import Outcome, Work


def presence(work: Work) -> Outcome | None:
    """Apply news of a connection; a closed id never opens again, in whatever order the two arrive."""
    if work.connection is not None:
        connection_id, opened = work.connection
        connections = work.vehicle.connections
        work.changed = (connections.opened if opened else connections.close)(connection_id, work.frame[8])
    return None
