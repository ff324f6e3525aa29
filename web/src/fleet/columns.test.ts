import { describe, expect, it } from "vitest";
import { FleetColumns, mercatorX, mercatorY, turn } from "./columns";

function one(): FleetColumns {
  const columns = new FleetColumns();
  columns.reserve(1);
  columns.moveTo(0, 0.5, 0.3, 0, 0);
  return columns;
}

describe("FleetColumns", () => {
  it("stands at the first fix at once", () => {
    expect(one().at(0, 0)).toEqual([0.5, 0.3]);
  });

  it("glides from where it is drawn to the new fix", () => {
    const columns = one();
    columns.moveTo(0, 0.50001, 0.3, 90, 1000);
    const [half] = columns.at(0, 1000 + (columns.duration[0] ?? 0) / 2);
    expect(half).toBeCloseTo(0.500005, 9);
    expect(columns.at(0, 9000)).toEqual([0.50001, 0.3]);
  });

  it("starts a new glide where the last one has got to", () => {
    const columns = one();
    columns.moveTo(0, 0.50001, 0.3, 0, 1000);
    const before = columns.at(0, 1400);
    columns.moveTo(0, 0.50002, 0.3, 0, 1400);
    expect(columns.at(0, 1400)).toEqual(before);
  });

  it("cuts to a fix that is far away", () => {
    const columns = one();
    columns.moveTo(0, 0.6, 0.3, 0, 1000);
    expect(columns.at(0, 1000)).toEqual([0.6, 0.3]);
  });

  it("steps when gliding is switched off", () => {
    const columns = one();
    columns.glide = false;
    columns.moveTo(0, 0.50001, 0.3, 0, 1000);
    expect(columns.at(0, 1000)).toEqual([0.50001, 0.3]);
  });

  it("keeps its heading when a fix brings none", () => {
    const columns = one();
    columns.moveTo(0, 0.50001, 0.3, 120, 1000);
    columns.moveTo(0, 0.50002, 0.3, null, 5000);
    expect(columns.headingAt(0, 9000)).toBe(120);
  });

  it("keeps every car when it makes room for more", () => {
    const columns = one();
    columns.reserve(5000);
    expect(columns.at(0, 0)).toEqual([0.5, 0.3]);
    expect(columns.located[4999]).toBe(0);
    expect(columns.shown[4999]).toBe(1);
  });

  it("turns the short way round", () => {
    expect(turn(350, 10)).toBe(20);
    expect(turn(10, 350)).toBe(-20);
    expect(turn(0, 540)).toBe(-180);
  });

  it("projects as web maps do", () => {
    expect(mercatorX(0)).toBe(0.5);
    expect(mercatorY(0)).toBeCloseTo(0.5, 12);
    expect(mercatorY(85.0511287798)).toBeCloseTo(0, 4);
    expect(mercatorY(90)).toBeGreaterThan(0);
  });
});
