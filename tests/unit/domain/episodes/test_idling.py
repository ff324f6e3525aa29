"""Idling: in gear, or ready, at a standstill that records have shown to be long enough."""

import pytest

from motorcade.domain.episodes.idling import Idling
from tests.unit.domain.episodes.driving import Folding, Story, after_s, fold, of_kind, only, trips


def standing() -> Story:
    return Story().parked().say(100, gear="D", speed_kmh=0.0).go(1_000).say(1, speed_kmh=0.0)


def idlings(story: Story) -> list[Idling]:
    return of_kind(fold(story), Idling)


def test_a_long_standstill_in_gear_is_idling_of_its_trip() -> None:
    story = standing().chat(150).go(1_000).say(1, speed_kmh=0.0, gear="P").wait(900)
    found = only(idlings(story))
    assert (after_s(found.started_at_ns), after_s(found.ended_at_ns)) == (201, 352)
    assert found.trip_id == only(trips(story)).id


@pytest.mark.parametrize("seconds", [30, 100, 117])
def test_a_shorter_one_is_none(seconds: float) -> None:
    assert not idlings(standing().chat(seconds).go(1_000).say(1, speed_kmh=0.0, gear="P").wait(900))


def test_p_ends_it() -> None:
    found = only(idlings(standing().chat(200).say(5, gear="P").chat(900)))
    assert after_s(found.ended_at_ns) == 406


def test_it_goes_on_when_its_trip_has_ended() -> None:
    story = standing().chat(1_200).say(5, gear="P").wait(900)
    found = only(idlings(story))
    assert after_s(found.ended_at_ns) == 1_406
    assert found.trip_id == only(trips(story)).id


def test_a_parked_car_that_is_ready_to_drive_idles_too_but_not_while_it_charges() -> None:
    ready = Story().parked().say(100, drive_rail_on=True).chat(300).say(5, drive_rail_on=False).wait(900)
    found = only(idlings(ready))
    assert (after_s(found.started_at_ns), after_s(found.ended_at_ns)) == (100, 405)
    charging = Story().parked().say(1, charge_state="Charging").say(100, drive_rail_on=True).chat(300).wait(900)
    assert not idlings(charging)


def test_a_car_whose_p_was_lost_does_not_idle_once_it_is_locked_or_has_no_speed() -> None:
    locked = only(idlings(standing().chat(150).say(5, locked=True).chat(3_000)))
    assert after_s(locked.ended_at_ns) == 356
    assert not idlings(standing().say(5, speed_kmh=None).chat(3_000))


def test_a_silence_is_no_witness() -> None:
    story = standing().wait(600).go(1_000).say(1, speed_kmh=0.0, gear="P").wait(900)
    assert not idlings(story)


def test_a_silence_that_lasts_ends_it_with_the_last_word() -> None:
    found = only(idlings(standing().chat(240).wait(4_000).say(gear="P")))
    assert after_s(found.ended_at_ns) == 441


def test_it_is_shown_as_soon_as_it_is_long_enough() -> None:
    folding = Folding()
    shown = [[row.kind for row in folding.take(word)] for word in standing().chat(150, 10).words]
    assert shown.count(["idling"]) == 1
