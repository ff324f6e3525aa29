import type { Status } from "../api/types";
import { isStatus, STATUSES } from "../fleet/status";
import { SORTS, type Sort } from "../fleet/order";

/** The middle of the map and its zoom. */
export interface MapPlace {
  latitude: number;
  longitude: number;
  zoom: number;
}

/** Everything of the live page that an address carries: a copied link shows the same screen. */
export interface LiveSearch {
  vehicle?: string;
  q?: string;
  status?: Status[];
  sort?: Sort;
  at?: MapPlace;
  follow?: true;
}

export function parseLiveSearch(raw: Record<string, unknown>): LiveSearch {
  const search: LiveSearch = {};
  const text = (key: string) => (typeof raw[key] === "string" && raw[key] !== "" ? (raw[key] as string) : undefined);
  const vehicle = text("vehicle");
  // Ids are 26 letters and digits of base32; anything else cannot be a vehicle.
  if (vehicle && /^[a-z2-7]{1,64}$/.test(vehicle)) search.vehicle = vehicle;
  const q = text("q");
  if (q) search.q = q.slice(0, 100);
  const wanted = statusList(raw["status"]);
  if (wanted.length > 0) search.status = wanted;
  const sort = text("sort");
  if (sort && (SORTS as readonly string[]).includes(sort) && sort !== SORTS[0]) search.sort = sort as Sort;
  const at = placeOf(raw["at"]);
  if (at) search.at = at;
  if (search.vehicle && (raw["follow"] === "1" || raw["follow"] === true)) search.follow = true;
  return search;
}

function statusList(raw: unknown): Status[] {
  const names = typeof raw === "string" ? raw.split(",") : Array.isArray(raw) ? raw : [];
  return STATUSES.filter((s) => names.some((n) => typeof n === "string" && isStatus(n) && n === s));
}

function placeOf(raw: unknown): MapPlace | undefined {
  if (typeof raw === "object" && raw !== null && "zoom" in raw) return raw as MapPlace;
  if (typeof raw !== "string") return undefined;
  const [latitude = Number.NaN, longitude = Number.NaN, zoom = Number.NaN] = raw.split(",").map(Number);
  const good = Math.abs(latitude) <= 85 && Math.abs(longitude) <= 180 && zoom >= 0 && zoom <= 22;
  return good ? { latitude, longitude, zoom } : undefined;
}

/** Address text of a place: five decimals are a metre. */
export function placeText(at: MapPlace): string {
  return `${at.latitude.toFixed(5)},${at.longitude.toFixed(5)},${at.zoom.toFixed(2)}`;
}

/** Reads a query string without guessing types: `q=007` stays text. */
export function parseQuery(query: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(query));
}

/** Writes a query string that a person can read. */
export function writeQuery(search: Record<string, unknown>): string {
  const parts: string[] = [];
  for (const [key, value] of Object.entries(search)) {
    const text = valueText(key, value);
    if (text) parts.push(`${key}=${encodeURIComponent(text).replaceAll("%2C", ",").replaceAll("%20", "+")}`);
  }
  return parts.length > 0 ? `?${parts.join("&")}` : "";
}

function valueText(key: string, value: unknown): string {
  if (value === undefined || value === null || value === false) return "";
  if (value === true) return "1";
  if (Array.isArray(value)) return value.join(",");
  if (key === "at" && typeof value === "object") return placeText(value as MapPlace);
  return String(value);
}
