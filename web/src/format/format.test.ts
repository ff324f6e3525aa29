import { describe, expect, it } from "vitest";
import type { Signal } from "../api/types";
import { ageText, staleAfter_s } from "./age";
import { compassPoint } from "./heading";
import { measureText, numberText } from "./number";
import { durationText, grouped, signalShown } from "./signal";

const NARROW = "\u202f";
const signal = (value: unknown, unit: string | null = null, invalid = false): Signal => ({
  name: "s",
  label: "S",
  group: "Drive",
  unit,
  value,
  invalid,
  observed_at: "2026-01-01T00:00:00Z",
  age_s: 0,
});
const shown = (value: unknown, unit: string | null = null, invalid = false) => {
  const { text, unit: written } = signalShown(signal(value, unit, invalid));
  return text + written;
};

describe("ages", () => {
  const now = Date.parse("2026-11-24T12:00:00Z");
  it.each([
    [0, "0 s"],
    [4, "4 s"],
    [59, "59 s"],
    [60, "1 min"],
    [3599, "59 min"],
    [3600, "1 h"],
    [86_400 * 5, "5 d"],
  ])("tells %d s as %s", (age_s, text) => expect(ageText(now - age_s * 1000, now)).toBe(text.replace(" ", NARROW)));

  it("never tells a negative age", () => expect(ageText(now + 5000, now)).toBe(`0${NARROW}s`));
  it("gives the date after a month", () => expect(ageText(now - 86_400_000 * 60, now)).toMatch(/\d/));
  it("calls a driving car's speed stale after three missed reports, and a sleeping car's never", () => {
    expect(staleAfter_s("speed_kmh", "driving")).toBe(45);
    expect(staleAfter_s("speed_kmh", "asleep")).toBeNull();
    expect(staleAfter_s("something_else", "driving")).toBeNull();
  });
});

describe("numbers", () => {
  it("writes a true minus and no minus before a rounded zero", () => {
    expect(numberText(-11, 1)).toBe("\u221211.0");
    expect(numberText(-0.04, 1)).toBe("0.0");
  });
  it("gives power a decimal under 20 kW only", () => {
    expect(measureText(18.84, "kW")).toBe(`18.8${NARROW}kW`);
    expect(measureText(92.4, "kW")).toBe(`92${NARROW}kW`);
  });
  it("puts per cent and degrees close to the number", () => {
    expect(measureText(69.4, "%")).toBe("69%");
    expect(measureText(31, "°")).toBe("31°");
  });
});

describe("signals", () => {
  it("says what an invalid value is", () => expect(shown(null, "km/h", true)).toBe("not reported"));
  it("writes units for people", () => {
    expect(shown(20.5, "degC")).toBe(`20.5${NARROW}°C`);
    expect(shown(290, "kPa")).toBe(`2.9${NARROW}bar`);
    expect(shown(180, "deg")).toBe("180°");
  });
  it("turns flags, choices and sets into words", () => {
    expect(shown(true)).toBe("Yes");
    expect(shown("DriverFront")).toBe("Driver front");
    expect(shown("D")).toBe("D");
    expect(shown([])).toBe("None");
    expect(shown(["DriverFront", "TrunkRear"])).toBe("driver front, trunk rear");
  });
  it("writes a place as two numbers", () => expect(shown({ latitude: 57.70312, longitude: 11.97 }, "deg")).toBe("57.7031, 11.9700"));
  it("leaves versions and codes as they are", () => expect(shown("2026.8.3")).toBe("2026.8.3"));
  it("tells seconds as a duration, and a moment as a time", () => {
    expect(durationText(2248)).toBe("37:28");
    expect(durationText(8040)).toBe(`2${NARROW}h 14${NARROW}min`);
    expect(shown(1_790_000_000, "s")).toMatch(/:/);
  });
  it("keeps the order of groups and puts unknown ones last", () => {
    const list = [
      { ...signal(1), group: "Zoo" as never },
      { ...signal(1), group: "Tyres" as const },
      { ...signal(1), group: "Drive" as const },
    ];
    expect(grouped(list).map((g) => g.group)).toEqual(["Drive", "Tyres", "Zoo"]);
  });
});

describe("headings", () => {
  it.each([
    [0, "north"],
    [22, "north"],
    [23, "north-east"],
    [359, "north"],
    [-90, "west"],
    [405, "north-east"],
  ])("%d° is %s", (heading, point) => expect(compassPoint(heading)).toBe(point));
});
