"""Records as columns and back.

Besides what a record is made of there is one column for each signal that occurs: `s<number>` by the catalogue's number,
with values in the catalogue's unit, or `j<number>` with JSON where the catalogue has no type for it. `invalid` lists
the numbers of those that the car says it cannot measure now, so that an empty cell of a signal means "not said" unless
its number stands there. The payload's bytes are always kept.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from motorcade.domain.errors import Invalid
from motorcade.domain.ids import id_bytes, id_text
from motorcade.domain.record import Topic
from motorcade.domain.signal import Shape, by_number
from motorcade.domain.state import Value
from motorcade.ports.archive import Archived
from motorcade.wire.tesla.decode import decode_vehicle_data

FORMAT_VERSION: Final = 1
FIXED: Final = pa.schema(
    [
        pa.field("vehicle_id", pa.string(), nullable=False),
        pa.field("effective_ns", pa.int64(), nullable=False),
        pa.field("record_id", pa.binary(16), nullable=False),
        pa.field("topic", pa.uint8(), nullable=False),
        pa.field("flags", pa.uint16(), nullable=False),
        pa.field("observed_ns", pa.int64(), nullable=False),
        pa.field("received_ns", pa.int64(), nullable=False),
        pa.field("connection_id", pa.binary(8), nullable=False),
        pa.field("connection_seq", pa.uint32(), nullable=False),
        pa.field("payload", pa.binary(), nullable=False),
        pa.field("invalid", pa.list_(pa.uint16())),
    ]
)
FRAME_COLUMNS: Final = FIXED.names[:-1]
"""What a record is read back from."""
_PLACE: Final = pa.struct([("latitude", pa.float64()), ("longitude", pa.float64())])
_TYPES: Final = {
    Shape.NUMBER: pa.float64(),
    Shape.INTEGER: pa.float64(),  # cars send fractions where counts are due; 53 bits hold every count
    Shape.TIMESTAMP: pa.float64(),  # seconds
    Shape.FLAG: pa.bool_(),
    Shape.TEXT: pa.string(),
    Shape.CHOICE: pa.string(),
    Shape.TIME_OF_DAY: pa.string(),
    Shape.LOCATION: _PLACE,
    Shape.SET: pa.list_(pa.string()),
    Shape.UNTYPED: pa.string(),  # JSON: nobody knows what it will be
}
_VEHICLE_DATA: Final = int(Topic.VEHICLE_DATA)
_json: Final = msgspec.json.encode


def signal_columns(number: int) -> tuple[str, str]:
    """The columns that may hold a signal: typed, and as JSON from before the catalogue knew its type."""
    return f"s{number}", f"j{number}"


def signal_of(column: str) -> int | None:
    """The signal of a column, None for the columns of the record itself."""
    return int(column[1:]) if column[0] in "sj" and column[1:].isdigit() else None


def shape_of(number: int) -> Shape:
    """What type a signal's values have."""
    signal = by_number(number)
    return Shape.UNTYPED if signal is None else signal.shape


def field_of(number: int) -> pa.Field:
    """A signal's field."""
    shape = shape_of(number)
    typed, untyped = signal_columns(number)
    return pa.field(untyped if shape is Shape.UNTYPED else typed, _TYPES[shape])


def schema_of(numbers: Iterable[int]) -> pa.Schema:
    """The schema of records in which these signals occur."""
    fields = [field_of(number) for number in sorted(numbers)]
    return pa.schema([*FIXED, *fields])


def united(schemas: Iterable[pa.Schema]) -> pa.Schema:
    """The schema of records of all these; a signal's type is that of today's catalogue."""
    fields: dict[str, pa.Field] = {}
    for field in (field for schema in schemas for field in schema):
        number = signal_of(field.name)
        if number is not None:
            today = field_of(number)
            fields[field.name] = today if today.name == field.name else pa.field(field.name, field.type)
    ordered = sorted(fields, key=lambda name: (signal_of(name), name))
    return pa.schema([*FIXED, *(fields[name] for name in ordered)])


def table_of(records: Sequence[Archived]) -> tuple[pa.Table, int]:
    """Records as a sorted table, and how many of them could not be decoded."""
    texts = {vehicle: id_text(vehicle) for vehicle in {record.frame[1] for record in records}}
    rows = sorted((texts[record.frame[1]], record.frame[8], record.record_id, record) for record in records)
    size, undecodable = len(rows), 0
    invalid: list[list[int] | None] = [None] * size
    signals: dict[int, list[object]] = {}
    for at, (_, _, _, record) in enumerate(rows):
        if record.frame[4] != _VEHICLE_DATA:
            continue
        try:
            readings = decode_vehicle_data(record.frame[9])
        except Invalid:
            undecodable += 1
            continue
        for number, value in readings:
            column = signals.get(number)
            if column is None:
                column = signals[number] = [None] * size
            if value is None:
                marks = invalid[at]
                if marks is None:
                    marks = invalid[at] = []
                marks.append(number)
            else:
                column[at] = cell_of(shape_of(number), value)
    frames = [row[3].frame for row in rows]
    columns: list[Any] = [
        [row[0] for row in rows],
        [row[1] for row in rows],
        [row[2] for row in rows],
        *([frame[place] for frame in frames] for place in (4, 5, 6, 7, 2, 3, 9)),
        invalid,
    ]
    schema = schema_of(signals)
    columns += [signals[number] for number in sorted(signals)]
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema), undecodable


def records_of(table: pa.Table, org_id: str) -> list[Archived]:
    """The records of a table with `FRAME_COLUMNS`, in its order."""
    org = id_bytes(org_id)
    raw = {text: id_bytes(text) for text in table["vehicle_id"].unique().to_pylist()}
    columns = [table[name].to_pylist() for name in FRAME_COLUMNS]
    return [
        Archived(record_id, (org, raw[vehicle], link, seq, topic, flags, observed, received, effective, payload))
        for vehicle, effective, record_id, topic, flags, observed, received, link, seq, payload in zip(
            *columns, strict=True
        )
    ]


def cell_of(shape: Shape, value: Value) -> object:
    """A reading as its column takes it; None where its type is not that of its signal (its bytes are kept)."""
    match shape:
        case Shape.NUMBER | Shape.INTEGER | Shape.TIMESTAMP:
            return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
        case Shape.FLAG:
            return value if isinstance(value, bool) else None
        case Shape.LOCATION:
            return _place(value)
        case Shape.SET:
            return list(value) if isinstance(value, tuple) else None
        case Shape.UNTYPED:
            return _json(value).decode()
        case _:
            return value if isinstance(value, str) else None


def value_of(shape: Shape, cell: Any) -> Value:
    """What `cell_of` took."""
    if cell is None:
        return None
    match shape:
        case Shape.INTEGER | Shape.TIMESTAMP:
            return int(cell) if cell == int(cell) else float(cell)
        case Shape.LOCATION:
            return (cell["latitude"], cell["longitude"])
        case Shape.SET:
            return tuple(cell)
        case Shape.UNTYPED:
            found = msgspec.json.decode(cell)
            return tuple(found) if isinstance(found, list) else found
        case _:
            return cell  # type: ignore[no-any-return]  # a column of plain values


def conformed(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """A table in another schema: what it lacks is empty; what an older catalogue typed otherwise is typed anew."""
    arrays = []
    for wanted in schema:
        at = table.schema.get_field_index(wanted.name)
        number = signal_of(wanted.name)
        if at < 0:
            arrays.append(pa.nulls(table.num_rows, wanted.type))
        elif number is None:
            arrays.append(table.column(at))
        else:
            arrays.append(_typed(table.column(at), wanted))
    return pa.Table.from_arrays(arrays, schema=schema)


def readings_of(table: pa.Table, number: int) -> pa.ChunkedArray:
    """The cells of a signal in today's type, whichever column holds them."""
    columns = [name for name in signal_columns(number) if name in table.schema.names]
    wanted = field_of(number)
    found = [_typed(table[name], wanted, was_json=name[0] == "j") for name in columns]
    return pc.coalesce(*found) if found else pa.nulls(table.num_rows, wanted.type)


def _typed(column: pa.ChunkedArray, wanted: pa.Field, *, was_json: bool | None = None) -> pa.ChunkedArray:
    number = signal_of(wanted.name)
    is_json = wanted.name[0] == "j"
    if number is None or (column.type == wanted.type and was_json in {None, is_json}):
        return column
    before = Shape.UNTYPED if was_json else _shape_of_type(column.type)
    values = (value_of(before, cell) for cell in column.to_pylist())
    cells = [None if value is None else cell_of(shape_of(number), value) for value in values]
    return pa.chunked_array([pa.array(cells, wanted.type)])


def _shape_of_type(kind: pa.DataType) -> Shape:
    for shape in (Shape.NUMBER, Shape.FLAG, Shape.LOCATION, Shape.SET):
        if _TYPES[shape] == kind:
            return shape
    return Shape.TEXT


def _place(value: Value) -> dict[str, float] | None:
    if not isinstance(value, tuple) or len(value) != 2:
        return None
    latitude, longitude = value
    if isinstance(latitude, str) or isinstance(longitude, str):
        return None
    return {"latitude": latitude, "longitude": longitude}
