"""The stream's file: its tables, and the guard over each entry.

Positions have no holes: the writer numbers entries itself, so a reader notices an entry that is missing. The guard is
a checksum over everything that a row says, so a flipped bit in its place or time is noticed like one in its body.
"""

import zlib
from struct import Struct

from motorcade.adapters.embedded.sqlite_engine import FileKind

PARTITION = 0
"""The embedded stream has one partition."""

IDENTITY = """
    CREATE TABLE IF NOT EXISTS identity(id BLOB NOT NULL);
    INSERT INTO identity SELECT randomblob(16) WHERE NOT EXISTS (SELECT 1 FROM identity);
    """
"""Gives a file its identity where it has none; one from before there were identities is as good."""

STREAM_FILE = FileKind(
    application_id=0x4D435331,  # "MCS1"
    version=1,
    page_bytes=8192,  # entries are tens of kilobytes; smaller pages mean longer chains
    schema="""
    CREATE TABLE entries(
        position INTEGER PRIMARY KEY,
        partition INTEGER NOT NULL,
        appended_at_ns INTEGER NOT NULL,
        count INTEGER NOT NULL,
        guard INTEGER NOT NULL,
        body BLOB NOT NULL
    );
    CREATE TABLE connections(
        id BLOB PRIMARY KEY,
        source BLOB NOT NULL,
        opened_at_ns INTEGER NOT NULL,
        epoch TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE epochs(epoch TEXT PRIMARY KEY, last_seen_ns INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE probe(id INTEGER PRIMARY KEY, at_ns INTEGER NOT NULL, filling BLOB NOT NULL);
    """
    + IDENTITY,
)

_GUARDED = Struct("<qqqq")


def guard_of(position: int, appended_at_ns: int, count: int, body: bytes) -> int:
    """Checksum (CRC-32) over an entry's place, time, count and body."""
    return zlib.crc32(body, zlib.crc32(_GUARDED.pack(position, PARTITION, appended_at_ns, count)))
