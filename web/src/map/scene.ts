import type { FleetStore } from "../fleet/store";
import type { Camera } from "./camera";
import { CarLayer, type CarView } from "./carLayer";
import { clusterCars, DISC_FROM, type Cluster } from "./clusters";
import { Labels } from "./labels";
import { Picked } from "./picked";
import { Pills } from "./pills";

/** Clusters are thought over at most this often. */
const CLUSTER_EVERY_MS = 500;
/** The smoothest and the calmest frame rate while cars glide; between them it follows their speed on the screen. */
const FRAME_LEAST_MS = 16;
const FRAME_MOST_MS = 250;
/** A step of this many pixels between two frames looks smooth. */
const STEP_PX = 0.4;
/** Fast traffic, for guessing pixels per second. */
const FAST_M_PER_S = 30;
const EARTH_M = 40_075_017;

type ScreenOf = (slot: number) => { x: number; y: number };

/** What moves above the map: cars, clusters, names, the selected car. Draws a frame only when one would look different. */
export class Scene {
  /** Slot of the car under the pointer, or -1. */
  hovered = -1;
  private readonly cars = new CarLayer();
  private readonly pills: Pills;
  private readonly labels = new Labels();
  private readonly picked = new Picked();
  private inside = new Uint8Array(0);
  private hidden = new Uint8Array(0);
  private selected: string | null = null;
  private seenVersion = -1;
  private clusteredAt = 0;
  private clusterZoom = -1;
  private frameRequest = 0;
  private frameTimer: ReturnType<typeof setTimeout> | null = null;
  private readonly unsubscribe: () => void;

  constructor(
    container: HTMLElement,
    private readonly store: FleetStore,
    private readonly camera: Camera,
    private readonly view: () => CarView,
    onCluster: (cluster: Cluster) => void,
  ) {
    this.pills = new Pills(onCluster);
    container.append(this.cars.canvas, this.labels.root, this.pills.root, this.picked.root);
    this.unsubscribe = store.subscribe(() => this.schedule(0));
  }

  /** The car nearest to a point of the screen, or -1. */
  hit(x: number, y: number, reach: number): number {
    const screenOf = this.screenOf(this.view(), performance.now());
    let best = -1;
    let nearest = reach;
    for (const slot of this.free()) {
      const at = screenOf(slot);
      const distance = Math.hypot(at.x - x, at.y - y);
      if (distance >= nearest) continue;
      nearest = distance;
      best = slot;
    }
    return best;
  }

  hover(slot: number): void {
    this.hovered = slot;
    this.chooseLabels(this.view(), performance.now());
    this.schedule(0);
  }

  select(id: string | null): void {
    this.selected = id;
    // The selected car leaves its cluster.
    this.clusterZoom = -1;
    this.frame();
  }

  /** The theme has changed. */
  repaint(): void {
    this.cars.repaint();
    this.cars.invalidate();
    this.frame();
  }

  frame(): void {
    cancelAnimationFrame(this.frameRequest);
    if (this.frameTimer !== null) clearTimeout(this.frameTimer);
    this.frameTimer = null;
    const now = performance.now();
    const view = this.view();
    const columns = this.store.columns;
    const changed = columns.version !== this.seenVersion;
    this.seenVersion = columns.version;
    this.recluster(view, now, changed);
    if (changed) this.cars.invalidate();
    const slot = this.selectedSlot();
    this.hide(slot);
    this.cars.draw(columns, this.hidden, view, now);
    this.pills.place(view.toScreen, view.width, view.height);
    const screenOf = this.screenOf(view, now);
    if (changed) this.labels.write(this.store);
    if (this.labels.any) this.labels.place(screenOf);
    this.showPicked(slot, screenOf, view, now);
    if (now < columns.glidesUntil) this.schedule(pace(view));
    else if (changed) this.schedule(CLUSTER_EVERY_MS);
  }

  private selectedSlot(): number {
    return this.selected ? (this.store.slotOf(this.selected) ?? -1) : -1;
  }

  private screenOf(view: CarView, now: number): ScreenOf {
    return (slot) => {
      const [x, y] = this.store.columns.at(slot, now);
      return view.toScreen(x, y);
    };
  }

  /** Slots of the cars that are drawn one by one. */
  private *free(): Generator<number> {
    const columns = this.store.columns;
    for (let slot = 0; slot < columns.count; slot++) {
      if (columns.located[slot] && columns.shown[slot] && !this.inside[slot]) yield slot;
    }
  }

  private hide(selected: number): void {
    if (this.hidden.length !== this.inside.length) this.hidden = new Uint8Array(this.inside.length);
    this.hidden.set(this.inside);
    if (selected >= 0) this.hidden[selected] = 1;
  }

  private showPicked(slot: number, screenOf: ScreenOf, view: CarView, now: number): void {
    const columns = this.store.columns;
    const vehicle = this.store.vehicles[slot];
    if (slot < 0 || !vehicle || !columns.located[slot]) return this.picked.hide();
    const at = screenOf(slot);
    this.picked.show(vehicle, columns.headingAt(slot, now), at.x, at.y, view.width - this.camera.padding.right);
    if (this.camera.following) this.camera.follow(columns.at(slot, now));
  }

  private schedule(wait_ms: number): void {
    if (wait_ms <= FRAME_LEAST_MS) {
      cancelAnimationFrame(this.frameRequest);
      this.frameRequest = requestAnimationFrame(() => this.frame());
      return;
    }
    this.frameTimer ??= setTimeout(() => {
      this.frameTimer = null;
      this.frameRequest = requestAnimationFrame(() => this.frame());
    }, wait_ms);
  }

  private recluster(view: CarView, now: number, changed: boolean): void {
    // Half steps of zoom: pills do not shuffle while the wheel turns.
    const half = Math.round(view.zoom * 2) / 2;
    const zoom = view.zoom < 10 ? Math.min(9.9, half) : Math.max(10, half);
    const due = changed && now - this.clusteredAt > CLUSTER_EVERY_MS;
    const resized = this.inside.length !== this.store.columns.count;
    if (zoom === this.clusterZoom && !due && !resized) return;
    this.clusterZoom = zoom;
    this.clusteredAt = now;
    const { clusters, inside } = clusterCars(this.store.columns, zoom, now, this.selectedSlot());
    this.inside = inside;
    this.pills.set(clusters);
    this.chooseLabels(view, now);
    this.cars.invalidate();
  }

  private chooseLabels(view: CarView, now: number): void {
    const screenOf = this.screenOf(view, now);
    const picked = this.selectedSlot();
    const near: number[] = [];
    if (view.zoom >= DISC_FROM) {
      for (const slot of this.free()) {
        const at = screenOf(slot);
        if (slot !== picked && at.x > -20 && at.y > -20 && at.x < view.width && at.y < view.height) near.push(slot);
      }
    }
    this.labels.choose(this.store, near, this.hovered === picked ? -1 : this.hovered, screenOf);
  }

  destroy(): void {
    this.unsubscribe();
    cancelAnimationFrame(this.frameRequest);
    if (this.frameTimer !== null) clearTimeout(this.frameTimer);
    this.cars.destroy();
  }
}

/** Milliseconds until the next frame: a frame that moves nothing by half a pixel is not drawn. */
function pace(view: CarView): number {
  const metresPerPx = (EARTH_M * Math.cos((view.latitude * Math.PI) / 180)) / view.worldPx;
  const pxPerMs = FAST_M_PER_S / metresPerPx / 1000;
  return Math.min(FRAME_MOST_MS, Math.max(FRAME_LEAST_MS, STEP_PX / pxPerMs));
}
