import type { Vehicle } from "../api/types";

/** A vehicle for tests: parked in the middle of the city, everything else as given. */
export function testVehicle(part: Partial<Vehicle> & { id: string }): Vehicle {
  return {
    name: part.id,
    status: "parked",
    status_since: "2026-01-01T10:00:00.000Z",
    online: true,
    location: { latitude: 57.7, longitude: 11.97, heading_deg: 90, observed_at: "2026-01-01T10:00:00.000Z" },
    speed_kmh: null,
    battery_pct: null,
    range_km: null,
    power_kw: null,
    odometer_km: null,
    gear: null,
    model: null,
    clock_suspect: false,
    last_seen_at: null,
    updated_at: null,
    ...part,
  };
}
