import type { Status } from "../api/types";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** After a month the number of days says less than the date. */
const DATE_AFTER = 31 * DAY;
const NARROW = "\u202f";

/** An age as text: `4 s`, `12 min`, `3 h`, `5 d`, then the date. */
export function ageText(observed_ms: number, now_ms: number): string {
  const s = Math.max(0, Math.round((now_ms - observed_ms) / 1000));
  if (s < MINUTE) return `${s}${NARROW}s`;
  if (s < HOUR) return `${Math.floor(s / MINUTE)}${NARROW}min`;
  if (s < DAY) return `${Math.floor(s / HOUR)}${NARROW}h`;
  if (s < DATE_AFTER) return `${Math.floor(s / DAY)}${NARROW}d`;
  return dayText(observed_ms, now_ms);
}

/** A day, with the year only when it is not this one. */
export function dayText(at_ms: number, now_ms: number): string {
  const at = new Date(at_ms);
  const thisYear = at.getFullYear() === new Date(now_ms).getFullYear();
  return at.toLocaleDateString(undefined, thisYear ? { day: "numeric", month: "short" } : { day: "numeric", month: "short", year: "numeric" });
}

/** A time of day: `14:02`. */
export function clockText(at_ms: number): string {
  return new Date(at_ms).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

/** What a driving car promises, in seconds between two reports, by signal. */
const PROMISE_S: Record<string, number> = {
  speed_kmh: 15,
  location: 15,
  power_kw: 15,
  heading_deg: 15,
  battery_pct: 60,
  range_km: 60,
  odometer_km: 60,
  inside_temperature_c: 300,
  outside_temperature_c: 300,
};
const TYRES_S = 6 * 3600;

/**
 * The age at which a value counts as stale: three times its promise. Null when it cannot be stale: a car that stands
 * or sleeps reports changes only, and an offline car says so itself.
 */
export function staleAfter_s(signal: string, status: Status): number | null {
  if (status !== "driving") return null;
  if (signal.startsWith("tyre")) return 3 * TYRES_S;
  const promise = PROMISE_S[signal];
  return promise === undefined ? null : 3 * promise;
}
