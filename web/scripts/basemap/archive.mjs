// Writes a PMTiles v3 archive (https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md).
import { gzipSync } from "node:zlib";
import { zxyToTileId } from "pmtiles";

const HEADER_BYTES = 127;
// The specification wants the header and root directory inside the first 16 KiB; larger directories move to leaves.
const ROOT_LIMIT_BYTES = 16384 - HEADER_BYTES;
const LEAF_ENTRIES = 2048;
const GZIP = 2;
const MVT = 1;

function varint(out, value) {
  let rest = value;
  while (rest >= 0x80) {
    out.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  out.push(rest);
}

function directory(entries) {
  const out = [];
  varint(out, entries.length);
  let last = 0;
  for (const entry of entries) {
    varint(out, entry.id - last);
    last = entry.id;
  }
  for (const entry of entries) varint(out, entry.run);
  for (const entry of entries) varint(out, entry.length);
  entries.forEach((entry, i) => {
    const before = entries[i - 1];
    const follows = before && entry.offset === before.offset + before.length;
    varint(out, follows ? 0 : entry.offset + 1);
  });
  return gzipSync(Uint8Array.from(out), { level: 9 });
}

/** Splits the entries into leaves when one directory would not fit beside the header. */
function directories(entries) {
  const whole = directory(entries);
  if (whole.length <= ROOT_LIMIT_BYTES) return { root: whole, leaves: new Uint8Array(0) };
  const parts = [];
  const pointers = [];
  let offset = 0;
  for (let i = 0; i < entries.length; i += LEAF_ENTRIES) {
    const leaf = directory(entries.slice(i, i + LEAF_ENTRIES));
    pointers.push({ id: entries[i].id, run: 0, offset, length: leaf.length });
    parts.push(leaf);
    offset += leaf.length;
  }
  return { root: directory(pointers), leaves: Buffer.concat(parts) };
}

/**
 * Packs tiles into one archive, tiles with the same bytes stored once.
 * @param {{z:number,x:number,y:number,data:Uint8Array}[]} tiles uncompressed vector tiles
 * @param {{bounds:number[],center:number[],metadata:object}} facts degrees; center is [lon, lat, zoom]
 */
export function packTiles(tiles, facts) {
  const sorted = tiles.map((t) => ({ id: zxyToTileId(t.z, t.x, t.y), data: t.data })).sort((a, b) => a.id - b.id);
  const seen = new Map();
  const blobs = [];
  const entries = [];
  let offset = 0;
  for (const { id, data } of sorted) {
    const packed = gzipSync(data, { level: 9 });
    const key = packed.toString("base64");
    let place = seen.get(key);
    if (!place) {
      place = { offset, length: packed.length };
      seen.set(key, place);
      blobs.push(packed);
      offset += packed.length;
    }
    const last = entries.at(-1);
    if (last && last.offset === place.offset && last.id + last.run === id) last.run += 1;
    else entries.push({ id, run: 1, ...place });
  }
  const { root, leaves } = directories(entries);
  const metadata = gzipSync(JSON.stringify(facts.metadata));
  const zooms = tiles.map((t) => t.z);
  const header = Buffer.alloc(HEADER_BYTES);
  header.write("PMTiles", 0, "latin1");
  header[7] = 3;
  const metaAt = HEADER_BYTES + root.length;
  const leavesAt = metaAt + metadata.length;
  const dataAt = leavesAt + leaves.length;
  const sizes = [HEADER_BYTES, root.length, metaAt, metadata.length, leavesAt, leaves.length, dataAt, offset, tiles.length, entries.length, blobs.length];
  sizes.forEach((value, i) => header.writeBigUInt64LE(BigInt(value), 8 + i * 8));
  header[96] = 1; // clustered: tile data lies in tile order
  header[97] = GZIP;
  header[98] = GZIP;
  header[99] = MVT;
  header[100] = zooms.reduce((a, b) => Math.min(a, b));
  header[101] = zooms.reduce((a, b) => Math.max(a, b));
  facts.bounds.forEach((degrees, i) => header.writeInt32LE(Math.round(degrees * 1e7), 102 + i * 4));
  header[118] = facts.center[2];
  header.writeInt32LE(Math.round(facts.center[0] * 1e7), 119);
  header.writeInt32LE(Math.round(facts.center[1] * 1e7), 123);
  return Buffer.concat([header, root, metadata, leaves, ...blobs]);
}
