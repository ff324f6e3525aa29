"""Feeds readings to the charging reducer as the fold does, without the other reducers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

import msgspec
from tesla_protocol.telemetry.vehicle_data_pb2 import Payload

from motorcade.domain.episodes import charge
from motorcade.domain.episodes.charge import Charge, ChargeRules, ChargeState
from motorcade.domain.episodes.episode import Episode
from motorcade.domain.episodes.moment import Latest, Moment, Report
from motorcade.domain.record import NS_PER_S
from motorcade.domain.signal import by_name
from motorcade.domain.state import Value
from motorcade.wire.tesla.decode import decode_vehicle_data
from motorcade.wire.tesla.recorded import parse_recording
from tests.conditions import shared_data

VEHICLE: Final = "V"
RULES: Final = ChargeRules()
BEGIN_NS: Final = 1_700_000_000 * NS_PER_S
_PACK: Final = msgspec.msgpack.Encoder()
_UNPACK: Final = msgspec.msgpack.Decoder(ChargeState)


def at(seconds: float) -> int:
    """A time of a test's story."""
    return BEGIN_NS + round(seconds * NS_PER_S)


def report(seconds: float, **readings: Value) -> Report:
    """A record with readings by our names, at a second of the story."""
    at_ns = at(seconds)
    values = tuple((by_name(name).number, value) for name, value in readings.items())
    return Report(at_ns, blake2b(repr((at_ns, values)).encode(), digest_size=16).digest(), values)


def connection(seconds: float, *, opened: bool) -> Report:
    """A record of our gateway."""
    at_ns = at(seconds)
    return Report(at_ns, b"link" + at_ns.to_bytes(12, "big"), connection=("c", opened))


@dataclass
class Car:
    """One car's records through the reducer."""

    rules: ChargeRules = RULES
    state: ChargeState = field(default_factory=charge.start)
    latest: Latest = field(default_factory=Latest)
    at_ns: int = 0
    finals: list[Episode] = field(default_factory=list)
    coded: bool = False
    fences: tuple[str, ...] = ()

    def take(self, one: Report) -> None:
        """Fold one record."""
        changed = self.latest.take(one.readings, one.effective_at_ns)
        if self.coded:
            self.state = _UNPACK.decode(_PACK.encode(self.state))
        presence = None if one.connection is None else one.connection[1]
        moment = Moment(
            vehicle_id=VEHICLE,
            at_ns=one.effective_at_ns,
            record_id=one.record_id,
            previous_at_ns=self.at_ns,
            latest=self.latest,
            changed=changed,
            presence=presence,
            fences=self.fences,
        )
        self.at_ns = one.effective_at_ns
        self.finals += charge.step(self.state, moment, self.rules)

    def view(self, horizon_ns: int) -> list[Episode]:
        """What is not final at a horizon."""
        return charge.view(self.state, max(horizon_ns, self.at_ns), self.rules)

    def rows(self, horizon_ns: int | None = None) -> list[Charge]:
        """All rows at a horizon, the last record's by default; the last word on each id."""
        rows = {row.id: row for row in self.finals}
        rows |= {row.id: row for row in self.view(self.at_ns if horizon_ns is None else horizon_ns)}
        return sorted((row for row in rows.values() if isinstance(row, Charge)), key=lambda row: row.started_at_ns)


def folded(reports: Iterable[Report], rules: ChargeRules = RULES) -> Car:
    """A car after its records in order."""
    car = Car(rules)
    for one in sorted(reports, key=lambda one: one[:2]):
        car.take(one)
    return car


def recorded(name: str) -> Sequence[Report]:
    """The records of a recorded stream."""
    lines = (shared_data("tesla-streams") / name).read_text(encoding="utf-8").splitlines()
    reports = []
    for number, recorded_message in enumerate(parse_recording(lines).messages):
        message = recorded_message.parse("5YJ3E7EA0SIM00000")
        assert isinstance(message, Payload)
        readings = tuple(decode_vehicle_data(message.SerializeToString()))
        reports.append(Report(message.created_at.ToNanoseconds(), number.to_bytes(16, "big"), readings))
    return reports
