"""Records as columns and back.

Besides what a record is made of there is one column for each signal that occurs: `s<number>` by the catalogue's number,
with values in the catalogue's unit. What has no type in the catalogue, or comes in another than the catalogue's, stands
in `j<number>` as JSON. `invalid` lists the numbers of those that the car says it cannot measure now, so that an empty
cell of a signal means "not said" unless its number stands there. The payload's bytes are always kept.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
import pyarrow as pa

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
}
_VEHICLE_DATA: Final = int(Topic.VEHICLE_DATA)
_json: Final = msgspec.json.encode


def signal_columns(number: int) -> tuple[str, str]:
    """The columns that may hold a signal: in its own type, and as JSON."""
    return f"s{number}", f"j{number}"


def signal_of(column: str) -> int | None:
    """The signal of a column, None for the columns of the record itself."""
    return int(column[1:]) if column[0] in "sj" and column[1:].isdigit() else None


def shape_of(number: int) -> Shape:
    """What type a signal's values have."""
    signal = by_number(number)
    return Shape.UNTYPED if signal is None else signal.shape


def type_of(number: int) -> pa.DataType | None:
    """The type of a signal's own column; None where the catalogue has no type for it."""
    return _TYPES.get(shape_of(number))


def united(schemas: Iterable[pa.Schema]) -> pa.Schema:
    """The schema of records of all these; a signal's type is that of today's catalogue."""
    fields: dict[str, pa.Field] = {}
    for field in (field for schema in schemas for field in schema):
        number = signal_of(field.name)
        if number is not None:
            today = None if field.name[0] == "j" else type_of(number)
            fields[field.name] = pa.field(field.name, field.type if today is None else today)
    ordered = sorted(fields, key=lambda name: (signal_of(name), name))
    return pa.schema([*FIXED, *(fields[name] for name in ordered)])


def table_of(records: Sequence[Archived]) -> tuple[pa.Table, int]:
    """Records as a sorted table, and how many of them could not be decoded."""
    texts = {vehicle: id_text(vehicle) for vehicle in {record.frame[1] for record in records}}
    rows = sorted((texts[record.frame[1]], record.frame[8], record.record_id, record) for record in records)
    size, undecodable = len(rows), 0
    invalid: list[list[int] | None] = [None] * size
    cells: dict[str, list[object]] = {}
    for at, (_, _, _, record) in enumerate(rows):
        if record.frame[4] != _VEHICLE_DATA:
            continue
        try:
            readings = decode_vehicle_data(record.frame[9])
        except Invalid:
            undecodable += 1
            continue
        for number, value in readings:
            typed, untyped = signal_columns(number)
            name, cell = typed, None if value is None else cell_of(shape_of(number), value)
            if value is None:
                marks = invalid[at]
                if marks is None:
                    marks = invalid[at] = []
                marks.append(number)
            elif cell is None:
                name, cell = untyped, _json(value).decode()
            column = cells.get(name)
            if column is None:
                column = cells[name] = [None] * size
            column[at] = cell
    frames = [row[3].frame for row in rows]
    columns: list[Any] = [
        [row[0] for row in rows],
        [row[1] for row in rows],
        [row[2] for row in rows],
        *([frame[place] for frame in frames] for place in (4, 5, 6, 7, 2, 3, 9)),
        invalid,
    ]
    names = sorted(cells, key=lambda name: (signal_of(name), name))
    schema = pa.schema([*FIXED, *(pa.field(name, _column_type(name)) for name in names)])
    columns += [cells[name] for name in names]
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
    """A reading as its signal's own column takes it; None where it is of another type, and goes the way of JSON."""
    match shape:
        case Shape.NUMBER | Shape.INTEGER | Shape.TIMESTAMP:
            return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
        case Shape.FLAG:
            return value if isinstance(value, bool) else None
        case Shape.LOCATION:
            return _place(value)
        case Shape.SET:
            return list(value) if isinstance(value, tuple) and all(isinstance(part, str) for part in value) else None
        case Shape.UNTYPED:
            return None
        case _:
            return value if isinstance(value, str) else None


def value_of(shape: Shape, cell: Any, other: str | None) -> Value:
    """A reading from its signal's own column, or from JSON; None where it is in neither."""
    if cell is None:
        found = None if other is None else msgspec.json.decode(other)
        return tuple(found) if isinstance(found, list) else found
    match shape:
        case Shape.INTEGER | Shape.TIMESTAMP:
            return int(cell) if cell == int(cell) else float(cell)
        case Shape.LOCATION:
            return (cell["latitude"], cell["longitude"])
        case Shape.SET:
            return tuple(cell)
        case _:
            return cell  # type: ignore[no-any-return]  # a column of plain values


def conformed(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """A table in another schema: what it lacks is empty; what an older catalogue typed otherwise is typed anew."""
    arrays = []
    for wanted in schema:
        at = table.schema.get_field_index(wanted.name)
        arrays.append(pa.nulls(table.num_rows, wanted.type) if at < 0 else _typed(table.column(at), wanted))
    return pa.Table.from_arrays(arrays, schema=schema)


def readings_of(table: pa.Table, number: int) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """The cells of a signal in today's type, and as JSON. Without a type today, all of them are JSON."""
    typed, untyped = signal_columns(number)
    kind = type_of(number) or pa.bool_()  # of which none will be there
    found = conformed(table, pa.schema([pa.field(typed, kind), pa.field(untyped, pa.string())]))
    return found.column(0), found.column(1)


def _column_type(name: str) -> pa.DataType:
    kind = None if name[0] == "j" else type_of(int(name[1:]))
    return pa.string() if kind is None else kind


def _typed(column: pa.ChunkedArray, wanted: pa.Field) -> pa.ChunkedArray:
    number = signal_of(wanted.name)
    if number is None or column.type == wanted.type:
        return column
    before = next((shape for shape, kind in _TYPES.items() if kind == column.type), Shape.TEXT)
    values = (value_of(before, cell, None) for cell in column.to_pylist())
    cells = [None if value is None else cell_of(shape_of(number), value) for value in values]
    return pa.chunked_array([pa.array(cells, wanted.type)])


def _place(value: Value) -> dict[str, float] | None:
    if not isinstance(value, tuple) or len(value) != 2:
        return None
    latitude, longitude = value
    if isinstance(latitude, str) or isinstance(longitude, str):
        return None
    return {"latitude": latitude, "longitude": longitude}
