"""What goes over HTTP: one struct per document, the source of the OpenAPI description.

All names are snake_case with the unit last. Times are RFC 3339 in UTC with milliseconds.
"""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

Time = Annotated[str, Meta(description="RFC 3339, UTC, milliseconds.", extra_json_schema={"format": "date-time"})]
Id = Annotated[str, Meta(description="26 characters a-z and 2-7.")]
StatusName = Literal["driving", "charging", "parked", "asleep", "offline"]
GroupName = Literal[
    "Drive",
    "Battery",
    "Charging",
    "Climate",
    "Tyres",
    "Body",
    "Safety",
    "Navigation",
    "Media",
    "Software",
    "Other",
]
RoleName = Literal["owner", "admin", "manager", "driver", "viewer"]


class Problem(Struct):
    """Why a request failed (RFC 9457)."""

    type: Annotated[str, Meta(description="Names the kind of problem; stable.", examples=["/problems/not-found"])]
    title: Annotated[str, Meta(description="The kind of problem in words.")]
    status: Annotated[int, Meta(description="The HTTP status.", ge=400, le=599)]
    detail: Annotated[str, Meta(description="What happened here and what to do next.")]
    instance: Annotated[str, Meta(description="This occurrence: `urn:uuid:` and the request's id.")]
    request_id: Annotated[str, Meta(description="Name it when you ask for help; logs carry it.")]


class NamedId(Struct):
    """Something with an id and a name."""

    id: Id
    name: str


class User(NamedId):
    """The person who is signed in."""

    role: RoleName


class Session(Struct):
    """Who is signed in, and where."""

    user: User
    organisation: NamedId
    passphrase_set: Annotated[
        bool, Meta(description="Whether the person can sign in by passphrase, not only by a one-time link.")
    ]
    expires_at: Time


class Reading(Struct):
    """A measured value and when the car measured it."""

    value: Annotated[float | None, Meta(description="null: the car says that it cannot measure this now.")]
    observed_at: Time


class Place(Struct):
    """Where a vehicle was measured to be (WGS84)."""

    latitude: Annotated[float, Meta(description="Degrees north.")]
    longitude: Annotated[float, Meta(description="Degrees east.")]
    heading_deg: Annotated[float | None, Meta(description="0 is north, 90 is east; null where not known.")]
    observed_at: Time


class Vehicle(Struct, kw_only=True):
    """A vehicle at a glance; the same in lists, alone and in the live stream."""

    id: Id
    name: str
    model: Annotated[str | None, Meta(description="The maker's model, where known.")]
    status: Annotated[StatusName, Meta(description="Derived from readings, connections and time.")]
    status_since: Annotated[Time | None, Meta(description="Since when, where known.")]
    online: Annotated[bool, Meta(description="Whether the car has an open connection.")]
    location: Annotated[Place | None, Meta(description="null: never reported, or not known to the car now.")]
    speed_kmh: Annotated[Reading | None, Meta(description="null: never reported.")]
    battery_pct: Annotated[Reading | None, Meta(description="Charge of the battery in per cent.")]
    range_km: Reading | None
    power_kw: Annotated[
        Reading | None, Meta(description="Power at the battery: positive flows in, negative flows out.")
    ]
    odometer_km: Reading | None
    gear: Annotated[str | None, Meta(description="P, R, N, D or null.", examples=["D"])]
    clock_suspect: Annotated[bool, Meta(description="The car's clock runs more than two minutes ahead of ours.")]
    last_seen_at: Annotated[Time | None, Meta(description="When anything last arrived from the car.")]
    updated_at: Annotated[Time | None, Meta(description="Time of its newest report.")]


class Signal(Struct):
    """The latest value of one signal."""

    name: Annotated[str, Meta(description="Our name, unit last.", examples=["speed_kmh"])]
    label: Annotated[str, Meta(description="English label.", examples=["Speed"])]
    group: GroupName
    unit: Annotated[str | None, Meta(examples=["km/h"])]
    value: Annotated[
        Any,
        Meta(
            description="Number, text, flag, list of names, or {latitude, longitude}; null where `invalid`.",
            extra_json_schema={"type": ["number", "string", "boolean", "array", "object", "null"]},
        ),
    ]
    invalid: Annotated[bool, Meta(description="The car says that it cannot measure this now.")]
    observed_at: Time
    age_s: Annotated[float, Meta(description="How old the value was when this was sent.", ge=0)]


class VehicleDetail(Vehicle, kw_only=True):
    """A vehicle with every signal that it ever reported."""

    signals: list[Signal]


class VehiclePage(Struct):
    """A page of vehicles."""

    data: list[Vehicle]
    next_cursor: Annotated[str | None, Meta(description="Give it as `cursor` for the next page; null: no more.")]


class LiveVehicles(Struct):
    """Data of the live events `snapshot` (every vehicle) and `change` (those that changed)."""

    vehicles: list[Vehicle]
    at: Time


class LiveReset(Struct):
    """Data of the live event `reset`: forget what you know, a snapshot follows."""

    reason: Literal["unknown_event_id", "fleet_changed"]


class LiveSignals(Struct):
    """Data of the live event `signals`: the opened vehicle's signals that changed (at first all)."""

    vehicle_id: Id
    signals: list[Signal]


class SignIn(Struct, forbid_unknown_fields=True):
    """One of the two ways to sign in (`document.py` tells that it is exactly one)."""

    link_token: (
        Annotated[str, Meta(description="What stands behind # in a one-time link.", min_length=1, max_length=200)]
        | UnsetType
    ) = UNSET
    passphrase: Annotated[str, Meta(min_length=1, max_length=1024)] | UnsetType = UNSET


class NewPassphrase(Struct, forbid_unknown_fields=True):
    """A person's new passphrase."""

    passphrase: Annotated[str, Meta(description="At least 15 characters.", min_length=15, max_length=1024)]
    current: Annotated[str, Meta(description="The one in force; needed if one is set.", max_length=1024)] | None = None


class Health(Struct):
    """The process lives."""

    status: Literal["ok"] = "ok"


class Readiness(Struct):
    """Whether everything that requests need is there."""

    status: Literal["ready", "not_ready"]
    missing: Annotated[dict[str, str], Meta(description="What is not ready, and why.")]


class MapConfig(Struct):
    """The base map."""

    style_url: Annotated[str | None, Meta(description="MapLibre style of an online map; null: the offline map.")]
    attribution: str


class WebConfig(Struct):
    """What the web application has to know before it starts."""

    map: MapConfig
    version: str
