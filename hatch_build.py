"""Build hook: puts the built web application into wheels and source archives.

Hatchling calls it. A wheel carries the pages as `motorcade/web_dist`, so whoever installs it needs no Node; a source
archive carries them too. An editable install is left alone: there the server reads `web/dist`.
"""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WebBuildHook(BuildHookInterface[Any]):
    """Builds `web/dist` with the set-up's own functions, unless a source archive brought it along."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the pages to what is being built.

        Args:
            version: `standard`, or `editable` for an editable install.
            build_data: hatchling's instructions, extended in place.

        Raises:
            Trouble: no Node could be had, or the pages do not build; the message names the remedy.
        """
        if version == "editable":
            return
        root = Path(self.root)
        pages = root / "web" / "dist"
        # Only a source archive has this file; its pages are built and it may have come without their sources.
        is_source_archive = (root / "PKG-INFO").exists()
        if not (is_source_archive and (pages / "index.html").exists()):
            build_pages(root)
        build_data["force_include"][str(pages)] = "motorcade/web_dist" if self.target_name == "wheel" else "web/dist"


def build_pages(root: Path) -> None:
    """Build the pages; `tools` is no installed package, so its place is named first."""
    sys.path.insert(0, str(root))
    from tools.machine import only_one  # noqa: PLC0415 - importable only after the line above
    from tools.web_build import build  # noqa: PLC0415 - (same)

    with only_one(root):
        build()
