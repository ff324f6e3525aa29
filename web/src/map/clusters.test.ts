import { describe, expect, it } from "vitest";
import { FleetColumns } from "../fleet/columns";
import { clusterCars } from "./clusters";

/** Cars at distances in pixels (at zoom 12) east of a point, all in one state. */
function fleet(px: number[], status: number, zoom = 12): FleetColumns {
  const columns = new FleetColumns();
  columns.reserve(px.length);
  px.forEach((x, slot) => {
    columns.moveTo(slot, 0.5 + x / (512 * 2 ** zoom), 0.3, 0, 0);
    columns.status[slot] = status;
  });
  return columns;
}

const sizes = (columns: FleetColumns, zoom: number, except?: number) => clusterCars(columns, zoom, 0, except).clusters.map((c) => c.slots.length);

describe("clusters", () => {
  it("gathers three standing cars within 30 px, not two", () => {
    expect(sizes(fleet([0, 10, 20], 2), 12)).toEqual([3]);
    expect(sizes(fleet([0, 10], 2), 12)).toEqual([]);
    expect(sizes(fleet([0, 10, 200], 2), 12)).toEqual([]);
  });

  it("never gathers driving cars from zoom 10 on, and always below it", () => {
    expect(sizes(fleet([0, 5, 10], 0), 12)).toEqual([]);
    expect(sizes(fleet([0, 5, 10], 0, 9), 9)).toEqual([3]);
  });

  it("finds neighbours across the edge of a cell", () => {
    for (let shift = 0; shift < 60; shift += 7) expect(sizes(fleet([shift, shift + 12, shift + 24], 2), 12), `${shift}`).toEqual([3]);
  });

  it("leaves the selected car alone", () => {
    expect(sizes(fleet([0, 10, 20], 2), 12, 1)).toEqual([]);
  });

  it("leaves out what the filter hides and what has no position", () => {
    const columns = fleet([0, 10, 20, 25], 2);
    columns.shown[0] = 0;
    columns.located[1] = 0;
    expect(sizes(columns, 12)).toEqual([]);
  });

  it("counts states in the fixed order and marks who is inside", () => {
    const columns = fleet([0, 5, 10, 400], 2);
    columns.status[1] = 1;
    const { clusters, inside } = clusterCars(columns, 12, 0);
    expect(clusters[0]?.counts).toEqual([0, 1, 2, 0, 0]);
    expect([...inside]).toEqual([1, 1, 1, 0]);
  });

  it("joins clusters whose pills would lie over each other", () => {
    // The first car reaches 30 px; the next three are farther from it, yet their pill would touch the first one's.
    expect(sizes(fleet([0, 25, 29, 31, 33, 35], 2), 12)).toEqual([6]);
  });

  it("loses and doubles no car", () => {
    const columns = fleet(Array.from({ length: 500 }, (_, i) => (i * 37) % 900), 2, 9);
    const { clusters, inside } = clusterCars(columns, 9, 0);
    const members = clusters.flatMap((c) => c.slots);
    expect(new Set(members).size).toBe(members.length);
    expect(inside.reduce((a, b) => a + b, 0)).toBe(members.length);
  });
});
