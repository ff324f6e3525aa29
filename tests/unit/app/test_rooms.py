"""A room alone says which setting moves a port that is taken, also when somebody was quicker than its first look."""

import asyncio
import os
import socket
from pathlib import Path

import pytest

from motorcade.adapters.embedded.keys_file import create_root_key
from motorcade.adapters.embedded.store_file import open_store
from motorcade.app import cli, compose
from motorcade.app.settings import Settings
from motorcade.domain.errors import Unavailable
from tests.conditions import free_port


@pytest.mark.parametrize("setting", ["VEHICLE", "GATEWAY_METRICS"])
def test_a_port_that_is_taken_at_the_last_moment_is_named(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    create_root_key(data_dir / "root.key")
    open_store(data_dir / "store.db", ()).close()
    monkeypatch.setenv("MOTORCADE_DATA_DIR", str(data_dir))
    for name in ("VEHICLE", "GATEWAY_METRICS"):
        monkeypatch.setenv(f"MOTORCADE_{name}_PORT", str(free_port()))
    port = free_port()
    monkeypatch.setenv(f"MOTORCADE_{setting}_PORT", str(port))
    monkeypatch.setattr(os, "umask", lambda _: 0)  # it would stay for the other tests
    monkeypatch.setattr(compose, "configure_logs", lambda **_: None)  # so would this
    taken: list[socket.socket] = []

    async def quicker(settings: Settings, stop: asyncio.Event) -> None:
        taken.append(socket.create_server(("127.0.0.1", port)))
        await compose.gateway_room(settings, stop)

    try:
        with pytest.raises(Unavailable, match=f"MOTORCADE_{setting}_PORT"):
            cli._room("gateway", quicker, supervised=False)
    finally:
        for each in taken:
            each.close()
