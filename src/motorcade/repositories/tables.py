"""Every table and index of the store, declared once."""

from motorcade.ports.store import Index, Table

# Platform tables, read only through a SystemScope.
CLAIMS = Table("claims")  # pk = claim key version, sk = HMAC of the VIN (hex)
VAULT = Table("vault")  # pk = org, sk = vehicle: the sealed VIN
ORGANISATIONS = Table("organisations")  # pk = "org", sk = org
USERS = Table("users")  # pk = org, sk = user
SESSIONS = Table("sessions", (Index("by_user", "user", "issued_at"),))  # pk = hash of the token, sk = "session"
LINKS = Table("links")  # pk = hash of the token, sk = "link"
CHECKPOINTS = Table("checkpoints")  # pk = reader, sk = partition
DEAD_LETTERS = Table("dead_letters")  # pk = org, sk = partition.entry.index
QUARANTINE = Table("quarantine")  # pk = org, sk = vehicle.received: sealed messages that did not parse
CREDENTIALS = Table("credentials")  # pk = user, sk = "passphrase" | "throttle:<caller>"
MANIFEST = Table("manifest")  # pk = flush.partition | org | "merger" | "retired": objects of the archive, shared
LEASES = Table("leases")  # pk = "lease", sk = what only one process may do at a time

# Tables of organisations: pk starts with the organisation.
VEHICLES = Table("vehicles", (Index("by_name", "org", "name_key"),))  # pk = org, sk = vehicle
STATES = Table("states")  # pk = org, sk = vehicle: fields, dedupe ring, connections
GEOFENCES = Table("geofences", (Index("by_name", "org", "name_key"),))  # pk = org, sk = fence: its newest version
GEOFENCE_VERSIONS = Table("geofence_versions")  # pk = org, sk = fence.version: each, with its times, for the fold
OUTBOX = Table("outbox", (Index("waiting", "waiting_in", "waiting_since"),))  # pk = org, sk = id of the row
INBOX = Table("inbox")  # pk = org, sk = time.id of the outbox row
EPISODES = Table(  # pk = org, sk = kind.id: the row as the fold says it, its revision, tombstones
    "episodes",
    (
        Index("by_vehicle", "of_vehicle", "started"),
        Index("by_kind", "of_kind", "started"),
        Index("by_change", "changed_kind", "changed"),
    ),
)
OVERLAYS = Table("overlays", (Index("by_time", "of_vehicle", "begins"),))  # pk = org, sk = edit: what people say
CLASSIFYING = Table("classifying")  # pk = org, sk = rule: what trips were for, also rules that hold no longer
FOLD_STATES = Table("fold_states")  # pk = org.vehicle, sk = turn: states of the fold at which nothing was open
ALERT_ACTS = Table("alert_acts")  # pk = org.vehicle, sk = start.alert.act: what people did about alerts
RULES = Table("rules")  # pk = org, sk = version: all that an organisation decides, from when on
DIRTY = Table("dirty")  # pk = "dirty", sk = org.vehicle: late records came, the rows are in doubt
REFOLDS = Table("refolds")  # pk = "ready" | org.vehicle, sk = org.vehicle | part: what a re-fold found

ALL = (
    CLAIMS,
    VAULT,
    ORGANISATIONS,
    USERS,
    SESSIONS,
    LINKS,
    CHECKPOINTS,
    DEAD_LETTERS,
    QUARANTINE,
    CREDENTIALS,
    MANIFEST,
    LEASES,
    VEHICLES,
    STATES,
    GEOFENCES,
    GEOFENCE_VERSIONS,
    OUTBOX,
    INBOX,
    EPISODES,
    OVERLAYS,
    CLASSIFYING,
    FOLD_STATES,
    ALERT_ACTS,
    RULES,
    DIRTY,
    REFOLDS,
)
