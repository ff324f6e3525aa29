"""State of charge and energy counters at both ends of a trip, and what they say that it used."""

from dataclasses import dataclass
from typing import Final

from motorcade.domain.episodes.moment import Latest, Moment
from motorcade.domain.signal import by_name

SOC: Final = by_name("battery_pct").number
PACK: Final = by_name("energy_remaining_kwh").number
USED: Final = by_name("lifetime_energy_used_kwh").number
REGENERATED: Final = by_name("lifetime_energy_regenerated_kwh").number
FULL_PACK: Final = by_name("full_pack_energy_kwh").number
COUNTERS: Final = (SOC, PACK, USED, REGENERATED)


@dataclass(slots=True)
class Energy:
    """Readings at the beginning (the one that held then, else the first inside) and the newest; None = never.

    Attributes:
        soc_start_pct: state of charge at the beginning.
        soc_end_pct: newest state of charge.
        pack_start_kwh: energy in the pack.
        pack_end_kwh: newest.
        used_start_kwh: lifetime counter of energy used.
        used_end_kwh: newest.
        regenerated_start_kwh: lifetime counter of energy won back.
        regenerated_end_kwh: newest.
        full_kwh: energy of the full pack.
    """

    soc_start_pct: float | None = None
    soc_end_pct: float | None = None
    pack_start_kwh: float | None = None
    pack_end_kwh: float | None = None
    used_start_kwh: float | None = None
    used_end_kwh: float | None = None
    regenerated_start_kwh: float | None = None
    regenerated_end_kwh: float | None = None
    full_kwh: float | None = None


def begin(latest: Latest) -> Energy:
    """The readings that hold when a trip begins."""
    soc, pack, used, won = (latest.number(signal) for signal in COUNTERS)
    return Energy(soc, soc, pack, pack, used, used, won, won, latest.number(FULL_PACK))


def update(energy: Energy, latest: Latest) -> None:
    """Take the newest readings; an absent one leaves the one before."""
    soc, pack, used, won = (latest.number(signal) for signal in COUNTERS)
    if soc is not None:
        energy.soc_end_pct = soc
        energy.soc_start_pct = soc if energy.soc_start_pct is None else energy.soc_start_pct
    if pack is not None:
        energy.pack_end_kwh = pack
        energy.pack_start_kwh = pack if energy.pack_start_kwh is None else energy.pack_start_kwh
    if used is not None:
        energy.used_end_kwh = used
        energy.used_start_kwh = used if energy.used_start_kwh is None else energy.used_start_kwh
    if won is not None:
        energy.regenerated_end_kwh = won
        energy.regenerated_start_kwh = won if energy.regenerated_start_kwh is None else energy.regenerated_start_kwh


def concerns(moment: Moment) -> bool:
    """Whether a record changes any of the readings."""
    changed = moment.changed
    return SOC in changed or PACK in changed or USED in changed or REGENERATED in changed


def used_kwh(energy: Energy) -> tuple[float | None, str]:
    """Net energy out of the battery, and from what: `pack`, `counter`, `soc`, or `none`.

    The pack's own energy is what was taken out less what was won back. The lifetime counter is used where the car
    does not send it, the state of charge where it sends neither but its full pack.
    """
    if energy.pack_start_kwh is not None and energy.pack_end_kwh is not None:
        return round(energy.pack_start_kwh - energy.pack_end_kwh, 3), "pack"
    if energy.used_start_kwh is not None and energy.used_end_kwh is not None:
        gained = energy.used_end_kwh - energy.used_start_kwh
        if gained >= 0:
            return round(gained, 3), "counter"
    if energy.full_kwh is not None and energy.soc_start_pct is not None and energy.soc_end_pct is not None:
        return round((energy.soc_start_pct - energy.soc_end_pct) / 100 * energy.full_kwh, 3), "soc"
    return None, "none"


def regenerated_kwh(energy: Energy) -> float | None:
    """Energy won back by braking, None where the car does not count it."""
    if energy.regenerated_start_kwh is None or energy.regenerated_end_kwh is None:
        return None
    return round(max(0.0, energy.regenerated_end_kwh - energy.regenerated_start_kwh), 3)
