"""The queue's file, blocking: its tables, and what each operation does inside a transaction.

A message that is held stays in its row: `due_ns` is then the end of its lease, and its number of receives the fence of
that one holding. So a lease that ends needs nobody to notice it: the message is due again.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import zip_longest

import apsw

from motorcade.adapters.embedded.sqlite_engine import FileKind, Row
from motorcade.domain.errors import Busy, Invalid
from motorcade.ports.queue import (
    DEAD_KEPT_S,
    MAX_BODY_BYTES,
    MAX_DELAY_S,
    MAX_GROUP,
    MAX_LINE,
    MAX_SEND,
    Dead,
    Depth,
    Held,
    Message,
)

NS_PER_S = 1_000_000_000
PURGE_ROWS = 500
"""Old dead letters removed in one transaction: a few milliseconds."""

QUEUE_FILE = FileKind(
    application_id=0x4D435131,  # "MCQ1"
    version=1,
    schema="""
    CREATE TABLE messages(
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        line TEXT NOT NULL,
        of_group TEXT NOT NULL,
        key TEXT,
        body BLOB NOT NULL,
        sent_at_ns INTEGER NOT NULL,
        due_ns INTEGER NOT NULL,
        receives INTEGER NOT NULL DEFAULT 0,
        held INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX by_group ON messages(line, of_group, due_ns);
    CREATE INDEX by_time ON messages(line, due_ns);
    CREATE INDEX held_by_group ON messages(line, of_group, due_ns) WHERE held = 1;
    CREATE INDEX held_by_key ON messages(line, key, due_ns) WHERE held = 1 AND key IS NOT NULL;
    CREATE UNIQUE INDEX one_waits ON messages(line, key) WHERE held = 0 AND key IS NOT NULL;
    CREATE TABLE dead(
        id INTEGER PRIMARY KEY,
        line TEXT NOT NULL,
        of_group TEXT NOT NULL,
        key TEXT,
        body BLOB NOT NULL,
        sent_at_ns INTEGER NOT NULL,
        receives INTEGER NOT NULL,
        reason TEXT NOT NULL,
        buried_at_ns INTEGER NOT NULL
    );
    CREATE INDEX dead_by_time ON dead(line, buried_at_ns);
    """,
)

_GROUPS = """
    WITH RECURSIVE found(of_group) AS (
        SELECT min(of_group) FROM messages WHERE line = ?1
        UNION ALL
        SELECT (SELECT min(of_group) FROM messages WHERE line = ?1 AND of_group > found.of_group)
        FROM found WHERE found.of_group IS NOT NULL)
    SELECT of_group,
        (SELECT min(due_ns) FROM messages WHERE line = ?1 AND of_group = found.of_group) AS first_due_ns,
        (SELECT count(*) FROM messages WHERE line = ?1 AND of_group = found.of_group AND held = 1 AND due_ns > ?2)
    FROM found WHERE of_group IS NOT NULL AND first_due_ns <= ?2
    """
"""Groups with something due, and how much of each is held: it jumps from group to group, however long each one is."""
_DUE = """
    SELECT id, key, body, receives, sent_at_ns FROM messages AS one
    WHERE line = ?1 AND of_group = ?2 AND due_ns <= ?3 AND NOT EXISTS (
        SELECT 1 FROM messages AS other
        WHERE other.line = ?1 AND other.key = one.key AND other.held = 1 AND other.due_ns > ?3)
    ORDER BY due_ns, id LIMIT ?4
    """
"""What is due of one group, without keys that somebody works on: two at once would only stand in each other's way."""


def send(connection: apsw.Connection, now_ns: int, line: str, messages: Sequence[Message]) -> int:
    """Add messages; see `Queue.send`."""
    check(messages)
    _check_room(connection, line, messages)
    insert = (
        "INSERT OR IGNORE INTO messages(line, of_group, key, body, sent_at_ns, due_ns) VALUES (?, ?, ?, ?, ?, ?)"
        " RETURNING id"
    )
    added = 0
    for one in messages:
        row = (line, one.group, one.key, one.body, now_ns, now_ns + int(one.delay_s * NS_PER_S))
        added += len(connection.execute(insert, row).fetchall())
    return added


def _check_room(connection: apsw.Connection, line: str, messages: Sequence[Message]) -> None:
    in_line = "SELECT count(*) FROM (SELECT 1 FROM messages WHERE line = ? LIMIT ?)"
    if _rows(connection, in_line, (line, MAX_LINE))[0][0] + len(messages) > MAX_LINE:
        raise Busy(f"the line {line} holds {MAX_LINE} messages; send again when the worker has caught up")
    of_group = "SELECT count(*) FROM (SELECT 1 FROM messages WHERE line = ? AND of_group = ? LIMIT ?)"
    for group, count in Counter(one.group for one in messages).items():
        if _rows(connection, of_group, (line, group, MAX_GROUP))[0][0] + count > MAX_GROUP:
            raise Busy(f"the line {line} holds {MAX_GROUP} messages of one group; send again when some are done")


def check(messages: Sequence[Message]) -> None:
    """Refuse what no engine takes.

    Raises:
        Invalid: too many, a body too large, or a delay out of range.
    """
    if len(messages) > MAX_SEND:
        raise Invalid(f"{len(messages)} messages in one go, at most {MAX_SEND}")
    for one in messages:
        if len(one.body) > MAX_BODY_BYTES:
            raise Invalid(f"a message has {len(one.body)} bytes, at most {MAX_BODY_BYTES}")
        check_delay(one.delay_s)


def check_delay(delay_s: float) -> None:
    """Refuse a delay or a lease that no engine keeps.

    Raises:
        Invalid: out of range.
    """
    if not 0 <= delay_s <= MAX_DELAY_S:
        raise Invalid(f"a delay of {delay_s} s is not between 0 and {MAX_DELAY_S:.0f}")


def receive(
    connection: apsw.Connection, now_ns: int, line: str, limit: int, lease_s: float, per_group: int
) -> list[Held]:
    """Hand messages out; see `Queue.receive`."""
    check_delay(lease_s)
    groups = _rows(connection, _GROUPS, (line, now_ns))
    groups.sort(key=lambda group: (group[2], group[1]))  # who has least out comes first, then who waits longest
    queues: list[list[tuple[str, Row]]] = []
    for name, _, held in groups[:limit]:
        room = min(per_group - held, limit)
        if room > 0:
            rows = _rows(connection, _DUE, (line, name, now_ns, room))
            queues.append([(name, row) for row in rows])
    in_turn = [each for turn in zip_longest(*queues) for each in turn if each is not None]
    found: list[Held] = []
    keys: set[str] = set()
    hold = "UPDATE messages SET held = 1, receives = receives + 1, due_ns = ? WHERE id = ?"
    for name, (number, key, body, receives, sent_at_ns) in in_turn:
        if len(found) == limit:
            break
        if key in keys:
            continue
        if key is not None:
            keys.add(key)
        connection.execute(hold, (now_ns + int(lease_s * NS_PER_S), number))
        found.append(Held(str(number), line, Message(name, body, key), receives + 1, sent_at_ns))
    return found


def extend(connection: apsw.Connection, now_ns: int, held: Held, lease_s: float) -> bool:
    """Lengthen a lease; see `Queue.extend`."""
    check_delay(lease_s)
    update = "UPDATE messages SET due_ns = ? WHERE id = ? AND receives = ? AND held = 1 RETURNING id"
    until_ns = now_ns + int(lease_s * NS_PER_S)
    return bool(connection.execute(update, (until_ns, int(held.id), held.receives)).fetchall())


def done(connection: apsw.Connection, _now_ns: int, held: Held) -> bool:
    """Remove what is done; see `Queue.done`."""
    delete = "DELETE FROM messages WHERE id = ? AND receives = ? AND held = 1 RETURNING id"
    return bool(connection.execute(delete, (int(held.id), held.receives)).fetchall())


def release(connection: apsw.Connection, now_ns: int, held: Held, delay_s: float) -> bool:
    """Give a message back; see `Queue.release`."""
    check_delay(delay_s)
    due_ns = now_ns + int(delay_s * NS_PER_S)
    merge = (
        "UPDATE messages SET receives = max(receives, ?1), due_ns = max(due_ns, ?2)"
        " WHERE line = ?3 AND key = ?4 AND held = 0 AND EXISTS"
        " (SELECT 1 FROM messages WHERE id = ?5 AND receives = ?1 AND held = 1) RETURNING id"
    )
    place = (held.receives, due_ns, held.line, held.message.key, int(held.id))
    if held.message.key is not None and connection.execute(merge, place).fetchall():
        return done(connection, now_ns, held)
    update = "UPDATE messages SET held = 0, due_ns = ? WHERE id = ? AND receives = ? AND held = 1 RETURNING id"
    return bool(connection.execute(update, (due_ns, int(held.id), held.receives)).fetchall())


def bury(connection: apsw.Connection, now_ns: int, held: Held, reason: str) -> bool:
    """Move a message to the dead letters; see `Queue.bury`."""
    move = (
        "INSERT INTO dead SELECT id, line, of_group, key, body, sent_at_ns, receives, ?, ? FROM messages"
        " WHERE id = ? AND receives = ? AND held = 1"
    )
    connection.execute(move, (reason, now_ns, int(held.id), held.receives))
    return done(connection, now_ns, held)


def redrive(connection: apsw.Connection, now_ns: int, line: str, limit: int) -> int:
    """Put dead letters back; see `Queue.redrive`."""
    oldest = "SELECT id FROM dead WHERE line = ? ORDER BY buried_at_ns, id LIMIT ?"
    numbers = _rows(connection, oldest, (line, limit))
    back = (
        "INSERT OR IGNORE INTO messages(line, of_group, key, body, sent_at_ns, due_ns)"
        " SELECT line, of_group, key, body, sent_at_ns, ? FROM dead WHERE id = ?"
    )
    for (number,) in numbers:
        connection.execute(back, (now_ns, number))
        connection.execute("DELETE FROM dead WHERE id = ?", (number,))
    return len(numbers)


def dead(connection: apsw.Connection, line: str, limit: int) -> list[Dead]:
    """Dead letters, the latest first."""
    latest = (
        "SELECT id, of_group, body, key, receives, reason, buried_at_ns FROM dead WHERE line = ?"
        " ORDER BY buried_at_ns DESC, id DESC LIMIT ?"
    )
    rows = _rows(connection, latest, (line, limit))
    return [Dead(str(row[0]), Message(row[1], row[2], row[3]), row[4], row[5], row[6]) for row in rows]


def depth(connection: apsw.Connection, now_ns: int, line: str) -> Depth:
    """How full a line is."""
    counted = (
        "SELECT (SELECT count(*) FROM messages WHERE line = ?1),"
        " (SELECT count(*) FROM messages WHERE line = ?1 AND held = 1 AND due_ns > ?2),"
        " (SELECT count(*) FROM dead WHERE line = ?1)"
    )
    every, held, buried = _rows(connection, counted, (line, now_ns))[0]
    return Depth(every - held, held, buried)


def first_due_ns(connection: apsw.Connection, line: str) -> int | None:
    """When the next message of a line is due; None when it holds none."""
    found: int | None = _rows(connection, "SELECT min(due_ns) FROM messages WHERE line = ?", (line,))[0][0]
    return found


def purge(connection: apsw.Connection, now_ns: int) -> None:
    """Forget dead letters older than `DEAD_KEPT_S`."""
    old = "DELETE FROM dead WHERE id IN (SELECT id FROM dead WHERE buried_at_ns < ? LIMIT ?)"
    connection.execute(old, (now_ns - DEAD_KEPT_S * NS_PER_S, PURGE_ROWS))


def _rows(connection: apsw.Connection, statement: str, values: tuple[int | str, ...]) -> list[Row]:
    """A statement's rows; what their columns are is the statement's word."""
    rows: list[Row] = connection.execute(statement, values).fetchall()
    return rows
