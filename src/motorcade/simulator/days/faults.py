"""What goes wrong between a car and the stream. All off by default; the same seed gives the same faults."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Faults:
    """Probabilities and sizes. `Faults()` is a perfect network; `Faults.severe()` is a bad one.

    Nothing is hidden for which no evidence at all arrives: alerts are never lost for ever, a hole without data lies
    inside a trip and never over its ends, and what a car measured without a network arrives later.
    """

    loss: float = 0.0
    """Share of single records that never arrive."""
    duplicate: float = 0.0
    """Share of records that the stream holds twice, byte for byte."""
    reencoded: float = 0.0
    """Share of records that arrive a second time with their fields in another order: another record id."""
    reorder: float = 0.0
    """Share of records that the stream holds up to twenty places too late."""
    dead_zones: float = 0.0
    """Expected number, a day, of stretches without a network (seconds to an hour): what the car kept arrives in a
    burst afterwards."""
    late_hours: float = 0.0
    """Probability of a stretch of one hour to two days without a network; what happened in it arrives when it ends."""
    skew_s: float = 0.0
    """The car's clock is off by up to so many seconds, fast or slow, all day."""
    jump_s: float = 0.0
    """After waking a car's clock is sometimes ahead by up to so many seconds, and corrected some minutes later."""
    jump: float = 0.0
    """Probability of that, per waking."""
    silence: float = 0.0
    """Probability, per trip of more than ten minutes, of a hole of one to four minutes whose data never arrive."""
    stray: float = 0.0
    """Probability, per standstill of ten minutes or more, of some fixes that lie 15 to 60 m off, as in a garage. The
    ordinary few metres are always there."""
    resends: float = 1.0
    """Expected number, a day, of times the car misses acknowledgements and sends what it had sent again, merged into
    one report. An everyday habit, so it is there by default."""

    @classmethod
    def none(cls) -> "Faults":
        """Return a perfect network without even resends."""
        return cls(resends=0.0)

    @classmethod
    def severe(cls) -> "Faults":
        """Return the preset under which the promises about trips and charges are measured."""
        return cls(
            loss=0.003,
            duplicate=0.02,
            reencoded=0.005,
            reorder=0.02,
            dead_zones=2.0,
            late_hours=0.05,
            skew_s=12.0,
            jump_s=40.0,
            jump=0.05,
            silence=0.1,
            stray=0.03,
            resends=4.0,
        )
