"""Write the API's description to docs/reference/openapi.json, or with `--check` tell whether it is current."""

import sys
from pathlib import Path

from motorcade.api.app import OPERATIONS
from motorcade.api.document import openapi

PLACE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "openapi.json"
VERSION = "0"
"""The file describes the working tree; the running program names its release."""


def main() -> int:
    """Write or compare; 1 when the file is not current."""
    made = openapi(OPERATIONS, VERSION)
    if "--check" in sys.argv[1:]:
        if not PLACE.exists() or PLACE.read_bytes() != made:
            print(f"{PLACE.name} is not current; run `uv run tools/openapi.py`")
            return 1
        return 0
    PLACE.write_bytes(made)
    print(f"wrote {PLACE.name}, {len(made)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
