"""One vehicle's bad records are its own matter; many vehicles' bad records stop the partition."""

from motorcade.consumer.dead_letters import BRAKE_WINDOW_NS, Brakes


def with_active(count: int) -> Brakes:
    brakes = Brakes()
    for number in range(count):
        brakes.active["org", str(number)] = 1
    return brakes


def test_one_vehicle_never_stops_the_others() -> None:
    brakes = with_active(5)
    for _ in range(1000):
        brakes.failed(("org", "0"), 2)
    assert not brakes.must_stop(2)


def test_a_tenth_of_the_active_vehicles_stops_the_partition() -> None:
    brakes = with_active(40)
    for number in range(3):
        brakes.failed(("org", str(number)), 2)
    assert not brakes.must_stop(2)
    brakes.failed(("org", "3"), 2)
    assert brakes.must_stop(2)


def test_fewer_than_three_vehicles_never_stop_it() -> None:
    brakes = with_active(2)
    brakes.failed(("org", "0"), 2)
    brakes.failed(("org", "1"), 2)
    assert not brakes.must_stop(2)


def test_bad_records_are_forgiven_after_the_window() -> None:
    brakes = with_active(3)
    for number in range(3):
        brakes.failed(("org", str(number)), 2)
    assert brakes.must_stop(2)
    assert not brakes.must_stop(2 + BRAKE_WINDOW_NS + 1)
