import type { Status, Vehicle } from "../api/types";
import { STATUS_NAME } from "./status";

/** Text for comparing: no case, no accents, so that `goteborg` finds Göteborg. */
export function fold(text: string): string {
  return text.normalize("NFD").replaceAll(/\p{Diacritic}/gu, "").toLowerCase();
}

/** Whether every word of the question occurs in what is known about a vehicle. */
export function matches(vehicle: Vehicle, street: string, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const text = fold(`${vehicle.name} ${vehicle.model ?? ""} ${STATUS_NAME[vehicle.status] ?? ""} ${street}`);
  return words.every((word) => text.includes(word));
}

export function wordsOf(question: string): string[] {
  return fold(question).split(/\s+/).filter(Boolean);
}

/** Whether a state passes; no state chosen means all. */
export function statusPasses(status: Status, chosen: readonly Status[] | undefined): boolean {
  return !chosen || chosen.length === 0 || chosen.includes(status);
}
