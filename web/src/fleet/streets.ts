import { useEffect, useState } from "react";
import streetsUrl from "../map/basemap/streets.json?url";

interface Directory {
  west: number;
  south: number;
  step_lon: number;
  step_lat: number;
  columns: number;
  rows: number;
  names: string[];
  numbers: Uint16Array;
}

let directory: Directory | null = null;
let loading: Promise<void> | null = null;

async function load(): Promise<void> {
  const answer = await fetch(streetsUrl);
  if (!answer.ok) return;
  const raw = (await answer.json()) as Omit<Directory, "numbers"> & { cells: string };
  const bytes = Uint8Array.from(atob(raw.cells), (c) => c.charCodeAt(0));
  directory = { ...raw, numbers: new Uint16Array(bytes.buffer) };
}

/** The nearest named street, or nothing outside the known city. Degrees. */
export function streetAt(latitude: number, longitude: number): string {
  if (!directory) return "";
  const column = Math.floor((longitude - directory.west) / directory.step_lon);
  const row = Math.floor((latitude - directory.south) / directory.step_lat);
  if (column < 0 || row < 0 || column >= directory.columns || row >= directory.rows) return "";
  return directory.names[directory.numbers[row * directory.columns + column] ?? 0] ?? "";
}

/** Loads the street directory once; true when names are there. A missing one costs the names and nothing else. */
export function useStreets(): boolean {
  const [ready, setReady] = useState(directory !== null);
  useEffect(() => {
    loading ??= load().catch(() => undefined);
    let alive = true;
    void loading.then(() => alive && setReady(directory !== null));
    return () => {
      alive = false;
    };
  }, []);
  return ready;
}
