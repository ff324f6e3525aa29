import type { Signal, Vehicle } from "../api/types";
import { FleetColumns, mercatorX, mercatorY } from "./columns";
import { serverNow, learnServerTime } from "../time/clock";
import { staleAfter_s } from "../format/age";
import { STATUSES, statusNumber } from "./status";

/** React looks at most this often: digits that change faster cannot be read, and the map does not wait for React. */
const NOTICE_EVERY_MS = 250;

/**
 * The fleet as this page knows it: one writer (the live link), many readers.
 * It lives outside React; the map reads `columns` each frame, React reads through `subscribe` and `version`.
 */
export class FleetStore {
  /** Vehicles by slot; an entry is replaced, never changed in place. */
  vehicles: Vehicle[] = [];
  columns = new FleetColumns();
  /** Moves with every change that React can see. */
  version = 0;
  /** False until the first snapshot or list. */
  loaded = false;
  /** Cars per state in the order of `STATUSES`. */
  counts: number[] = STATUSES.map(() => 0);

  private slots = new Map<string, number>();
  private signals = new Map<string, Signal>();
  private signalsOf: string | null = null;
  private signalList: Signal[] = [];
  private listeners = new Set<() => void>();
  private notice: ReturnType<typeof setTimeout> | null = null;
  private noticedAt = 0;

  slotOf(id: string): number | undefined {
    return this.slots.get(id);
  }

  vehicle(id: string): Vehicle | undefined {
    const slot = this.slots.get(id);
    return slot === undefined ? undefined : this.vehicles[slot];
  }

  /** The whole fleet: cars that are not in it are gone; those that stay keep their glide. */
  replaceAll(vehicles: readonly Vehicle[], at: string | null = null): void {
    learnServerTime(at);
    const before = this.columns;
    const slotsBefore = this.slots;
    const columns = new FleetColumns();
    columns.glide = before.glide;
    columns.glidesUntil = before.glidesUntil;
    columns.version = before.version;
    columns.reserve(vehicles.length);
    this.slots = new Map(vehicles.map((v, slot) => [v.id, slot]));
    this.vehicles = [...vehicles];
    this.columns = columns;
    const now = performance.now();
    vehicles.forEach((vehicle, slot) => {
      const old = slotsBefore.get(vehicle.id);
      if (old !== undefined) columns.take(slot, before, old);
      this.place(slot, vehicle, now);
    });
    this.loaded = true;
    this.changed();
  }

  /** Cars that changed; unknown ones join the fleet. */
  merge(vehicles: readonly Vehicle[], at: string | null = null): void {
    learnServerTime(at);
    const now = performance.now();
    for (const vehicle of vehicles) {
      let slot = this.slots.get(vehicle.id);
      if (slot === undefined) {
        slot = this.vehicles.length;
        this.slots.set(vehicle.id, slot);
        this.columns.reserve(slot + 1);
      }
      this.vehicles[slot] = vehicle;
      this.place(slot, vehicle, now);
    }
    if (vehicles.length > 0) this.changed();
  }

  private place(slot: number, vehicle: Vehicle, now: number): void {
    const columns = this.columns;
    columns.status[slot] = statusNumber(vehicle.status);
    const location = vehicle.location;
    if (location) {
      columns.moveTo(slot, mercatorX(location.longitude), mercatorY(location.latitude), location.heading_deg, now);
      columns.stale[slot] = isStale(vehicle) ? 1 : 0;
    }
  }

  /** Looks again which positions have grown old; ages pass without any news. */
  ageAll(): void {
    let touched = false;
    this.vehicles.forEach((vehicle, slot) => {
      const stale = isStale(vehicle) ? 1 : 0;
      if (this.columns.stale[slot] === stale) return;
      this.columns.stale[slot] = stale;
      touched = true;
    });
    if (touched) this.columns.version++;
  }

  /** Names the vehicle whose signals are wanted; another one's are dropped. */
  openSignals(id: string | null): void {
    if (this.signalsOf === id) return;
    this.signalsOf = id;
    this.signals.clear();
    this.signalList = [];
    this.changed();
  }

  /** Joins signals by name; an older reading never replaces a newer one. */
  mergeSignals(id: string, signals: readonly Signal[]): void {
    if (id !== this.signalsOf) return;
    for (const signal of signals) {
      const known = this.signals.get(signal.name);
      if (!known || known.observed_at <= signal.observed_at) this.signals.set(signal.name, signal);
    }
    this.signalList = [...this.signals.values()];
    this.changed();
  }

  openedSignals(): readonly Signal[] {
    return this.signalList;
  }

  /** Forgets everything: another person may sign in next. */
  clear(): void {
    this.openSignals(null);
    this.replaceAll([]);
    this.loaded = false;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  private changed(): void {
    this.columns.version++;
    if (this.notice !== null) return;
    const wait = Math.max(0, this.noticedAt + NOTICE_EVERY_MS - performance.now());
    this.notice = setTimeout(() => {
      this.notice = null;
      this.noticedAt = performance.now();
      this.publish();
    }, wait);
  }

  private publish(): void {
    this.counts = countByStatus(this.columns.status, this.vehicles.length);
    this.version++;
    for (const listener of this.listeners) listener();
  }
}

/** Cars per state, in the order of `STATUSES`. */
export function countByStatus(status: Uint8Array, count: number): number[] {
  const counts = STATUSES.map(() => 0);
  for (let slot = 0; slot < count; slot++) {
    const state = status[slot] ?? 0;
    counts[state] = (counts[state] ?? 0) + 1;
  }
  return counts;
}

function isStale(vehicle: Vehicle): boolean {
  if (!vehicle.location) return false;
  const limit_s = staleAfter_s("speed_kmh", vehicle.status);
  return limit_s !== null && serverNow() - Date.parse(vehicle.location.observed_at) > limit_s * 1000;
}
