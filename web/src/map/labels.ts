import type { Vehicle } from "../api/types";
import type { FleetStore } from "../fleet/store";
import { measureText } from "../format/number";
import { STATUS_NAME } from "../fleet/status";

/** More names than this cannot be read, and each costs layout. */
const MOST_LABELS = 60;
const HEIGHT = 22;
const LETTER = 6.6;

/** What a car says of itself on the map. */
export function labelText(vehicle: Vehicle): string {
  if (vehicle.status === "driving" && vehicle.speed_kmh?.value != null) return measureText(vehicle.speed_kmh.value, "km/h");
  if (vehicle.status === "charging" && vehicle.battery_pct?.value != null) return measureText(vehicle.battery_pct.value, "%");
  return (STATUS_NAME[vehicle.status] ?? "").toLowerCase();
}

/** Fills a label's two parts; does nothing when the text stands there already. */
export function writeLabel(node: HTMLElement, vehicle: Vehicle): void {
  const [name, rest] = node.children;
  if (name && name.textContent !== vehicle.name) name.textContent = vehicle.name;
  const text = labelText(vehicle);
  if (rest && rest.textContent !== text) rest.textContent = text;
}

export function createLabel(): HTMLDivElement {
  const node = document.createElement("div");
  node.className = "car-label";
  node.append(document.createElement("b"), document.createElement("span"));
  return node;
}

/** Names beside the discs of the near view, where they fit, and beside the car under the pointer. */
export class Labels {
  readonly root = document.createElement("div");
  private nodes: HTMLDivElement[] = [];
  private slots: number[] = [];

  constructor() {
    this.root.className = "map-marks";
    this.root.setAttribute("aria-hidden", "true");
  }

  /** Chooses the cars that get a name: in view, not hidden, no two over each other; `first` always. */
  choose(store: FleetStore, candidates: Iterable<number>, first: number, screenOf: (slot: number) => { x: number; y: number }): void {
    const boxes: number[][] = [];
    this.slots = [];
    const consider = (slot: number, force: boolean) => {
      const vehicle = store.vehicles[slot];
      if (!vehicle || this.slots.length >= MOST_LABELS) return;
      const at = screenOf(slot);
      const wide = (vehicle.name.length + labelText(vehicle).length + 4) * LETTER;
      const box = [at.x - 14, at.y - HEIGHT / 2 - 2, at.x + 18 + wide, at.y + HEIGHT / 2 + 2];
      if (!force && boxes.some((b) => overlap(b, box))) return;
      boxes.push(box);
      this.slots.push(slot);
    };
    if (first >= 0) consider(first, true);
    for (const slot of candidates) if (slot !== first) consider(slot, false);
    while (this.nodes.length < this.slots.length) {
      const node = createLabel();
      this.nodes.push(node);
      this.root.append(node);
    }
    this.nodes.forEach((node, i) => {
      node.hidden = i >= this.slots.length;
      node.style.display = node.hidden ? "none" : "";
    });
    this.write(store);
  }

  write(store: FleetStore): void {
    this.slots.forEach((slot, i) => {
      const vehicle = store.vehicles[slot];
      const node = this.nodes[i];
      if (vehicle && node) writeLabel(node, vehicle);
    });
  }

  place(screenOf: (slot: number) => { x: number; y: number }): void {
    this.slots.forEach((slot, i) => {
      const at = screenOf(slot);
      const node = this.nodes[i];
      if (node) node.style.transform = `translate(${(at.x + 18).toFixed(1)}px, ${(at.y - HEIGHT / 2).toFixed(1)}px)`;
    });
  }

  get any(): boolean {
    return this.slots.length > 0;
  }
}

function overlap(a: number[], b: number[]): boolean {
  return a[0]! < b[2]! && a[2]! > b[0]! && a[1]! < b[3]! && a[3]! > b[1]!;
}
