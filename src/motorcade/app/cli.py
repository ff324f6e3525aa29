"""The command line: `motorcade`."""

import asyncio
import errno
import getpass
import os
import sys
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

from cyclopts import App, Parameter
from rich.console import Console
from rich.progress import Progress

from motorcade import __version__
from motorcade.app.archive_checks import replay_fleet, verify_fleet
from motorcade.app.compose import (
    Room,
    api_room,
    gateway_room,
    open_house,
    simulator_room,
)
from motorcade.app.engine import archiver_room, consumer_room, worker_room
from motorcade.app.first_start import sign_in_link
from motorcade.app.lifecycle import run_until_stopped
from motorcade.app.lines import describe_lines, redrive_line
from motorcade.app.preflight import check_ports, need_whole_folder, prepare_folders
from motorcade.app.recordings import play_file
from motorcade.app.settings import Settings, load_settings
from motorcade.app.supervisor import Supervisor
from motorcade.domain.errors import Invalid, MotorcadeError, Unavailable
from motorcade.observability.crash_points import arm
from motorcade.repositories.consumption import Consumption
from motorcade.repositories.manifest import Manifest

EXIT_FAULT = 1
EXIT_INTERRUPTED = 130

app = App(
    name="motorcade",
    help="Fleet management straight from the car maker's stream. Settings are variables named MOTORCADE_…",
    version=__version__,
)
console = Console()
errors = Console(stderr=True)
Result = TypeVar("Result")
Supervised = Annotated[bool, Parameter(show=False, help="Stop when standard input closes.")]


@app.command
def run() -> None:
    """Start everything on this machine with a simulated fleet; stop with Ctrl-C."""
    asyncio.run(Supervisor(load_settings(), console).run())


@app.command
def gateway(*, supervised: Supervised = False) -> None:
    """Run the gateway alone: vehicles connect here."""
    _room("gateway", gateway_room, supervised=supervised)


@app.command
def consumer(*, supervised: Supervised = False) -> None:
    """Run the consumer alone: stream to state and live."""
    _room("consumer", consumer_room, supervised=supervised)


@app.command
def archiver(*, supervised: Supervised = False) -> None:
    """Run the archiver alone: stream to Parquet."""
    _room("archiver", archiver_room, supervised=supervised)


@app.command
def worker(*, supervised: Supervised = False) -> None:
    """Run the worker alone: the outbox, jobs and sweeps."""
    _room("worker", worker_room, supervised=supervised)


@app.command
def api(*, supervised: Supervised = False) -> None:
    """Run web and API alone."""
    _room("api", api_room, supervised=supervised)


@app.command
def simulate(*, supervised: Supervised = False) -> None:
    """Run the simulated fleet alone."""
    _room("simulate", simulator_room, supervised=supervised)


@app.command(name="open")
def open_() -> None:
    """Print a fresh one-time sign-in link (15 minutes)."""
    console.print(_do(_link()), soft_wrap=True, highlight=False)


@app.command
def claim(vin: str, *, name: str | None = None, model: str | None = None) -> None:
    """Claim a car for the fleet, so that its connection is accepted.

    Args:
        vin: its 17-character vehicle identification number.
        name: what people call it; its place in the fleet when not given.
        model: for display.
    """
    vehicle_id, known_as = _do(_claim(vin, name, model))
    console.print(f"Claimed as {known_as} ({vehicle_id}). It is accepted within 5 s.", highlight=False)


@app.command
def passphrase() -> None:
    """Set the owner's passphrase; needed before Motorcade listens beyond this machine."""
    if not sys.stdin.isatty():
        raise Invalid("a passphrase is typed, not piped: run this in a terminal")
    first = getpass.getpass("New passphrase (15 characters or more): ")
    if getpass.getpass("The same again: ") != first:
        raise Invalid("the two passphrases differ; nothing was changed")
    _do(_set_passphrase(first))
    console.print("The passphrase is set. Sign in with it at the web page.")


@app.command
def reread() -> None:
    """Let consumer and archiver read the stream from its beginning, after stream.db was lost or replaced."""
    reached = _do(_forget_checkpoint())
    console.print(f"The checkpoint (entry {reached}) is forgotten; the vehicles' states are kept.", highlight=False)


@app.command
def verify(vehicle: str | None = None) -> None:
    """Compare stored trips, charges, alerts and states with the archive, and name each difference.

    Args:
        vehicle: only this vehicle's id; all when not given.
    """
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("verifying", total=None)
        summary = _do(
            verify_fleet(_installed(), vehicle, lambda done, total: bar.update(task, completed=done, total=total))
        )
    differences = [one for verdict in summary.verdicts for one in verdict.differences if not verdict.doubtful]
    for one in differences:
        detail = f": {one.detail}" if one.detail else ""
        console.print(f"vehicle {one.key[1]}: {one.kind} {one.id} {one.fault}{detail}", highlight=False, soft_wrap=True)
    for verdict in summary.verdicts:
        if verdict.doubtful:
            console.print(f"vehicle {verdict.key[1]}: late records wait for a re-fold", highlight=False)
        if verdict.gaps:
            console.print(f"vehicle {verdict.key[1]}: {verdict.gaps} objects of the archive unread", highlight=False)
    told = f"{summary.vehicles} vehicles, {summary.records} records, {summary.rows['compared']} rows"
    console.print(f"{told}: {len(differences)} differences.", highlight=False)
    if differences:
        raise Invalid(f"{len(differences)} rows are not what the archive says")


@app.command
def replay(
    *,
    from_: Annotated[datetime | None, Parameter(name="--from")] = None,
    to: datetime | None = None,
    vehicle: str | None = None,
) -> None:
    """Fold the archive again into a store of its own, without any effect on the running system.

    Args:
        from_: rows that began earlier are left out (UTC); everything when not given.
        to: records from here on are not folded (UTC); now when not given.
        vehicle: only this vehicle's id; all when not given.
    """
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("replaying", total=None)
        summary, path = _do(
            replay_fleet(
                _installed(),
                0 if from_ is None else _ns(from_),
                None if to is None else _ns(to),
                vehicle,
                lambda done, total: bar.update(task, completed=done, total=total),
            )
        )
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(summary.rows.items())) or "no rows"
    console.print(f"{summary.vehicles} vehicles, {summary.records} records: {kinds}. In {path}.", highlight=False)


def _ns(moment: datetime) -> int:
    """A moment as ns since 1970; one without a zone is UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(aware.timestamp()) * 1_000_000_000 + aware.microsecond * 1_000


@app.command
def lines() -> None:
    """Show the worker's lines: what waits, what is under way, and what was given up, with the reasons."""
    for told in _do(describe_lines(_installed())):
        console.print(told, highlight=False, markup=False, soft_wrap=True)


@app.command
def redrive(line: str) -> None:
    """Let the worker try again what was given up in one of its lines.

    Args:
        line: as `motorcade lines` names it.
    """
    count = _do(redrive_line(_installed(), line))
    console.print(f"{count} put back into {line}.", highlight=False)


@app.command
def play(file: Path, *, speed: float | None = None) -> None:
    """Send a recorded stream of a real car through the front door, its times shifted to end now.

    Args:
        file: messages in protobuf's JSON mapping, one a line.
        speed: seconds of the recording per second; as fast as acknowledged when not given.
    """
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("playing", total=None)
        report = _do(
            play_file(_installed(), file, speed, lambda done, total: bar.update(task, completed=done, total=total))
        )
    for vehicle in report.vehicles:
        console.print(
            f"{vehicle.name}: vehicle {vehicle.vehicle_id}, simulator VIN {vehicle.simulator_vin}", highlight=False
        )
    console.print(f"{report.acknowledged} of {report.sent} messages acknowledged.")
    if report.refused_lines:
        raise Invalid(f"the gateway could not read lines {', '.join(map(str, report.refused_lines))}")


def main() -> None:
    """Entry point: errors are one sentence, Ctrl-C is quiet."""
    try:
        app()
    except MotorcadeError as error:
        errors.print(f"motorcade: {error}", style="red", highlight=False, markup=False, soft_wrap=True)
        raise SystemExit(EXIT_FAULT) from None
    except KeyboardInterrupt:
        raise SystemExit(EXIT_INTERRUPTED) from None


def _room(name: str, room: Room, *, supervised: bool) -> None:
    settings = _installed()
    prepare_folders(settings)
    check_ports(settings, name)
    arm(settings.crash_at)
    os.umask(0o077)
    try:
        run_until_stopped(lambda stop: room(settings, stop), supervised=supervised)
    except OSError as error:
        if error.errno not in {errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES}:
            raise
        check_ports(settings, name)  # somebody was quicker after the first look: names the setting
        raise Unavailable(f"{name} could not start ({error.strerror}); start it again") from error


def _do(work: Coroutine[Any, Any, Result]) -> Result:
    return asyncio.run(work)


async def _link() -> str:
    settings = _installed()
    async with open_house(settings, "command line", None) as house:
        await house.identity.ensure_owner()
        return sign_in_link(settings, await house.identity.make_link())


async def _claim(vin: str, name: str | None, model: str | None) -> tuple[str, str]:
    async with open_house(_installed(), "command line", None) as house:
        owner = await house.identity.ensure_owner()
        known_as = name or f"Car {len(await house.claims.all()) + 1}"
        vehicle = await house.claims.claim(vin, owner.org_id, known_as, model)
        return vehicle.vehicle_id, vehicle.name


async def _forget_checkpoint() -> int:
    async with open_house(_installed(), "command line", None) as house:
        await Manifest(house.scope, house.store).forget(0)
        return await Consumption(house.scope, house.store).forget(0)


async def _set_passphrase(new: str) -> None:
    async with open_house(_installed(), "command line", None) as house:
        await house.identity.ensure_owner()
        _, session = await house.identity.redeem_link(await house.identity.make_link())
        await house.identity.reset_passphrase(session, new)


def _installed() -> Settings:
    """The settings of a folder that a first start has made.

    Raises:
        Unavailable: it has not.
    """
    settings = load_settings()
    need_whole_folder(settings)
    if not settings.root_key_path.exists():
        raise Unavailable(
            f"{settings.data_dir} holds no fleet yet. Run `motorcade run` once, or set MOTORCADE_DATA_DIR."
        )
    return settings
