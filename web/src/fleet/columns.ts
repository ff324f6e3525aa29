/** Longest glide to a new fix. A car that reports less often stands, then glides: nothing is invented for longer. */
const GLIDE_MOST_MS = 2_500;
const GLIDE_LEAST_MS = 120;
/** A jump farther than this is a cut: a car that was away is not flown across the city (about 2 km at 58° north). */
const CUT_AT = 1e-4;

export const mercatorX = (longitude: number): number => (longitude + 180) / 360;
export function mercatorY(latitude: number): number {
  const sin = Math.sin((Math.max(-85.05, Math.min(85.05, latitude)) * Math.PI) / 180);
  return 0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI);
}

/** Signed way round from one heading to another, in degrees, at most 180. */
export function turn(from: number, to: number): number {
  return ((((to - from) % 360) + 540) % 360) - 180;
}

/**
 * Positions of the whole fleet as plain arrays, one slot a car, written by the store alone and read by the map each frame.
 * Positions are web Mercator, 0 to 1. Times are milliseconds of `performance.now()`.
 */
export class FleetColumns {
  count = 0;
  fromX = new Float64Array(0);
  fromY = new Float64Array(0);
  toX = new Float64Array(0);
  toY = new Float64Array(0);
  start = new Float64Array(0);
  duration = new Float64Array(0);
  fromHeading = new Float32Array(0);
  toHeading = new Float32Array(0);
  status = new Uint8Array(0);
  /** 1 when the car has a position. */
  located = new Uint8Array(0);
  /** 1 when the position is older than it should be. */
  stale = new Uint8Array(0);
  /** 1 when search and state filter let it through. */
  shown = new Uint8Array(0);
  /** Moves with every change, so that readers know when to look again. */
  version = 0;
  /** When the last glide ends. */
  glidesUntil = 0;
  /** False cuts every move to a step (reduced motion). */
  glide = true;

  /** Makes room for `count` cars and keeps what is there. */
  reserve(count: number): void {
    if (count > this.status.length) {
      const size = Math.max(256, 2 ** Math.ceil(Math.log2(count)));
      for (const key of ["fromX", "fromY", "toX", "toY", "start", "duration"] as const) this[key] = grow(this[key], new Float64Array(size));
      for (const key of ["fromHeading", "toHeading"] as const) this[key] = grow(this[key], new Float32Array(size));
      for (const key of ["status", "located", "stale", "shown"] as const) this[key] = grow(this[key], new Uint8Array(size));
    }
    for (let slot = this.count; slot < count; slot++) this.clear(slot);
    this.count = count;
  }

  private clear(slot: number): void {
    this.located[slot] = 0;
    this.stale[slot] = 0;
    this.shown[slot] = 1;
    this.fromHeading[slot] = 0;
    this.toHeading[slot] = 0;
    this.duration[slot] = 0;
    this.start[slot] = 0;
  }

  /** Copies one slot of another set, glide and all. */
  take(slot: number, other: FleetColumns, from: number): void {
    for (const key of ["fromX", "fromY", "toX", "toY", "start", "duration", "fromHeading", "toHeading", "status", "located", "stale", "shown"] as const) {
      this[key][slot] = other[key][from] ?? 0;
    }
  }

  /** A new fix: the car glides to it from where it is drawn now, for about as long as the last fix is old. */
  moveTo(slot: number, x: number, y: number, heading: number | null, now: number): void {
    const facing = heading ?? this.toHeading[slot] ?? 0;
    if (this.located[slot] && this.toX[slot] === x && this.toY[slot] === y && this.toHeading[slot] === Math.fround(facing)) return;
    const [atX, atY] = this.at(slot, now);
    const far = Math.abs(x - atX) > CUT_AT || Math.abs(y - atY) > CUT_AT;
    const step = !this.glide || !this.located[slot] || far;
    const since = now - (this.start[slot] ?? 0);
    const duration = step ? 0 : Math.min(GLIDE_MOST_MS, Math.max(GLIDE_LEAST_MS, since * 1.05));
    this.fromHeading[slot] = step ? facing : this.headingAt(slot, now);
    this.toHeading[slot] = facing;
    this.fromX[slot] = step ? x : atX;
    this.fromY[slot] = step ? y : atY;
    this.toX[slot] = x;
    this.toY[slot] = y;
    this.start[slot] = now;
    this.duration[slot] = duration;
    this.located[slot] = 1;
    this.glidesUntil = Math.max(this.glidesUntil, now + duration);
  }

  private progress(slot: number, now: number): number {
    const duration = this.duration[slot] ?? 0;
    if (duration <= 0) return 1;
    return Math.max(0, Math.min(1, (now - (this.start[slot] ?? 0)) / duration));
  }

  /** Where a car is drawn at a moment. The shader does the same sum. */
  at(slot: number, now: number): [number, number] {
    const t = this.progress(slot, now);
    const fromX = this.fromX[slot] ?? 0;
    const fromY = this.fromY[slot] ?? 0;
    return [fromX + ((this.toX[slot] ?? 0) - fromX) * t, fromY + ((this.toY[slot] ?? 0) - fromY) * t];
  }

  headingAt(slot: number, now: number): number {
    const from = this.fromHeading[slot] ?? 0;
    // A car turns faster than it travels: the nose is round after a third of the glide.
    return from + turn(from, this.toHeading[slot] ?? 0) * Math.min(1, this.progress(slot, now) * 3);
  }
}

function grow<T extends Float64Array<ArrayBuffer> | Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>>(old: T, wide: T): T {
  wide.set(old);
  return wide;
}
