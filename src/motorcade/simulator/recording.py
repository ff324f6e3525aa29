"""The file of a recording."""

from pathlib import Path

from motorcade.domain.errors import Invalid
from motorcade.wire.tesla.recorded import Recording, parse_recording


def read_recording(path: Path) -> Recording:
    """Read and check a whole file before anything of it is sent.

    Raises:
        Invalid: it cannot be read, holds no message with a time, or a line is malformed (says which).
    """
    try:
        with path.open(encoding="utf-8") as file:
            return parse_recording(file)
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{path.name} cannot be read ({error}); give a file of JSON lines in UTF-8") from error
