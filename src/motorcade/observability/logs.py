"""Our own logs: JSON lines for machines, colour for a terminal, and a net that catches anything VIN-shaped.

Code never logs a VIN, a token or a coordinate on purpose. The net is for what libraries put into their messages; a hit
is counted, because it is a bug.
"""

import logging
import re
import sys
from typing import Final, TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from motorcade.observability.metrics import Count

VIN_SHAPED: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:[A-HJ-NPR-Z0-9]{17}|SIM[A-HJ-NPR-Z0-9]{14})(?![A-Za-z0-9])", re.IGNORECASE
)
"""A VIN has 17 letters and digits without I, O and Q; a simulator's begins with SIM."""
MASK: Final = "*" * 17
redactions: Final = Count()
"""Lines in which something was masked; every one of them is a bug to find."""


def mask_vins(text: str) -> str:
    """The text with 17 asterisks in place of everything VIN-shaped.

    Runs of digits alone stay: they are times and counters, and no VIN is all digits.
    """
    return VIN_SHAPED.sub(lambda found: found[0] if found[0].isdigit() else MASK, text)


def _redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    hit = False
    for key, value in event.items():
        if isinstance(value, (int, float, bool)) or value is None:
            continue
        text = value if isinstance(value, str) else repr(value)
        masked = mask_vins(text)
        if masked != text:
            event[key] = masked
            hit = True
    if hit:
        redactions.add()
    return event


def configure_logs(*, room: str, level: str = "info", stream: TextIO | None = None) -> None:
    """Send our logs and those of libraries through one chain to a stream (stderr by default).

    Args:
        room: named in every line.
        level: lowest level that is written.
        stream: a terminal gets colours, everything else JSON lines.
    """
    out = sys.stderr if stream is None else stream
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _redact,
    ]
    renderer: Processor = (
        structlog.dev.ConsoleRenderer() if out.isatty() else structlog.processors.JSONRenderer(sort_keys=True)
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _redact, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for chatty in ("picows", "uvicorn"):  # a line per socket, and a start that our own lines tell better
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(room=room)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of a module."""
    return cast(structlog.stdlib.BoundLogger, structlog.get_logger(name))
