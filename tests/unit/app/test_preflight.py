"""A data folder that has lost a part of itself is refused, before anything is made in its place."""

from pathlib import Path

import pytest

from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.adapters.embedded.store_sqlite import SqliteStore
from motorcade.adapters.embedded.stream_sqlite import SqliteStreamWriter
from motorcade.app.first_start import prepare_installation
from motorcade.app.preflight import begin_first_start, end_first_start, need_whole_folder
from motorcade.app.settings import Settings
from motorcade.domain.errors import Invalid, Unavailable
from motorcade.domain.tenant import SystemScope
from motorcade.ports.store import Put
from motorcade.repositories.consumption import READER, Consumption
from motorcade.repositories.tables import ALL, CHECKPOINTS

KEY, STORE, STREAM = "root.key", "store.db", "stream.db"


def settings_of(folder: Path, *names: str) -> Settings:
    """A folder that holds these files."""
    for name in names:
        (folder / name).touch()
    return Settings(data_dir=folder, simulated_cars=0)


@pytest.mark.parametrize(
    "there, lost",
    [((KEY,), STORE), ((STORE,), KEY), ((STREAM,), KEY), ((KEY, STREAM), STORE), ((STORE, STREAM), KEY)],
)
def test_a_folder_without_its_key_or_store_is_refused_by_name(
    data_dir: Path, there: tuple[str, ...], lost: str
) -> None:
    settings = settings_of(data_dir, *there)
    with pytest.raises(Unavailable, match=rf"but no {lost}, .* Put {lost} back") as refusal:
        begin_first_start(settings)
    assert all(name in str(refusal.value) for name in there)
    assert {path.name for path in data_dir.iterdir()} == set(there), "nothing was made"


@pytest.mark.parametrize("there", [(), (KEY, STORE), (KEY, STORE, STREAM)])
def test_an_empty_folder_and_a_whole_one_are_accepted(data_dir: Path, there: tuple[str, ...]) -> None:
    need_whole_folder(settings_of(data_dir, *there))


@pytest.mark.parametrize("there", [(), (KEY,), (KEY, STORE)])
def test_a_first_start_that_was_interrupted_goes_on(data_dir: Path, there: tuple[str, ...]) -> None:
    begin_first_start(settings_of(data_dir))
    settings = settings_of(data_dir, *there)
    begin_first_start(settings)
    end_first_start(settings)
    end_first_start(settings)
    assert {path.name for path in data_dir.iterdir()} == set(there)


async def test_a_stream_that_was_read_and_is_gone_is_not_begun_anew_unasked(data_dir: Path) -> None:
    settings = settings_of(data_dir)
    await prepare_installation(settings)
    await prepare_installation(settings)  # no stream yet, and nothing was read of one
    store = SqliteStore(settings.store_path, SystemClock(), ALL)
    await store.write([Put(CHECKPOINTS, READER, "0", {"position": 7, "epoch": 1, "counts": {}})])
    with pytest.raises(Invalid, match=r"lost its stream\.db, .* up to entry 7.*motorcade reread"):
        await prepare_installation(settings)
    await Consumption(SystemScope("test"), store).forget(0)
    await store.close()
    await prepare_installation(settings)


async def test_a_stream_that_is_there_is_left_to_the_consumer_to_compare(data_dir: Path) -> None:
    settings = settings_of(data_dir)
    await prepare_installation(settings)
    store = SqliteStore(settings.store_path, SystemClock(), ALL)
    await store.write([Put(CHECKPOINTS, READER, "0", {"position": 7, "epoch": 1, "counts": {}})])
    await store.close()
    writer = SqliteStreamWriter(settings.stream_path, SystemClock(), lambda _: None, lambda _, error: None)
    await writer.close()
    await prepare_installation(settings)
