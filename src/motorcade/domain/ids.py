"""Random identities: 128 bits, written as 26 lower-case base32 characters.

Bytes appear only inside stream frames; everywhere else an id is its text.
"""

import base64
import secrets

from motorcade.domain.errors import Invalid

ID_BYTES = 16
ID_CHARS = 26
CONNECTION_ID_BYTES = 8


def new_id() -> str:
    """A fresh random id as text."""
    return id_text(secrets.token_bytes(ID_BYTES))


def id_text(raw: bytes) -> str:
    """Text of a 16-byte id."""
    return base64.b32encode(raw).decode("ascii").rstrip("=").lower()


def id_bytes(text: str) -> bytes:
    """The 16 bytes of an id's text.

    Raises:
        Invalid: the text is not 26 base32 characters.
    """
    if len(text) != ID_CHARS:
        raise Invalid(f"an id has {ID_CHARS} characters, this has {len(text)}")
    try:
        raw = base64.b32decode(text.upper() + "======")
    except ValueError as error:
        raise Invalid("an id holds only the letters a-z and the digits 2-7") from error
    if id_text(raw) != text:
        raise Invalid("an id must be in its canonical lower-case form")
    return raw


def new_connection_id() -> bytes:
    """A fresh server-made id for one vehicle connection (8 bytes)."""
    return secrets.token_bytes(CONNECTION_ID_BYTES)
