import { useEffect, useMemo, useRef } from "react";
import type { Status } from "../api/types";
import { useFleetVersion, useLive } from "../live/LiveContext";
import { matches, statusPasses, wordsOf } from "./filter";
import { comparer, keepOrder, type Sort } from "./order";
import type { FleetStore } from "./store";
import { streetAt } from "./streets";

export interface FleetList {
  /** Ids in the order of the list. */
  ids: string[];
  /** Cars per state that pass the search, in the order of `STATUSES`. */
  counts: number[];
  total: number;
}

/** An order is thought over at most this often, so that a row can be hit. */
const ORDER_EVERY_MS = 1_000;

/**
 * The list for a search, a choice of states and an order. Also tells the map which cars are shown.
 * `hold` keeps the rows where they are (the pointer is on them): cars that leave or join still do so.
 */
export function useFleetList(q: string, status: readonly Status[] | undefined, sort: Sort, hold: () => boolean): FleetList {
  const { store } = useLive();
  const version = useFleetVersion();
  const kept = useRef<{ key: string; ids: string[]; at: number }>({ key: "", ids: [], at: 0 });
  const key = `${q}\n${status?.join() ?? ""}\n${sort}`;
  const list = useMemo(() => {
    const passing = select(store, wordsOf(q), status);
    const last = kept.current;
    const now = performance.now();
    const sameQuestion = last.key === key;
    const keep = sameQuestion && (hold() || now - last.at < ORDER_EVERY_MS);
    const ids = keep ? keepOrder(last.ids, passing.ids) : ordered(store, passing.ids, sort);
    kept.current = { key, ids, at: keep ? last.at : now };
    return { ids, counts: passing.counts, total: store.vehicles.length };
    // `version` stands for the store's contents.
  }, [store, version, q, status, sort, key, hold]);
  useEffect(() => markShown(store, list.ids), [store, list]);
  return list;
}

function select(store: FleetStore, words: string[], status: readonly Status[] | undefined) {
  const ids: string[] = [];
  const counts = store.counts.map(() => 0);
  store.vehicles.forEach((vehicle, slot) => {
    if (words.length > 0) {
      const at = vehicle.location;
      if (!matches(vehicle, at ? streetAt(at.latitude, at.longitude) : "", words)) return;
    }
    const state = store.columns.status[slot] ?? 0;
    counts[state] = (counts[state] ?? 0) + 1;
    if (statusPasses(vehicle.status, status)) ids.push(vehicle.id);
  });
  return { ids, counts };
}

function ordered(store: FleetStore, ids: string[], sort: Sort): string[] {
  const compare = comparer(sort);
  const vehicles = ids.map((id) => store.vehicle(id)).filter((v) => v !== undefined);
  return vehicles.sort(compare).map((v) => v.id);
}

function markShown(store: FleetStore, ids: readonly string[]): void {
  const columns = store.columns;
  const shown = new Uint8Array(columns.count);
  for (const id of ids) {
    const slot = store.slotOf(id);
    if (slot !== undefined) shown[slot] = 1;
  }
  let moved = false;
  for (let slot = 0; slot < columns.count; slot++) {
    if (columns.shown[slot] === shown[slot]) continue;
    columns.shown[slot] = shown[slot] ?? 0;
    moved = true;
  }
  if (moved) columns.version++;
}
