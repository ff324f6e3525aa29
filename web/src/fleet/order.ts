import type { Vehicle } from "../api/types";

/** Orders of the list; the first is the usual one. */
export const SORTS = ["change", "name", "battery", "speed"] as const;
export type Sort = (typeof SORTS)[number];

export const SORT_NAME: Record<Sort, string> = {
  change: "Latest change",
  name: "Name",
  battery: "Lowest battery",
  speed: "Fastest",
};

const byName = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/** Compares two vehicles for an order; equal ones stand by name, so that rows never trade places for nothing. */
export function comparer(sort: Sort): (a: Vehicle, b: Vehicle) => number {
  const key = KEY[sort];
  return (a, b) => {
    const first = key(a);
    const second = key(b);
    if (first !== second) return first < second ? -1 : 1;
    return byName.compare(a.name, b.name) || (a.id < b.id ? -1 : 1);
  };
}

const KEY: Record<Sort, (v: Vehicle) => number> = {
  change: (v) => (v.status_since ? -Date.parse(v.status_since) : Number.POSITIVE_INFINITY),
  name: () => 0,
  battery: (v) => v.battery_pct?.value ?? Number.POSITIVE_INFINITY,
  speed: (v) => -(v.status === "driving" ? (v.speed_kmh?.value ?? 0) : -1),
};

/** The old order without those that left; newcomers at the end. */
export function keepOrder(before: readonly string[], passing: readonly string[]): string[] {
  const here = new Set(passing);
  const kept = before.filter((id) => here.has(id));
  if (kept.length === passing.length) return kept;
  const known = new Set(kept);
  return [...kept, ...passing.filter((id) => !known.has(id))];
}
