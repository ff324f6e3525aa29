"""Every limit of the vehicle door, with its unit and its reason.

Over a limit the gateway slows the one who sends (reads pause, TCP does the rest), then closes that one alone. It drops
nothing that it has acknowledged.
"""

from dataclasses import dataclass

KB = 1024
MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """The named limits of one gateway process; the defaults suit 10,000 cars on two cores."""

    message_bytes: int = 1_000_000
    """Longest envelope. The reference server's own limit, and four times the longest thing a car is known to send."""
    max_connections: int = 12_000
    """Open vehicle sockets: 10,000 cars, a fifth of them on Wi-Fi and LTE at once. Above it upgrades get 503."""
    sockets_per_vehicle: int = 4
    """Wi-Fi, LTE and two half-open leftovers; a fifth closes the oldest, so that one car cannot fill the house."""
    pending_handshakes: int = 1_024
    """TLS and HTTP handshakes under way; one more gives up the oldest, which is the likeliest to be stalling."""
    accept_burst: int = 16
    """Sockets accepted in one turn of the loop: a handshake costs 1.5 ms of CPU, so others wait 25 ms at most."""
    accept_pause_s: float = 0.02
    """Pause between two bursts: 800 handshakes a second, about what one core can do."""
    accept_backlog: int = 4_096
    """Connections the kernel keeps while a mass reconnect is let in at that pace."""
    tls_handshake_s: float = 10.0
    """A car on a bad mobile link needs about 3 s; a slow-loris gets no more than this."""
    http_handshake_s: float = 10.0
    """From the end of the TLS handshake to the whole upgrade request; the same reason."""
    tls_shutdown_s: float = 3.0
    """How long a closing socket may keep its slot; a peer that does not answer is cut off."""
    tls_buffer_bytes: int = 16 * KB + 64
    """Each of the two TLS buffers of a connection: one full TLS record. With the library's 256 kB, 10,000 need 5 GB."""
    read_buffer_bytes: int = 4 * KB
    """First size of a connection's frame buffer: eight ordinary records; it grows up to two messages on demand."""
    ping_after_s: float = 20.0
    """Silence after which the car is asked whether it is there; mobile carriers forget a silent flow after 30 s."""
    idle_s: float = 60.0
    """Silence (no complete message, no pong) after which a connection counts as lost: three unanswered pings."""
    write_high_bytes: int = 64 * KB
    """Unsent acknowledgements (about 700) at which reading from that car stops."""
    write_blocked_s: float = 10.0
    """A car that takes none of them for this long is closed; the reference server's write deadline."""
    rate_per_s: float = 500.0
    """Frames a second that one connection gets: 250 times a car's own pace, so 5,000 kept records pass in 10 s."""
    rate_burst: int = 250
    """Frames at once: half a second's worth, 4 ms of CPU, so a flood cannot stall its neighbours."""
    rate_frame_bytes: int = 2 * KB
    """A frame is charged as one and one more for each of these: an ordinary record counts once, and a car gets 1 MB/s,
    since parsing, storing and copying cost by size."""
    in_flight: int = 512
    """Unacknowledged records of one connection, a second's worth; then its reading waits for the disk."""
    in_flight_bytes: int = 1 * MB
    """The same in bytes, a sixteenth of the stream's queue: one car cannot fill it and make everybody wait."""
    busy_resume_share: float = 0.5
    """Reading starts again when the stream's queue has fallen to this share of what it held when it was full."""
    retry_failed_s: float = 1.0
    """Pause before records of a failed group commit are offered again: a full disk does not need hammering."""
    refuse_after_s: float = 10.0
    """The stream refuses for this long: upgrades get 503, or cars that come and go would pile up records in memory.
    Shorter troubles (a slow disk, one failed commit) pass without turning anybody away."""
    quarantine_bytes_per_day: int = 10 * MB
    """Unreadable bytes kept of one vehicle and day; then they are only counted, or one car could fill the disk."""
    quarantine_message_bytes: int = 512
    """What each kept message is charged on top of its bytes: names, row and index, in memory and on disk."""
    quarantine_queue_bytes: int = 16 * MB
    """Unreadable bytes that wait to be written; beyond it they are only counted."""
    quarantine_queue_messages: int = 4_096
    """Messages that wait to be written: some seconds of the store's work."""
    quarantine_batch_messages: int = 100
    """Unreadable messages written in one transaction, so that a flood of them costs the store few commits."""
    quarantine_batch_bytes: int = MB
    """Bytes of one such transaction: the store's lock, which others wait for, is held for some milliseconds."""
    quarantine_vehicles: int = 20_000
    """Vehicles whose share of the day is remembered, twice a full house; those beyond it are only counted that day."""
    sweep_s: float = 0.1
    """How often a share of the connections is looked at: is it silent, is its claim still the same?"""
    sweep_slices: int = 20
    """Each look takes a twentieth, so all are seen within 2 s (a release has to act within 5 s, and the claims' copy is
    up to 1 s old), and 10,000 connections cost 1 ms at a time."""
    heartbeat_s: float = 1.0
    """How often the stream gets our clock; the horizon of time rules follows it."""
    flush_s: float = 5.0
    """How long a stopping gateway waits for its last group commits before it closes the sockets."""
