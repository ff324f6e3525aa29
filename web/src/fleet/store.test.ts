import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Signal } from "../api/types";
import { FleetStore } from "./store";
import { testVehicle } from "./testVehicle";

const at = (latitude: number, longitude: number, heading_deg: number | null = 0) => ({ latitude, longitude, heading_deg, observed_at: new Date().toISOString() });
const signal = (name: string, value: unknown, observed_at: string): Signal => ({ name, label: name, group: "Drive", unit: null, value, invalid: false, observed_at, age_s: 0 });

describe("FleetStore", () => {
  let store: FleetStore;
  beforeEach(() => {
    vi.useFakeTimers();
    store = new FleetStore();
    store.replaceAll([testVehicle({ id: "a" }), testVehicle({ id: "b", status: "driving" })]);
    vi.advanceTimersByTime(1000);
  });

  it("replaces the changed vehicle and leaves the others alone", () => {
    const before = store.vehicle("a");
    store.merge([testVehicle({ id: "b", status: "charging" })]);
    expect(store.vehicle("b")?.status).toBe("charging");
    expect(store.vehicle("a")).toBe(before);
  });

  it("lets an unknown vehicle of a change join the fleet", () => {
    store.merge([testVehicle({ id: "c", status: "asleep" })]);
    vi.advanceTimersByTime(1000);
    expect(store.vehicles).toHaveLength(3);
    expect(store.counts).toEqual([1, 0, 1, 1, 0]);
  });

  it("drops the vehicles that a snapshot does not hold", () => {
    store.replaceAll([testVehicle({ id: "b" })]);
    expect(store.vehicle("a")).toBeUndefined();
    expect(store.slotOf("b")).toBe(0);
    expect(store.columns.count).toBe(1);
  });

  it("keeps a car's glide when a snapshot moves it to another slot", () => {
    store.merge([testVehicle({ id: "b", location: at(57.7001, 11.97) })]);
    const end = store.columns.duration[1];
    store.replaceAll([testVehicle({ id: "b", location: store.vehicle("b")?.location ?? null })]);
    expect(end).toBeGreaterThan(0);
    expect(store.columns.duration[0]).toBe(end);
  });

  it("tells React at most four times a second", () => {
    const heard = vi.fn();
    store.subscribe(heard);
    for (let i = 0; i < 20; i++) {
      store.merge([testVehicle({ id: "a", location: at(57.7, 11.97 + i / 10_000) })]);
      vi.advanceTimersByTime(50);
    }
    expect(heard.mock.calls.length).toBeGreaterThanOrEqual(3);
    expect(heard.mock.calls.length).toBeLessThanOrEqual(5);
  });

  it("joins signals by name and never lets an older reading win", () => {
    store.openSignals("a");
    store.mergeSignals("a", [signal("speed_kmh", 50, "2026-01-01T10:00:05.000Z")]);
    store.mergeSignals("a", [signal("speed_kmh", 30, "2026-01-01T10:00:01.000Z"), signal("gear", "D", "2026-01-01T10:00:01.000Z")]);
    expect(store.openedSignals().map((s) => s.value)).toEqual([50, "D"]);
  });

  it("refuses signals of a vehicle that is not open", () => {
    store.openSignals("a");
    store.mergeSignals("b", [signal("gear", "P", "2026-01-01T10:00:00.000Z")]);
    expect(store.openedSignals()).toHaveLength(0);
  });

  it("counts a state of a newer server as offline", () => {
    store.merge([testVehicle({ id: "a", status: "flying" as never })]);
    vi.advanceTimersByTime(1000);
    expect(store.counts).toEqual([1, 0, 0, 0, 1]);
  });
});
