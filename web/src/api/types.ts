// The shapes of the HTTP API. Times are RFC 3339 text in UTC; units stand in the names.

export type Status = "driving" | "charging" | "parked" | "asleep" | "offline";

/** One number and when the car measured it; null means the car said that it has no value. */
export interface Reading {
  value: number | null;
  observed_at: string;
}

export interface Location {
  latitude: number;
  longitude: number;
  heading_deg: number | null;
  observed_at: string;
}

export interface Vehicle {
  id: string;
  name: string;
  status: Status;
  status_since: string | null;
  online: boolean;
  location: Location | null;
  speed_kmh: Reading | null;
  battery_pct: Reading | null;
  range_km: Reading | null;
  power_kw: Reading | null;
  odometer_km: Reading | null;
  gear: string | null;
  model: string | null;
  clock_suspect: boolean;
  last_seen_at: string | null;
  updated_at: string | null;
}

export interface Signal {
  name: string;
  label: string;
  group: string;
  unit: string | null;
  value: unknown;
  invalid: boolean;
  observed_at: string;
  age_s: number;
}

export interface VehicleDetail extends Vehicle {
  signals: Signal[];
}

export interface VehiclePage {
  data: Vehicle[];
  next_cursor: string | null;
}

export interface Session {
  user: { id: string; name: string; role: string };
  organisation: { id: string; name: string };
  passphrase_set: boolean;
  expires_at: string;
}

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail?: string | null;
  request_id?: string | null;
}

export interface Config {
  map: { style_url: string | null; attribution: string | null };
  version: string;
}
