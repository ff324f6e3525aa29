"""Readiness asks at the vehicle door itself."""

import asyncio
from pathlib import Path

from motorcade.app.probe import opens
from motorcade.app.settings import Settings


async def test_the_vehicle_port_is_open_while_somebody_listens(tmp_path: Path) -> None:
    door = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    settings = Settings(data_dir=tmp_path, vehicle_host="0.0.0.0", vehicle_port=door.sockets[0].getsockname()[1])
    assert await opens(settings)
    door.close()
    await door.wait_closed()
    assert not await opens(settings)
