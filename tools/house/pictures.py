"""C4 pictures as Mermaid whose boxes are folders: a box that names no folder is a picture of another system.

In a picture, `gateway["gateway<br/>what it does"]` is a box; the first line of its label is a path under
`src/motorcade`, or from the root. People, other systems and data files carry `:::outside`.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from tools.house.documents import FENCE
from tools.house.files import Fault, texts

BOX = re.compile(r"\b(?P<id>[A-Za-z_]\w*)\s*[\[({]+\"(?P<label>[^\"]+)\"[\])}]+(?P<classes>(?::::\w+)?)", re.MULTILINE)


def boxes(picture: str) -> Iterator[tuple[str, bool]]:
    """Yield (first line of the label, whether it is outside the code) of a picture's boxes."""
    for match in BOX.finditer(picture):
        yield match["label"].split("<br/>")[0].strip(), match["classes"] == ":::outside"


def picture_faults(root: Path, *places: str) -> Iterator[Fault]:
    """Yield boxes that name neither a folder nor a file of this tree."""
    for path, content in texts(root, *places):
        if not path.endswith(".md"):
            continue
        for block in FENCE.finditer(content):
            if block["info"].strip() != "mermaid":
                continue
            line = content.count("\n", 0, block.start()) + 1
            for name, is_outside in boxes(block["body"]):
                exists = (root / "src" / "motorcade" / name).exists() or (root / name).exists()
                if not is_outside and not exists:
                    yield Fault(
                        path, line, f"the box `{name}` is no folder or file here: rename it, or mark it outside"
                    )
