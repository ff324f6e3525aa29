"""Readiness asks at the vehicle door itself."""

import socket
from pathlib import Path

from motorcade.app.probe import opens
from motorcade.app.settings import Settings


async def test_the_vehicle_port_is_open_while_somebody_listens(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:  # the kernel alone lets callers in
        settings = Settings(data_dir=tmp_path, vehicle_host="0.0.0.0", vehicle_port=door.getsockname()[1])
        assert await opens(settings)
    assert not await opens(settings)
