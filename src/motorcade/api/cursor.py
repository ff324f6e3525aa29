"""Opaque cursors of lists, bound to the organisation and the query that gave them.

A cursor is the place where the next page begins, followed by a MAC over organisation, query and place: nobody can make
one, change one, or use one in another organisation or for another list.
"""

import base64
import binascii
import hashlib
import hmac

from motorcade.domain.errors import Invalid

_MAC_BYTES = 16
MAX_CURSOR_CHARS = 200
"""Places are ids of 26 characters; anything longer is none of ours."""


class Cursors:
    """Makes and reads cursors with one signing key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def make(self, org_id: str, query: str, place: str) -> str:
        """A cursor for a place in a query of an organisation."""
        raw = place.encode()
        return base64.urlsafe_b64encode(self._mac(org_id, query, raw) + raw).decode().rstrip("=")

    def read(self, org_id: str, query: str, cursor: str) -> str:
        """The place in a cursor.

        Raises:
            Invalid: not a cursor of this query and organisation.
        """
        if len(cursor) <= MAX_CURSOR_CHARS:
            try:
                raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            except (binascii.Error, ValueError):
                raw = b""
            mac, place = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
            if hmac.compare_digest(mac, self._mac(org_id, query, place)):
                return place.decode()
        raise Invalid("this cursor is not one that this list gave out; start again without one")

    def _mac(self, org_id: str, query: str, place: bytes) -> bytes:
        text = b"\0".join((org_id.encode(), query.encode(), place))
        return hmac.new(self._key, text, hashlib.sha256).digest()[:_MAC_BYTES]
