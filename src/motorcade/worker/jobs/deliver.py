"""Deliveries: a row of the outbox on its way through one channel. Every channel has a line of its own."""

import msgspec

from motorcade.domain.errors import Invalid
from motorcade.observability.crash_points import crashpoint
from motorcade.ports.notify import Channel, OutboxRow
from motorcade.worker.job import Job, JobKind

LIMIT_S = 10.0
"""For one delivery: a channel that has not answered by then hangs, and the row is tried again."""
AT_ONCE = 64
"""Deliveries of one channel at a time; they mostly wait for somebody else."""
PER_ORG = 4
"""Of one organisation: with its own channel hanging it takes up a sixteenth of the line."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(OutboxRow).decode


def encode_row(row: OutboxRow) -> bytes:
    """A row as a message's body."""
    return _encode(row)


def decode_row(body: bytes) -> OutboxRow:
    """The row in a message's body.

    Raises:
        Invalid: it is none.
    """
    try:
        return _decode(body)
    except msgspec.DecodeError as error:
        raise Invalid(f"a delivery's body is no outbox row: {error}") from error


def line_of(channel: Channel) -> str:
    """The name of a channel's line."""
    return f"deliver.{channel.name}"


def delivery(channel: Channel) -> JobKind:
    """The kind of job that delivers through a channel."""

    async def deliver(job: Job) -> None:
        row = decode_row(job.body)
        if row.org_id != job.org_id:
            raise Invalid("a delivery names another organisation than its row")
        await channel.deliver(row)
        crashpoint("worker.delivered_not_done")

    return JobKind(line_of(channel), deliver, at_once=AT_ONCE, per_org=PER_ORG, limit_s=LIMIT_S)
