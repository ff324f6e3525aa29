"""A vehicle is online while one of its connections is open; "closed" wins in any order of arrival."""

from itertools import permutations

from motorcade.domain.connections import CLOSED_KEPT, Connections


def test_overlapping_connections_keep_the_vehicle_online() -> None:
    connections = Connections()
    connections.opened("wifi", 1)
    connections.opened("cellular", 5)
    connections.close("wifi", 6)
    assert connections.online
    connections.close("cellular", 9)
    assert not connections.online
    assert connections.changed_at_ns == 9


def test_every_order_of_reports_ends_the_same() -> None:
    reports = [("a", True, 1), ("b", True, 2), ("a", False, 3), ("b", True, 2), ("a", True, 1)]
    ends = set()
    for order in permutations(reports):
        connections = Connections()
        for connection_id, is_open, at_ns in order:
            (connections.opened if is_open else connections.close)(connection_id, at_ns)
        ends.add((tuple(connections.open), tuple(connections.closed), connections.changed_at_ns))
    assert ends == {(("b",), ("a",), 3)}


def test_closed_ids_are_forgotten_oldest_first_beyond_the_limit() -> None:
    connections = Connections()
    for number in range(CLOSED_KEPT + 3):
        connections.close(f"c{number}", number)
    assert len(connections.closed) == CLOSED_KEPT
    assert "c2" not in connections.closed
    assert "c3" in connections.closed
