"""What can be seen in a screenshot. The browser itself reads the picture, so that tests need no image library."""

import base64
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page

NEAR_PX = 8
"""Half the side of the square around a car that is looked at: the shape is 13 px and turns."""

_READ = """
  const read = async (picture) => {
    const bytes = Uint8Array.from(atob(picture), (letter) => letter.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const pen = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
    pen.drawImage(bitmap, 0, 0);
    return pen.getImageData(0, 0, bitmap.width, bitmap.height);
  };
"""
# Blue means driving (look.md): both themes' blue is far from every ground, so a wide margin tells them apart.
_COUNT = (
    """
async ([before, after, squares, half]) => {
"""
    + _READ
    + """
  const [a, b] = [await read(before), await read(after)];
  const blue = ({ data }, i) => data[i + 2] - data[i] > 90 && data[i + 2] > 150;
  const differs = (i) => [0, 1, 2].some((c) => Math.abs(a.data[i + c] - b.data[i + c]) > 24);
  const count = (left, top, right, bottom) => {
    const sums = { seen: 0, blue_before: 0, blue_after: 0, changed: 0 };
    for (let y = Math.max(0, top); y < Math.min(b.height, bottom); y++) {
      for (let x = Math.max(0, left); x < Math.min(b.width, right); x++) {
        const i = 4 * (y * b.width + x);
        sums.seen += 1;
        sums.blue_before += blue(a, i);
        sums.blue_after += blue(b, i);
        sums.changed += differs(i);
      }
    }
    return sums;
  };
  const around = ([x, y]) => count(x - half, y - half, x + half, y + half);
  const whole = squares.map(([x, y]) => [Math.round(x), Math.round(y)]);
  return [count(0, 0, b.width, b.height), ...whole.map(around)];
}
"""
)
_RAW = (
    """
async (picture) => {
"""
    + _READ
    + """
  const { data, width, height } = await read(picture);
  let rows = "";
  for (let y = 0; y < height; y++) {
    rows += "\\0";
    for (let i = 4 * y * width; i < 4 * (y + 1) * width; i += 4) {
      rows += String.fromCharCode(data[i], data[i + 1], data[i + 2]);
    }
  }
  return [width, height, btoa(rows)];
}
"""
)


@dataclass(frozen=True)
class Sum:
    """Pixels counted in one part of two pictures."""

    seen: int
    blue_before: int
    blue_after: int
    changed: int


def compare(page: Page, before: bytes, after: bytes, points: Sequence[tuple[float, float]]) -> tuple[Sum, list[Sum]]:
    """Count what is blue and what differs: in the whole of two pictures, and around each point.

    Args:
        page: an empty page without a content policy; it does the reading.
        before: the earlier picture, as PNG.
        after: the later picture, as PNG.
        points: places in the pictures, in pixels from the left and upper edge.
    """
    pictures = [base64.b64encode(picture).decode() for picture in (before, after)]
    sums: list[dict[str, Any]] = page.evaluate(_COUNT, [*pictures, [list(point) for point in points], NEAR_PX])
    whole, *each = (Sum(**one) for one in sums)
    return whole, each


def compact(page: Page, picture: bytes) -> bytes:
    """Write a PNG smaller, with the same pixels.

    Flat areas and text shrink best when rows are stored as they are (PNG's filter 0) and deflated thoroughly; a browser
    filters rows as photographs want it and hurries.
    """
    width, height, rows = page.evaluate(_RAW, base64.b64encode(picture).decode())
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)  # 8 bits each of red, green and blue
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(base64.b64decode(rows), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
