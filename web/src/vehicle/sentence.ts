import type { Vehicle } from "../api/types";
import { ageText } from "../format/age";
import { compassPoint } from "../format/heading";

/** What a car is doing, in one sentence without a full stop; names of streets where they are known. */
export function sentence(vehicle: Vehicle, street: string, now_ms: number): string {
  const since = vehicle.status_since ? ageText(Date.parse(vehicle.status_since), now_ms) : null;
  const where = street ? ` on ${street}` : "";
  switch (vehicle.status) {
    case "driving": {
      const heading = vehicle.location?.heading_deg;
      const way = heading === null || heading === undefined ? "" : ` ${compassPoint(heading)}`;
      return `Driving${way}${where}`;
    }
    case "charging":
      return `Charging${where}${since ? ` for ${since}` : ""}`;
    case "parked":
      return `Parked${where}${since ? ` for ${since}` : ""}`;
    case "asleep":
      return `Asleep${where}${since ? ` for ${since}` : ""}`;
    case "offline":
      return silence(vehicle, street, now_ms);
  }
}

function silence(vehicle: Vehicle, street: string, now_ms: number): string {
  if (!vehicle.last_seen_at) return "Never seen yet";
  const seen = street ? `. Last seen on ${street}` : "";
  return `Silent ${ageText(Date.parse(vehicle.last_seen_at), now_ms)}${seen}`;
}
