// @vitest-environment node
import { zxyToTileId } from "pmtiles";
import { describe, expect, it } from "vitest";
import { packTiles } from "../../scripts/basemap/archive.mjs";
import { TileArchive, tileNumber } from "./archive";

const text = (s: string) => new TextEncoder().encode(s);
const facts = { bounds: [-180, -85, 180, 85], center: [0, 0, 0], metadata: {} };

function archiveOf(tiles: { z: number; x: number; y: number; data: Uint8Array }[]) {
  const bytes = packTiles(tiles, facts);
  let reads = 0;
  const archive = new TileArchive(async (offset, length) => {
    reads += 1;
    return Uint8Array.from(bytes.subarray(offset, offset + length)).buffer;
  });
  return { archive, reads: () => reads };
}

describe("TileArchive", () => {
  it("numbers tiles as the format's own library does", () => {
    for (let z = 0; z <= 8; z++) {
      for (let i = 0; i < 40; i++) {
        const [x, y] = [(i * 7919) % 2 ** z, (i * 104_729) % 2 ** z];
        expect(tileNumber(z, x, y)).toBe(zxyToTileId(z, x, y));
      }
    }
  });

  it("gives back what was packed, and nothing for what was not", async () => {
    const { archive } = archiveOf([
      { z: 0, x: 0, y: 0, data: text("world") },
      { z: 3, x: 5, y: 2, data: text("a part") },
    ]);
    expect(new TextDecoder().decode((await archive.tile(3, 5, 2)) ?? undefined)).toBe("a part");
    expect(await archive.tile(3, 5, 3)).toBeNull();
  });

  it("finds tiles through leaf directories and reads each leaf once", async () => {
    const tiles = [];
    // Bytes and lengths without a pattern: the directory must not squeeze into the first read.
    let seed = 1;
    const noise = () => (seed = (seed * 48_271) % 2_147_483_647);
    for (let x = 0; x < 140; x++) for (let y = 0; y < 140; y++) tiles.push({ z: 8, x, y, data: Uint8Array.from({ length: 8 + (noise() % 200) }, noise) });
    const { archive, reads } = archiveOf(tiles);
    const [a, b] = await Promise.all([archive.tile(8, 100, 3), archive.tile(8, 100, 3)]);
    expect(new Uint8Array(a ?? new ArrayBuffer(0))).toEqual(tiles[100 * 140 + 3]?.data);
    expect(b).toEqual(a);
    expect(reads()).toBe(4);
  });

  it("tries again after a failed start", async () => {
    const bytes = packTiles([{ z: 0, x: 0, y: 0, data: text("world") }], facts);
    let down = true;
    const archive = new TileArchive(async (offset, length) => {
      if (down) throw new Error("down");
      return Uint8Array.from(bytes.subarray(offset, offset + length)).buffer;
    });
    await expect(archive.tile(0, 0, 0)).rejects.toThrow("down");
    down = false;
    expect(await archive.tile(0, 0, 0)).not.toBeNull();
  });
});
