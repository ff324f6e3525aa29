/** Reads tiles out of a PMTiles v3 archive by byte ranges; only what our own archives use (gzip throughout). */

export type ReadBytes = (offset: number, length: number) => Promise<ArrayBuffer>;

interface Entry {
  id: number;
  offset: number;
  length: number;
  /** How many tiles in a row share the bytes; 0 marks a leaf directory. */
  run: number;
}

interface Header {
  root: [offset: number, length: number];
  leavesAt: number;
  dataAt: number;
}

const HEADER_BYTES = 127;
/** The root directory lies within the first 16 KiB, so one read brings header and root. */
const FIRST_READ_BYTES = 16_384;
/** Leaves below leaves are allowed; more than this is a broken file. */
const DEPTH_MOST = 4;

export class TileArchive {
  private opening: Promise<{ header: Header; root: Entry[] }> | null = null;
  private leaves = new Map<number, Promise<Entry[]>>();

  constructor(private readonly read: ReadBytes) {}

  /** The unpacked tile, or nothing where the archive has none. */
  async tile(z: number, x: number, y: number): Promise<ArrayBuffer | null> {
    this.opening ??= this.open().catch((error: unknown) => {
      // A failed start is forgotten: the next tile tries again.
      this.opening = null;
      throw error;
    });
    const { header, root } = await this.opening;
    const id = tileNumber(z, x, y);
    let entries = root;
    for (let depth = 0; depth < DEPTH_MOST; depth++) {
      const entry = find(entries, id);
      if (!entry) return null;
      if (entry.run > 0) return unzip(await this.read(header.dataAt + entry.offset, entry.length));
      entries = await this.leaf(header.leavesAt + entry.offset, entry.length);
    }
    return null;
  }

  private async open(): Promise<{ header: Header; root: Entry[] }> {
    const start = await this.read(0, FIRST_READ_BYTES);
    const view = new DataView(start);
    if (view.getUint32(0) !== 0x504d5469 || view.getUint8(7) !== 3) throw new Error("base map: not a PMTiles v3 archive");
    const at = (field: number) => Number(view.getBigUint64(8 + field * 8, true));
    const header: Header = { root: [at(0), at(1)], leavesAt: at(4), dataAt: at(6) };
    const [offset, length] = header.root;
    const inside = offset >= HEADER_BYTES && offset + length <= start.byteLength;
    const bytes = inside ? start.slice(offset, offset + length) : await this.read(offset, length);
    return { header, root: directory(await unzip(bytes)) };
  }

  private leaf(offset: number, length: number): Promise<Entry[]> {
    let leaf = this.leaves.get(offset);
    if (!leaf) {
      leaf = this.read(offset, length).then(unzip).then(directory);
      this.leaves.set(offset, leaf);
      leaf.catch(() => this.leaves.delete(offset));
    }
    return leaf;
  }
}

async function unzip(bytes: ArrayBuffer): Promise<ArrayBuffer> {
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

/** The entry that holds a tile, or the leaf that may. */
function find(entries: readonly Entry[], id: number): Entry | null {
  let low = 0;
  let high = entries.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if ((entries[middle]?.id ?? 0) <= id) low = middle + 1;
    else high = middle - 1;
  }
  const entry = entries[high];
  return entry && (entry.run === 0 || id < entry.id + entry.run) ? entry : null;
}

function directory(packed: ArrayBuffer): Entry[] {
  const bytes = new Uint8Array(packed);
  let at = 0;
  const next = () => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error("base map: directory cut short");
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  const count = next();
  const entries: Entry[] = [];
  let id = 0;
  for (let i = 0; i < count; i++) entries.push({ id: (id += next()), run: 0, length: 0, offset: 0 });
  for (const entry of entries) entry.run = next();
  for (const entry of entries) entry.length = next();
  entries.forEach((entry, i) => {
    const coded = next();
    const before = entries[i - 1];
    // 0 says: right behind the one before.
    entry.offset = coded === 0 && before ? before.offset + before.length : coded - 1;
  });
  return entries;
}

/** Number of a tile: all smaller zooms first, then along the Hilbert curve. */
export function tileNumber(z: number, x: number, y: number): number {
  let number = (4 ** z - 1) / 3;
  let [tx, ty] = [x, y];
  for (let half = 2 ** (z - 1); half >= 1; half /= 2) {
    const right = (tx & half) > 0 ? 1 : 0;
    const down = (ty & half) > 0 ? 1 : 0;
    number += half * half * ((3 * right) ^ down);
    if (down === 0) {
      if (right === 1) [tx, ty] = [half - 1 - tx, half - 1 - ty];
      [tx, ty] = [ty, tx];
    }
  }
  return number;
}
