"""Stops: the time between trips, manoeuvres passed over, and what happened unseen meanwhile."""

from motorcade.domain.episodes.stop import Stop
from tests.unit.domain.episodes.driving import Folding, Story, after_s, at, fold, of_kind, only, place, trips


def one_trip() -> Story:
    return Story().parked().say(100, gear="D", speed_kmh=0.0).go(2_000).say(1, speed_kmh=0.0, gear="P")


def again(story: Story, metres: float = 2_000.0) -> Story:
    return story.say(1, gear="D").go(metres).say(1, speed_kmh=0.0, gear="P").wait(900)


def stops(story: Story) -> list[Stop]:
    return of_kind(fold(story), Stop)


def test_a_parked_cars_stop_is_open() -> None:
    found = only(stops(one_trip().wait(900)))
    assert after_s(found.started_at_ns) == 301
    assert found.ended_at_ns is None
    assert found.trip_after is None
    assert found.location == place(2_000)


def test_a_stop_lies_between_two_trips_and_names_them() -> None:
    story = again(one_trip().say(3_000, battery_pct=77.0))
    first, second = trips(story)
    found = stops(story)[0]
    assert (found.trip_before, found.trip_after) == (first.id, second.id)
    assert (found.started_at_ns, found.ended_at_ns) == (first.ended_at_ns, second.started_at_ns)
    assert (found.first_record, found.last_record) == (first.last_record, second.first_record)
    assert (found.soc_start_pct, found.soc_end_pct) == (80.0, 77.0)
    assert (found.confidence, found.reasons) == (1.0, ())


def test_no_stop_is_told_of_before_the_first_trip() -> None:
    assert not stops(Story().parked().wait(10_000))


def test_a_manoeuvre_does_not_end_a_stop() -> None:
    story = again(again(one_trip().say(3_000, battery_pct=77.0), metres=30).say(2_000, battery_pct=76.0))
    first, second = stops(story)
    assert first.trip_before == trips(story)[0].id
    assert first.trip_after == trips(story)[1].id
    assert second.ended_at_ns is None


def test_a_stop_is_not_over_before_its_trip_is_more_than_a_manoeuvre() -> None:
    folding = Folding()
    story = one_trip().say(3_000, battery_pct=77.0)
    words = story.words + again(Story(story.now_s, story.north_m, story.odometer_km), 60).words
    for word in words:
        folding.take(word)
    assert [row.ended_at_ns for row in folding.view(word.at_ns) if isinstance(row, Stop)] == [None]


def test_a_place_that_changed_unseen_is_named() -> None:
    story = one_trip().say(3_000, battery_pct=77.0)
    story.north_m += 5_000
    story.say(3_000, location=place(story.north_m))
    found = stops(again(story))[0]
    assert found.moved_m > 4_900
    assert "moved_unseen" in found.reasons
    assert found.confidence < 0.5


def test_an_odometer_that_gained_unseen_is_named_and_no_trip_is_invented() -> None:
    story = one_trip().say(3_000, battery_pct=77.0)
    story.north_m += 20_000
    story.odometer_km += 25.0
    story.say(7_200, location=place(story.north_m), odometer_km=story.odometer_km)
    story = again(story)
    found = stops(story)[0]
    assert len(trips(story)) == 2
    assert 24_000 < found.unseen_m < 26_000
    assert "odometer_gained" in found.reasons
    assert all(one.distance_m < 2_100 for one in trips(story))


def test_a_late_last_odometer_is_no_unseen_trip() -> None:
    story = one_trip()
    story.say(4_000, odometer_km=round(story.odometer_km, 4))
    assert stops(again(story))[0].reasons == ()


def test_a_new_stop_begins_where_the_trip_ended() -> None:
    folding = Folding()
    for word in one_trip().words:
        folding.take(word)
    found = only([row for row in folding.view(at(601)) if isinstance(row, Stop)])
    assert after_s(found.started_at_ns) == 301
