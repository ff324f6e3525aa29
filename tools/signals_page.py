"""Write docs/reference/signals.md from the signal catalogue, or with --check tell whether it is current."""

import sys
from pathlib import Path

from motorcade.domain.signal import SIGNALS, Signal

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "signals.md"
HEAD = """# Signals

Every value that a vehicle can report. Generated from `src/motorcade/domain/signals/table.py` by
`python tools/signals_page.py`; a test fails when this page is out of date.

Values are metric. A value that the car reports as invalid is absent, never zero. Numbers are rounded to seven
significant digits, but never coarser than 0.001. *Promise* is how often an awake car is expected to report the
signal; older than three times that is shown as stale. *VSS* is the path in the COVESA Vehicle Signal Specification
where one has the same meaning; it names the quantity, not the unit.
"""
GROUPS = (
    "Drive",
    "Battery",
    "Charging",
    "Climate",
    "Tyres",
    "Body",
    "Safety",
    "Navigation",
    "Media",
    "Software",
    "Other",
)
COLUMNS = "| No. | Name | Label | Unit | Shape | Promise | Tesla field | Sent as | VSS | Note |\n|" + "---|" * 10


def _promise(seconds: int) -> str:
    """Seconds in the largest unit that divides them."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _sent(signal: Signal) -> str:
    """Arms of the value union and the conversion, if any."""
    kinds = ", ".join(signal.kinds)
    return kinds if signal.conversion == "none" else f"{kinds}; {signal.conversion}"


def _row(signal: Signal) -> str:
    """One line of a table."""
    vss = f"`{signal.vss}`" if signal.vss else ""
    return (
        f"| {signal.number} | `{signal.name}` | {signal.label} | {signal.unit or ''} | {signal.shape} "
        f"| {_promise(signal.promise_s)} | `{signal.tesla_name}` | {_sent(signal)} | {vss} | {signal.note} |"
    )


def render() -> str:
    """The whole page."""
    parts = [HEAD]
    for group in GROUPS:
        rows = "\n".join(_row(signal) for signal in SIGNALS if signal.group == group and not signal.reserved)
        parts.append(f"## {group}\n\n{COLUMNS}\n{rows}\n")
    names = ", ".join(f"{signal.number} `{signal.tesla_name}`" for signal in SIGNALS if signal.reserved)
    parts.append(
        f"## Reserved\n\nNumbers without a public meaning; what is sent under them is kept as sent: {names}.\n"
    )
    return "\n".join(parts)


def main() -> int:
    """Write the page, or compare it."""
    page = render()
    if "--check" in sys.argv[1:]:
        if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == page:
            return 0
        print(f"{PAGE.name} is out of date; run python tools/signals_page.py", file=sys.stderr)
        return 1
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
