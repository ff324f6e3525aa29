import { describe, expect, it } from "vitest";
import { fold, matches, statusPasses, wordsOf } from "./filter";
import { comparer, keepOrder } from "./order";
import { countByStatus } from "./store";
import { testVehicle } from "./testVehicle";

describe("search", () => {
  const van = testVehicle({ id: "v", name: "Van 07", model: "Model Y", status: "driving" });

  it("finds by name, model, state and street, whatever the case and accents", () => {
    for (const question of ["van", "VAN 07", "model y", "driving", "hammarskjold", "07 Hammarskjöld"]) {
      expect(matches(van, "Dag Hammarskjöldsleden", wordsOf(question)), question).toBe(true);
    }
  });

  it("wants every word", () => {
    expect(matches(van, "", wordsOf("van 08"))).toBe(false);
  });

  it("takes an empty question as all", () => {
    expect(matches(van, "", wordsOf("  "))).toBe(true);
  });

  it("folds letters with marks", () => {
    expect(fold("Ängårdsön")).toBe("angardson");
  });
});

describe("state filter", () => {
  it("passes all when none is chosen, else the chosen ones", () => {
    expect(statusPasses("parked", undefined)).toBe(true);
    expect(statusPasses("parked", [])).toBe(true);
    expect(statusPasses("parked", ["driving"])).toBe(false);
  });

  it("counts each state once, in the fixed order, over the cars in use only", () => {
    expect(countByStatus(Uint8Array.of(0, 2, 2, 4, 1, 1), 4)).toEqual([1, 0, 2, 0, 1]);
  });
});

describe("order", () => {
  const a = testVehicle({ id: "a", name: "Van 2", status_since: "2026-01-01T10:00:00Z", battery_pct: { value: 80, observed_at: "" } });
  const b = testVehicle({ id: "b", name: "Van 10", status_since: "2026-01-01T11:00:00Z", battery_pct: { value: 20, observed_at: "" } });
  const c = testVehicle({ id: "c", name: "Van 1", status_since: null });
  const ids = (sort: Parameters<typeof comparer>[0]) => [a, b, c].sort(comparer(sort)).map((v) => v.id);

  it("puts the latest change first and the unknown last", () => expect(ids("change")).toEqual(["b", "a", "c"]));
  it("reads numbers in names as numbers", () => expect(ids("name")).toEqual(["c", "a", "b"]));
  it("puts the emptiest battery first", () => expect(ids("battery")).toEqual(["b", "a", "c"]));

  it("keeps rows in place while held: those that left go, newcomers stand at the end", () => {
    expect(keepOrder(["a", "b", "c"], ["d", "c", "a"])).toEqual(["a", "c", "d"]);
  });
});
