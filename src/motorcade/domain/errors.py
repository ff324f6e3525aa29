"""One tree of errors, named for what the caller should do about them.

    MotorcadeError
    ├── Invalid      park it: the input is wrong and will stay wrong
    ├── Busy         slow down: the same again a little later will work
    ├── Unavailable  back off and retry: something we depend on is away
    └── Denied       refuse: whoever asks may not have this

Adapters translate their vendor's errors into these at their edge and keep the cause. Messages say what,
which, and what to do next, and never hold a VIN, a token or a coordinate.
"""


class MotorcadeError(Exception):
    """Anything that Motorcade itself raises."""


class Invalid(MotorcadeError):
    """The input can never be accepted as it is; park it and go on."""


class Busy(MotorcadeError):
    """A named limit is reached for now; slow down and offer the same again."""


class Unavailable(MotorcadeError):
    """A dependency does not answer; back off and retry. Nothing was changed."""


class Denied(MotorcadeError):
    """Identity or permission does not allow it; do not retry unchanged."""


class Conflict(Busy):
    """A conditional write lost its race; read again and decide anew."""


class Corrupt(Unavailable):
    """Stored bytes fail their checksum or format; isolate them, never treat them as empty."""


class CorruptEntry(Corrupt):
    """One stream entry is unreadable; the ones after it are not touched by that."""

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(f"stream entry {position} is unreadable: {reason}")
        self.position = position


class Trimmed(MotorcadeError):
    """Entries that a reader asked for are past the retention; heal the gap from the archive and say so."""

    def __init__(self, after: int, oldest: int) -> None:
        super().__init__(f"the stream was trimmed: entries after {after} up to {oldest} are gone")
        self.oldest = oldest


class LinkSpent(Denied):
    """A one-time link that worked before."""

    def __init__(self, used_at_s: int) -> None:
        super().__init__("this sign-in link was used before; make a new one with `motorcade open`")
        self.used_at_s = used_at_s


class Throttled(Busy):
    """Too many tries; the same again after `retry_after_s` seconds."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"too many tries; try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s
