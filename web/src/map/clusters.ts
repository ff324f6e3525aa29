import type { FleetColumns } from "../fleet/columns";
import { STATUSES } from "../fleet/status";

/** Below this zoom every car may join a cluster; from it on only standing ones do. */
export const CLUSTER_ALL_BELOW = 10;
/** From this zoom on a car is a disc with a label. */
export const DISC_FROM = 14;
/** Farthest from a cluster's first car, in pixels. */
const REACH_ALL_PX = 44;
const REACH_STANDING_PX = 30;
const LEAST_ALL = 2;
const LEAST_STANDING = 3;
const DRIVING = 0;
const NO_SLOT = -1;

export interface Cluster {
  /** Web Mercator, 0 to 1. */
  x: number;
  y: number;
  slots: number[];
  /** Cars per state in the order of `STATUSES`. */
  counts: number[];
}

/**
 * Gathers cars that would cover each other at a zoom. Works on world pixels, so that panning changes nothing, and in
 * slot order, so that the same fleet always gives the same clusters.
 * @param except a slot that stands alone whatever happens (the selected car), or -1
 */
export function clusterCars(columns: FleetColumns, zoom: number, now: number, except = NO_SLOT): { clusters: Cluster[]; inside: Uint8Array<ArrayBuffer> } {
  const all = zoom < CLUSTER_ALL_BELOW;
  const reach = all ? REACH_ALL_PX : REACH_STANDING_PX;
  const least = all ? LEAST_ALL : LEAST_STANDING;
  const scale = (512 * 2 ** zoom) / reach;
  const px = new Float64Array(columns.count);
  const py = new Float64Array(columns.count);
  const cells = new Map<number, number[]>();
  const cellOf = (x: number, y: number) => Math.floor(x) * 67_108_864 + Math.floor(y);
  for (let slot = 0; slot < columns.count; slot++) {
    const joins = columns.located[slot] && columns.shown[slot] && slot !== except && (all || columns.status[slot] !== DRIVING);
    if (!joins) {
      px[slot] = Number.NaN;
      continue;
    }
    const [x, y] = columns.at(slot, now);
    px[slot] = x * scale;
    py[slot] = y * scale;
    const key = cellOf(px[slot] ?? 0, py[slot] ?? 0);
    const list = cells.get(key);
    if (list) list.push(slot);
    else cells.set(key, [slot]);
  }
  const inside = new Uint8Array(columns.count);
  const clusters: Cluster[] = [];
  for (let slot = 0; slot < columns.count; slot++) {
    const x = px[slot] ?? Number.NaN;
    if (inside[slot] || Number.isNaN(x)) continue;
    const y = py[slot] ?? 0;
    const slots: number[] = [];
    for (let cx = -1; cx <= 1; cx++) {
      for (let cy = -1; cy <= 1; cy++) {
        for (const other of cells.get(cellOf(x + cx, y + cy)) ?? []) {
          if (!inside[other] && Math.hypot((px[other] ?? 0) - x, (py[other] ?? 0) - y) <= 1) slots.push(other);
        }
      }
    }
    if (slots.length >= least) clusters.push(gather(slots, columns, px, py, scale, inside));
  }
  return { clusters: apart(clusters, scale), inside };
}

/** Joins clusters whose pills would lie over each other. */
function apart(clusters: Cluster[], scale: number): Cluster[] {
  const kept: Cluster[] = [];
  for (const cluster of clusters) {
    const near = kept.find((other) => Math.abs(other.x - cluster.x) * scale < 1 && Math.abs(other.y - cluster.y) * scale < 1);
    if (!near) {
      kept.push(cluster);
      continue;
    }
    const total = near.slots.length + cluster.slots.length;
    const share = cluster.slots.length / total;
    near.x += (cluster.x - near.x) * share;
    near.y += (cluster.y - near.y) * share;
    near.slots.push(...cluster.slots);
    near.counts = near.counts.map((count, i) => count + (cluster.counts[i] ?? 0));
  }
  return kept;
}

function gather(slots: number[], columns: FleetColumns, px: Float64Array, py: Float64Array, scale: number, inside: Uint8Array): Cluster {
  const counts = STATUSES.map(() => 0);
  let x = 0;
  let y = 0;
  for (const slot of slots) {
    inside[slot] = 1;
    const state = columns.status[slot] ?? 0;
    counts[state] = (counts[state] ?? 0) + 1;
    x += px[slot] ?? 0;
    y += py[slot] ?? 0;
  }
  return { x: x / slots.length / scale, y: y / slots.length / scale, slots, counts };
}
