"""Keys from one root in a file that only its owner may read.

The root is 32 random bytes. Every key is derived from it by HKDF-SHA256 (RFC 5869) with its purpose as `info`, and
values are sealed with AES-256-GCM under the organisation's key, with organisation and purpose as associated data.
"""

import base64
import binascii
import contextlib
import functools
import os
import secrets
import stat
import struct
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from motorcade.adapters.embedded.sqlite_engine import sync_folder
from motorcade.domain.errors import Corrupt, Denied, Unavailable

KEY_BYTES = 32
NONCE_BYTES = 12  # what GCM is specified for; random, so one key seals far fewer than 2^32 values
HEADER = b"motorcade root key 1\n"
SEAL_VERSION = b"\x01"
CACHED_KEYS = 4096  # one per organisation that this process seals for; 32 bytes each


def create_root_key(path: Path) -> None:
    """Make a new root key file (0600), unless one is there. Safe when several processes do it at once.

    Raises:
        Unavailable: the folder cannot be written.
    """
    if path.exists():
        return
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    content = HEADER + base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n"
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):  # another process was faster; its key counts
            os.link(draft, path)
        sync_folder(path.parent)
    except OSError as error:
        raise Unavailable(f"{path.name} cannot be made: {error.strerror}") from error
    finally:
        draft.unlink(missing_ok=True)


class FileKeys:
    """`Keys` from a root key file.

    Args:
        path: the file, as `create_root_key` made it.

    Raises:
        Unavailable: the file is missing or cannot be read.
        Denied: others than its owner may read it.
        Corrupt: it does not hold a root key.
    """

    def __init__(self, path: Path) -> None:
        self._root = _read_root(path)
        self._derive = functools.lru_cache(maxsize=CACHED_KEYS)(self._derive_anew)

    async def claim_key(self, version: int) -> bytes:
        """32 bytes for HMAC-SHA256 over VINs."""
        return self._derive("claim", str(version))

    async def signing_key(self, purpose: str) -> bytes:
        """32 bytes for signing what only we read again."""
        return self._derive("sign", purpose)

    async def seal(self, org_id: str, purpose: str, plaintext: bytes) -> bytes:
        """Encrypt under the organisation's key: version, nonce, ciphertext with its tag."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        cipher = AESGCM(self._derive("seal", org_id))
        return SEAL_VERSION + nonce + cipher.encrypt(nonce, plaintext, _context(org_id, purpose))

    async def unseal(self, org_id: str, purpose: str, sealed: bytes) -> bytes:
        """Decrypt what `seal` made.

        Raises:
            Denied: wrong organisation, wrong purpose, or changed bytes.
        """
        start = len(SEAL_VERSION)
        nonce, body = sealed[start : start + NONCE_BYTES], sealed[start + NONCE_BYTES :]
        if not sealed.startswith(SEAL_VERSION) or len(nonce) != NONCE_BYTES:
            raise Denied(f"a sealed value for `{purpose}` is not in the form that this program seals")
        try:
            return AESGCM(self._derive("seal", org_id)).decrypt(nonce, body, _context(org_id, purpose))
        except InvalidTag as error:
            raise Denied(f"a sealed value for `{purpose}` does not open: other key, other owner or changed") from error

    def _derive_anew(self, kind: str, name: str) -> bytes:
        info = b"motorcade/1" + _joined(kind, name)
        return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(self._root)


def _context(org_id: str, purpose: str) -> bytes:
    return SEAL_VERSION + _joined(org_id, purpose)


def _joined(*parts: str) -> bytes:
    """Texts with their lengths, so that no two lists give the same bytes."""
    return b"".join(struct.pack(">I", len(raw)) + raw for raw in (part.encode() for part in parts))


def _read_root(path: Path) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & 0o077:
                raise Denied(
                    f"{path.name} can be read by others (mode {mode:04o}); run: chmod 600 {path}. "
                    f"If someone else may have read it, treat its keys as known"
                )
            content = file.read(1024)  # far more than a root key file holds
    except FileNotFoundError as error:
        raise Unavailable(f"{path.name} is missing: without it nothing sealed can be opened; restore it") from error
    except OSError as error:
        raise Unavailable(f"{path.name} cannot be read: {error.strerror}") from error
    try:
        root = base64.b64decode(content.removeprefix(HEADER).strip(), validate=True)
    except binascii.Error as error:
        raise Corrupt(f"{path.name} does not hold a root key; restore it from its copy") from error
    if not content.startswith(HEADER) or len(root) != KEY_BYTES:
        raise Corrupt(f"{path.name} does not hold a root key of {KEY_BYTES} bytes; restore it from its copy")
    return root
