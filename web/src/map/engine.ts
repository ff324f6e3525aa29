import { AttributionControl, LngLat, Map as GlMap, MercatorCoordinate, ScaleControl } from "maplibre-gl";
import type { MapPlace } from "../app/search";
import type { FleetStore } from "../fleet/store";
import { currentTheme, token, type Theme } from "../theme/theme";
import { prepareMapLibre } from "./archiveProtocol";
import { Camera, type Padding } from "./camera";
import { CarLayer, type CarView } from "./carLayer";
import { clusterCars, DISC_FROM, type Cluster } from "./clusters";
import { Labels } from "./labels";
import { Picked } from "./picked";
import { Pills } from "./pills";
import { offlineStyle } from "./style";

export interface MapEvents {
  onPick: (id: string | null) => void;
  onFan: (ids: string[], x: number, y: number) => void;
  onMove: (place: MapPlace) => void;
  onUserMove: () => void;
  onHover: (id: string | null) => void;
}

export interface MapOptions {
  place: MapPlace | undefined;
  interactive: boolean;
  attribution: string;
  /** Style of an online provider, or null for the built-in one. */
  styleUrl: string | null;
  reducedMotion: boolean;
}

export const CITY_BOUNDS: [number, number, number, number] = [11.79, 57.61, 12.16, 57.87];
/** How near a pointer must be to a car, in css pixels; a finger is wider. */
const HIT_PX = 14;
const HIT_TOUCH_PX = 24;
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

/** The map with everything on it. It lives outside React: React tells it what is selected, it tells React what was clicked. */
export class MapEngine {
  readonly map: GlMap;
  readonly camera: Camera;
  private readonly cars = new CarLayer();
  private readonly pills: Pills;
  private readonly labels = new Labels();
  private readonly picked = new Picked();
  private clusters: Cluster[] = [];
  private inside = new Uint8Array(0);
  private hidden = new Uint8Array(0);
  private theme = currentTheme();
  private selected: string | null = null;
  private hovered = -1;
  private seenVersion = -1;
  private clusteredAt = 0;
  private clusterZoom = -1;
  private frameRequest = 0;
  private frameTimer: ReturnType<typeof setTimeout> | null = null;
  private readonly unsubscribe: () => void;

  constructor(
    container: HTMLElement,
    private readonly store: FleetStore,
    private readonly events: MapEvents,
    private readonly options: MapOptions,
  ) {
    prepareMapLibre();
    const at = options.place;
    this.map = new GlMap({
      container,
      style: options.styleUrl ?? offlineStyle(CITY_BOUNDS),
      ...(at ? { center: [at.longitude, at.latitude], zoom: at.zoom } : { center: [11.965, 57.7005], zoom: 12.6 }),
      minZoom: 1.6,
      maxZoom: 18.5,
      interactive: options.interactive,
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      renderWorldCopies: false,
      fadeDuration: options.reducedMotion ? 0 : 140,
      canvasContextAttributes: { antialias: false },
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.keyboard.disable();
    this.camera = new Camera(this.map, () => options.reducedMotion);
    this.pills = new Pills((cluster) => this.openCluster(cluster));
    container.append(this.cars.canvas, this.labels.root, this.pills.root, this.picked.root);
    this.map.addControl(new AttributionControl({ compact: false, customAttribution: options.attribution }), "bottom-right");
    if (options.interactive) this.map.addControl(new ScaleControl({ maxWidth: 110 }), "bottom-left");
    this.map.on("styleimagemissing", () => this.addShield());
    this.map.on("move", () => this.frame());
    this.map.on("resize", () => this.frame());
    this.map.on("moveend", () => this.events.onMove(this.place()));
    for (const kind of ["dragstart", "wheel"] as const) this.map.on(kind, () => this.events.onUserMove());
    this.listen(container);
    this.unsubscribe = store.subscribe(() => this.schedule(0));
    this.addShield();
    this.frame();
  }

  private listen(container: HTMLElement): void {
    if (!this.options.interactive) return;
    this.map.on("click", (event) => {
      const touch = event.originalEvent instanceof PointerEvent && event.originalEvent.pointerType === "touch";
      const slot = this.hit(event.point.x, event.point.y, touch ? HIT_TOUCH_PX : HIT_PX);
      this.events.onPick(slot < 0 ? null : (this.store.vehicles[slot]?.id ?? null));
    });
    this.map.on("mousemove", (event) => this.hover(this.hit(event.point.x, event.point.y, HIT_PX)));
    container.addEventListener("mouseleave", () => this.hover(-1));
  }

  private hover(slot: number): void {
    if (slot === this.hovered) return;
    this.hovered = slot;
    this.map.getCanvas().style.cursor = slot < 0 ? "" : "pointer";
    this.events.onHover(slot < 0 ? null : (this.store.vehicles[slot]?.id ?? null));
    this.chooseLabels(this.view(), performance.now());
    this.schedule(0);
  }

  /** The car nearest to a point of the screen, or -1. */
  private hit(x: number, y: number, reach: number): number {
    const view = this.view();
    const now = performance.now();
    const columns = this.store.columns;
    let best = -1;
    let nearest = reach;
    for (let slot = 0; slot < columns.count; slot++) {
      if (!columns.located[slot] || !columns.shown[slot] || this.inside[slot]) continue;
      const [mx, my] = columns.at(slot, now);
      const at = view.toScreen(mx, my);
      const distance = Math.hypot(at.x - x, at.y - y);
      if (distance < nearest) {
        nearest = distance;
        best = slot;
      }
    }
    return best;
  }

  private view(): CarView {
    const zoom = this.map.getZoom();
    const worldPx = 512 * 2 ** zoom;
    const centre = this.map.getCenter();
    const middle = MercatorCoordinate.fromLngLat(centre);
    const at = this.map.project(centre);
    const canvas = this.map.getContainer();
    return {
      zoom,
      worldPx,
      width: canvas.clientWidth,
      height: canvas.clientHeight,
      toScreen: (x, y) => ({ x: at.x + (x - middle.x) * worldPx, y: at.y + (y - middle.y) * worldPx }),
    };
  }

  private frame(): void {
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
    const slot = this.selected ? (this.store.slotOf(this.selected) ?? -1) : -1;
    this.hide(slot);
    this.cars.draw(columns, this.hidden, view, now);
    this.pills.place(view.toScreen, view.width, view.height);
    const screenOf = (s: number) => {
      const [x, y] = columns.at(s, now);
      return view.toScreen(x, y);
    };
    if (this.labels.any) this.labels.place(screenOf);
    this.showPicked(slot, screenOf, view, now);
    if (now < columns.glidesUntil) this.schedule(this.pace(view));
    else if (changed) this.schedule(CLUSTER_EVERY_MS);
  }

  private hide(selected: number): void {
    if (this.hidden.length !== this.inside.length) this.hidden = new Uint8Array(this.inside.length);
    this.hidden.set(this.inside);
    if (selected >= 0) this.hidden[selected] = 1;
  }

  private showPicked(slot: number, screenOf: (s: number) => { x: number; y: number }, view: CarView, now: number): void {
    const vehicle = this.store.vehicles[slot];
    if (slot < 0 || !vehicle || !this.store.columns.located[slot]) return this.picked.hide();
    const at = screenOf(slot);
    const heading = this.store.columns.headingAt(slot, now);
    this.picked.show(vehicle, heading, at.x, at.y, view.width - this.camera.padding.right);
    if (this.camera.following) this.camera.follow(this.store.columns.at(slot, now));
  }

  /** Milliseconds until the next frame: a frame that moves nothing by half a pixel is not drawn. */
  private pace(view: CarView): number {
    const metresPerPx = (EARTH_M * Math.cos((this.map.getCenter().lat * Math.PI) / 180)) / view.worldPx;
    const pxPerMs = FAST_M_PER_S / metresPerPx / 1000;
    return Math.min(FRAME_MOST_MS, Math.max(FRAME_LEAST_MS, STEP_PX / pxPerMs));
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
    const zoom = view.zoom < 10 ? Math.min(9.9, Math.round(view.zoom * 2) / 2) : Math.round(view.zoom * 2) / 2;
    const due = changed && now - this.clusteredAt > CLUSTER_EVERY_MS;
    const resized = this.inside.length !== this.store.columns.count;
    if (zoom === this.clusterZoom && !due && !resized) return;
    this.clusterZoom = zoom;
    this.clusteredAt = now;
    const selected = this.selected ? (this.store.slotOf(this.selected) ?? -1) : -1;
    const { clusters, inside } = clusterCars(this.store.columns, zoom, now, selected);
    this.clusters = clusters;
    this.inside = inside;
    this.pills.set(this.clusters);
    this.chooseLabels(view, now);
    this.cars.invalidate();
  }

  private chooseLabels(view: CarView, now: number): void {
    const columns = this.store.columns;
    const screenOf = (s: number) => {
      const [x, y] = columns.at(s, now);
      return view.toScreen(x, y);
    };
    const near: number[] = [];
    const picked = this.selected ? this.store.slotOf(this.selected) : undefined;
    if (view.zoom >= DISC_FROM) {
      for (let slot = 0; slot < columns.count; slot++) {
        if (!columns.located[slot] || !columns.shown[slot] || this.inside[slot] || slot === picked) continue;
        const at = screenOf(slot);
        if (at.x > -20 && at.y > -20 && at.x < view.width && at.y < view.height) near.push(slot);
      }
    }
    this.labels.choose(this.store, near, this.hovered === picked ? -1 : this.hovered, screenOf);
  }

  private openCluster(cluster: Cluster): void {
    const columns = this.store.columns;
    const now = performance.now();
    const points = cluster.slots.map((slot) => columns.at(slot, now));
    this.events.onUserMove();
    if (this.map.getZoom() < DISC_FROM + 2 && this.camera.fit(points)) return;
    const at = this.view().toScreen(cluster.x, cluster.y);
    const ids = cluster.slots.map((slot) => this.store.vehicles[slot]?.id).filter((id) => id !== undefined);
    this.events.onFan(ids, at.x, at.y);
  }

  /** Marks a car; `show` brings it into view. */
  select(id: string | null, show: boolean): void {
    this.selected = id;
    this.clusterZoom = -1;
    const slot = id ? this.store.slotOf(id) : undefined;
    if (show && slot !== undefined && this.store.columns.located[slot]) this.camera.show(this.store.columns.at(slot, performance.now()));
    this.cars.invalidate();
    this.frame();
  }

  /** Everything that is shown, in one view. */
  fitFleet(): void {
    const columns = this.store.columns;
    const points: [number, number][] = [];
    for (let slot = 0; slot < columns.count; slot++) if (columns.located[slot] && columns.shown[slot]) points.push(columns.at(slot, performance.now()));
    if (points.length > 0) this.camera.fit(points);
  }

  setPadding(padding: Padding): void {
    this.camera.setPadding(padding);
    this.frame();
  }

  /** Colours of the other theme. */
  setTheme(theme: Theme): void {
    if (theme === this.theme) return;
    this.theme = theme;
    if (this.options.styleUrl === null) this.map.setStyle(offlineStyle(CITY_BOUNDS), { diff: true });
    if (this.map.hasImage("shield")) this.map.removeImage("shield");
    this.addShield();
    this.cars.repaint();
    this.cars.invalidate();
    this.frame();
  }

  /** The small box behind a road number, drawn in the theme's colours. */
  private addShield(): void {
    if (this.map.hasImage("shield")) return;
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 40;
    const pen = canvas.getContext("2d");
    if (!pen) return;
    pen.fillStyle = token("map-halo");
    pen.strokeStyle = token("map-label-2");
    pen.lineWidth = 2;
    pen.beginPath();
    pen.roundRect(2, 2, 36, 36, 7);
    pen.fill();
    pen.stroke();
    this.map.addImage("shield", pen.getImageData(0, 0, 40, 40), { pixelRatio: 2, stretchX: [[10, 30]], stretchY: [[10, 30]], content: [4, 4, 36, 36] });
  }

  place(): MapPlace {
    const centre = LngLat.convert(this.map.getCenter());
    return { latitude: centre.lat, longitude: centre.lng, zoom: this.map.getZoom() };
  }

  destroy(): void {
    this.unsubscribe();
    cancelAnimationFrame(this.frameRequest);
    if (this.frameTimer !== null) clearTimeout(this.frameTimer);
    this.cars.destroy();
    this.map.remove();
  }
}
