import type { Status } from "../api/types";

/** The fixed order of states: in the bar, the counters, every cluster. */
export const STATUSES: readonly Status[] = ["driving", "charging", "parked", "asleep", "offline"];

export const STATUS_NAME: Record<Status, string> = {
  driving: "Driving",
  charging: "Charging",
  parked: "Parked",
  asleep: "Asleep",
  offline: "Offline",
};

const NUMBER = new Map<string, number>(STATUSES.map((s, i) => [s, i]));

/** Position of a state in `STATUSES`; a state from a newer server counts as offline. */
export function statusNumber(status: string): number {
  return NUMBER.get(status) ?? STATUSES.length - 1;
}

export function isStatus(text: string): text is Status {
  return NUMBER.has(text);
}
