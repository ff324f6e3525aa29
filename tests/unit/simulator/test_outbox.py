from hypothesis import given
from hypothesis import strategies as st

from motorcade.simulator.outbox import MOST_KEPT, Outbox, Report


def report(at: int, *fields: tuple[int, bytes]) -> Report:
    return Report(at, fields or ((4, b"speed"),))


def test_messages_leave_in_order_and_an_acknowledged_one_is_forgotten() -> None:
    outbox = Outbox()
    outbox.put(report(1))
    outbox.put(report(2))
    first = outbox.take()
    assert first == report(1)
    outbox.sent(b"a", report(1))
    assert outbox.acknowledge(b"a")
    assert len(outbox) == 1


def test_a_second_or_unknown_acknowledgement_changes_nothing() -> None:
    outbox = Outbox()
    outbox.sent(b"a", report(1))
    assert outbox.acknowledge(b"a")
    assert not outbox.acknowledge(b"a")
    assert not outbox.acknowledge(b"never sent")


def test_what_was_sent_in_vain_goes_again_as_one_marked_message_before_all_else() -> None:
    outbox = Outbox()
    for at, fields in ((1, ((4, b"slow"), (10, b"P"))), (2, ((4, b"fast"),))):
        outbox.sent(b"%d" % at, Report(at, fields))
    outbox.put(report(3))
    assert outbox.rewind() == 2
    assert outbox.take() == Report(2, ((10, b"P"), (4, b"fast")), resend=True)
    assert outbox.take() == report(3)
    assert outbox.take() is None


def test_what_was_never_sent_keeps_its_own_time_and_is_no_repetition() -> None:
    outbox = Outbox()
    outbox.put(report(1))
    assert outbox.rewind() == 0
    assert outbox.take() == report(1)


def test_no_more_than_five_thousand_messages_are_kept_and_the_oldest_go_first() -> None:
    outbox = Outbox()
    outbox.sent(b"old", report(0))
    for at in range(1, MOST_KEPT + 10):
        outbox.put(report(at))
    assert len(outbox) == MOST_KEPT
    assert outbox.dropped == 10
    assert outbox.take() == report(10)


@given(st.lists(st.tuples(st.integers(0, 99), st.dictionaries(st.integers(1, 5), st.binary(max_size=2)))))
def test_a_merged_repetition_holds_the_newest_value_of_every_field(sent: list[tuple[int, dict[int, bytes]]]) -> None:
    outbox = Outbox()
    newest: dict[int, bytes] = {}
    for number, (at, fields) in enumerate(sent):
        outbox.sent(b"%d" % number, Report(at, tuple(fields.items())))
    for _, fields in sorted(sent, key=lambda one: one[0]):
        newest |= fields
    assert outbox.rewind() == len(sent)
    merged = outbox.take()
    if not sent:
        assert merged is None
        return
    assert merged is not None
    assert merged.resend
    assert dict(merged.entries) == newest
    assert merged.created_at_ns == max(at for at, _ in sent)
