"""Keys: the only place where key material is made, kept and used.

Contract:
- Everything derives from a root that this port guards (a file for its owner only, or KMS). Losing the root
  loses the sealed data.
- Sealing is authenticated; the context (organisation and purpose) is bound in, so that what was sealed for one
  organisation never opens for another.
"""

from typing import Protocol


class Keys(Protocol):
    """Key material by purpose."""

    async def claim_key(self, version: int) -> bytes:
        """32 bytes for HMAC-SHA256 over VINs (the claims index). Fetched once per process."""
        ...

    async def signing_key(self, purpose: str) -> bytes:
        """32 bytes for signing what only we read again: `cursor`, `link`, `session`."""
        ...

    async def seal(self, org_id: str, purpose: str, plaintext: bytes) -> bytes:
        """Encrypt under the organisation's key."""
        ...

    async def unseal(self, org_id: str, purpose: str, sealed: bytes) -> bytes:
        """Decrypt what `seal` made.

        Raises:
            Denied: wrong organisation, wrong purpose, or changed bytes.
        """
        ...
