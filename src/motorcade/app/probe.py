"""Ask our own rooms whether they are ready."""

import asyncio
import contextlib
import ssl

from motorcade.app.settings import Settings

ANSWER_WITHIN_S = 2.0
"""A loopback answer takes milliseconds; more means not ready."""


async def answers(settings: Settings, path: str) -> bool:
    """Whether the API answers a GET with 200.

    The certificate is not checked: this asks ourselves over loopback and sends nothing secret.
    """
    context = None
    if settings.http_cert is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            reader, writer = await asyncio.open_connection(settings.local_http_host, settings.http_port, ssl=context)
            try:
                request = f"GET {path} HTTP/1.1\r\nHost: localhost:{settings.http_port}\r\nConnection: close\r\n\r\n"
                writer.write(request.encode())
                return b" 200 " in await reader.readline()
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
    except (OSError, TimeoutError):
        return False


async def opens(settings: Settings) -> bool:
    """Whether the vehicle port takes a connection."""
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            _, writer = await asyncio.open_connection(settings.local_vehicle_host, settings.vehicle_port)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
            return True
    except (OSError, TimeoutError):
        return False
