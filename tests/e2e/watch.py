"""Listens to a page from its first byte: what it asks whom for, and what it complains about."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Page, Request

LOCAL_SCHEMES = {"blob", "data"}


@dataclass
class Watch:
    """Keeps every complaint of one page. A refused content policy is a console error, so it is among them."""

    base_url: str
    complaints: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    allowed: list[re.Pattern[str]] = field(default_factory=list)

    def attach(self, page: Page) -> None:
        """Begin to listen."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._request)

    def expect(self, pattern: str) -> None:
        """Name a complaint that the test causes on purpose."""
        self.allowed.append(re.compile(pattern))

    def assert_quiet(self) -> None:
        """Nothing left this machine and nothing went wrong that the test did not cause."""
        assert not self.foreign, f"requests to other hosts: {self.foreign}"
        wrong = [line for line in self.complaints if not any(pattern.search(line) for pattern in self.allowed)]
        assert not wrong, "the page complained:\n" + "\n".join(wrong)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"{message.text} ({message.location.get('url', '')})")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in LOCAL_SCHEMES and parts.netloc != urlsplit(self.base_url).netloc:
            self.foreign.append(request.url)
