import type { Signal } from "../api/types";
import { decimalsFor, numberText, unitGap } from "./number";

/** How the API's ASCII units are written for people, and the factor to the unit that is shown. */
const SHOWN: Record<string, { unit: string; factor: number }> = {
  degC: { unit: "°C", factor: 1 },
  deg: { unit: "°", factor: 1 },
  kPa: { unit: "bar", factor: 0.01 },
  kOhm: { unit: "kΩ", factor: 1 },
  "m/s^2": { unit: "m/s²", factor: 1 },
};
/** Seconds above this are a moment and not a duration: 2001 in Unix time. */
const MOMENT_FROM = 1_000_000_000;
const NARROW = "\u202f";

export interface Shown {
  text: string;
  unit: string;
}

/** A signal's value for people; what a car sends as a flag, a choice or a set becomes words. */
export function signalShown(signal: Signal): Shown {
  const value = signal.value;
  if (signal.invalid || value === null || value === undefined) return { text: "not reported", unit: "" };
  if (typeof value === "boolean") return { text: value ? "Yes" : "No", unit: "" };
  if (typeof value === "number") return numberShown(value, signal.unit);
  if (typeof value === "string") return { text: spaced(value), unit: "" };
  if (Array.isArray(value)) return { text: listText(value), unit: "" };
  if (typeof value !== "object") return { text: String(value), unit: "" };
  if ("latitude" in value && "longitude" in value) return { text: `${numberText(Number(value.latitude), 4)}, ${numberText(Number(value.longitude), 4)}`, unit: "" };
  return { text: Object.entries(value).map(([k, v]) => `${k} ${String(v)}`).join(", "), unit: "" };
}

function numberShown(value: number, unit: string | null): Shown {
  if (unit === "s") return { text: value > MOMENT_FROM ? momentText(value) : durationText(value), unit: "" };
  const shown = unit ? SHOWN[unit] : undefined;
  const written = shown?.unit ?? unit;
  const scaled = value * (shown?.factor ?? 1);
  return { text: numberText(scaled, decimalsFor(written, scaled)), unit: written ? `${unitGap(written)}${written}` : "" };
}

function listText(value: unknown[]): string {
  if (value.length === 0) return "None";
  return value.map((v) => (typeof v === "string" ? spaced(v).toLowerCase() : String(v))).join(", ");
}

/** `DriverFront` as `Driver front`; single letters and codes stay. */
function spaced(text: string): string {
  if (text.length < 4 || !/[a-z][A-Z]/.test(text) || /[\s.\d]/.test(text)) return text;
  const words = text.replaceAll(/([a-z])([A-Z])/g, "$1 $2");
  return words.charAt(0) + words.slice(1).toLowerCase();
}

function momentText(unix_s: number): string {
  return new Date(unix_s * 1000).toLocaleString(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

/** `37:28` under an hour, `2 h 14 min` above. */
export function durationText(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 3600) return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
  const minutes = Math.round(s / 60);
  return `${Math.floor(minutes / 60)}${NARROW}h ${minutes % 60}${NARROW}min`;
}

/** Groups in the order people look for them. */
export const GROUPS = ["Drive", "Battery", "Charging", "Climate", "Tyres", "Body", "Safety", "Navigation", "Media", "Software", "Other"] as const;

export function grouped(signals: readonly Signal[]): { group: string; signals: Signal[] }[] {
  const order = (g: string) => {
    const at = (GROUPS as readonly string[]).indexOf(g);
    return at < 0 ? GROUPS.length : at;
  };
  const groups = new Map<string, Signal[]>();
  for (const signal of signals) groups.set(signal.group, [...(groups.get(signal.group) ?? []), signal]);
  return [...groups]
    .sort(([a], [b]) => order(a) - order(b))
    .map(([group, list]) => ({ group, signals: list.sort((a, b) => a.label.localeCompare(b.label)) }));
}

