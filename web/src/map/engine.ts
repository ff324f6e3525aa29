import { AttributionControl, Map as GlMap, MercatorCoordinate, ScaleControl } from "maplibre-gl";
import type { MapPlace } from "../app/search";
import type { FleetStore } from "../fleet/store";
import { currentTheme, token, type Theme } from "../theme/theme";
import { prepareMapLibre } from "./archiveProtocol";
import { Camera, type Padding } from "./camera";
import type { CarView } from "./carLayer";
import { DISC_FROM, type Cluster } from "./clusters";
import { Scene } from "./scene";
import { offlineStyle } from "./style";

export interface MapEvents {
  /** A car was clicked, or nothing was. */
  onPick: (id: string | null) => void;
  /** A cluster was clicked that cannot be pulled apart. */
  onFan: (ids: string[], x: number, y: number) => void;
  onMove: (place: MapPlace) => void;
  /** The person moved the map by hand. */
  onUserMove: () => void;
}

export interface MapOptions {
  place: MapPlace | undefined;
  interactive: boolean;
  attribution: string;
  /** Style of an online provider, or null for the built-in one. */
  styleUrl: string | null;
  /** The online style or its tiles did not come; the built-in one is shown. */
  onStyleLost?: () => void;
  reducedMotion: boolean;
}

const CITY_BOUNDS: [number, number, number, number] = [11.79, 57.61, 12.16, 57.87];
const START: MapPlace = { latitude: 57.7005, longitude: 11.965, zoom: 12.6 };
/** How near a pointer must be to a car, in css pixels; a finger is wider. */
const HIT_PX = 14;
const HIT_TOUCH_PX = 24;

/** The map with everything on it. It lives outside React: React tells it what is selected, it tells React what was clicked. */
export class MapEngine {
  readonly map: GlMap;
  readonly camera: Camera;
  private readonly scene: Scene;
  private theme = currentTheme();
  private offline: boolean;

  constructor(
    container: HTMLElement,
    private readonly store: FleetStore,
    private readonly events: MapEvents,
    private readonly options: MapOptions,
  ) {
    prepareMapLibre();
    this.offline = options.styleUrl === null;
    const at = options.place ?? START;
    this.map = new GlMap({
      container,
      style: options.styleUrl ?? offlineStyle(CITY_BOUNDS),
      center: [at.longitude, at.latitude],
      zoom: at.zoom,
      // Farther out the one world is smaller than a wide screen; nearer in there is nothing more to see.
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
    // The page has keys of its own.
    this.map.keyboard.disable();
    this.camera = new Camera(this.map, () => options.reducedMotion);
    this.scene = new Scene(container, store, this.camera, () => this.view(), (cluster) => this.openCluster(cluster));
    this.map.addControl(new AttributionControl({ compact: false, customAttribution: options.attribution }), "bottom-right");
    if (options.interactive) this.map.addControl(new ScaleControl({ maxWidth: 110 }), "bottom-left");
    this.listen(container);
    this.addShield();
    this.scene.frame();
  }

  private listen(container: HTMLElement): void {
    this.map.on("styleimagemissing", () => this.addShield());
    this.map.on("move", () => this.scene.frame());
    this.map.on("resize", () => this.scene.frame());
    this.map.on("error", () => this.fallBack());
    if (!this.options.interactive) return;
    this.map.on("moveend", () => this.events.onMove(this.place()));
    for (const kind of ["dragstart", "wheel"] as const) this.map.on(kind, () => this.events.onUserMove());
    this.map.on("click", (event) => {
      const touch = event.originalEvent instanceof PointerEvent && event.originalEvent.pointerType === "touch";
      const slot = this.scene.hit(event.point.x, event.point.y, touch ? HIT_TOUCH_PX : HIT_PX);
      this.events.onPick(slot < 0 ? null : (this.store.vehicles[slot]?.id ?? null));
    });
    this.map.on("mousemove", (event) => this.hover(this.scene.hit(event.point.x, event.point.y, HIT_PX)));
    container.addEventListener("mouseleave", () => this.hover(-1));
  }

  private hover(slot: number): void {
    if (slot === this.scene.hovered) return;
    this.map.getCanvas().style.cursor = slot < 0 ? "" : "pointer";
    this.scene.hover(slot);
  }

  /** An online style that never came gives way to the built-in one; single tiles that fail later do not. */
  private fallBack(): void {
    if (this.offline || this.map.isStyleLoaded()) return;
    this.offline = true;
    this.map.setStyle(offlineStyle(CITY_BOUNDS), { diff: false });
    this.options.onStyleLost?.();
  }

  private view(): CarView {
    const zoom = this.map.getZoom();
    const worldPx = 512 * 2 ** zoom;
    const centre = this.map.getCenter();
    const middle = MercatorCoordinate.fromLngLat(centre);
    const at = this.map.project(centre);
    const box = this.map.getContainer();
    return {
      zoom,
      worldPx,
      latitude: centre.lat,
      width: box.clientWidth,
      height: box.clientHeight,
      toScreen: (x, y) => ({ x: at.x + (x - middle.x) * worldPx, y: at.y + (y - middle.y) * worldPx }),
    };
  }

  private openCluster(cluster: Cluster): void {
    const now = performance.now();
    const points = cluster.slots.map((slot) => this.store.columns.at(slot, now));
    this.events.onUserMove();
    if (this.map.getZoom() < DISC_FROM + 2 && this.camera.fit(points)) return;
    const at = this.view().toScreen(cluster.x, cluster.y);
    const ids = cluster.slots.map((slot) => this.store.vehicles[slot]?.id).filter((id) => id !== undefined);
    this.events.onFan(ids, at.x, at.y);
  }

  /** Marks a car; `show` brings it into view. */
  select(id: string | null, show: boolean): void {
    const columns = this.store.columns;
    const slot = id ? this.store.slotOf(id) : undefined;
    if (show && slot !== undefined && columns.located[slot]) this.camera.show(columns.at(slot, performance.now()));
    this.scene.select(id);
  }

  /** Everything that is shown, in one view. */
  fitFleet(): void {
    const columns = this.store.columns;
    const points: [number, number][] = [];
    for (let slot = 0; slot < columns.count; slot++) if (columns.located[slot] && columns.shown[slot]) points.push(columns.at(slot, performance.now()));
    if (points.length > 0) this.camera.fit(points);
  }

  setPadding(padding: Padding): void {
    this.camera.padding = padding;
    this.scene.frame();
  }

  /** Colours of the other theme. */
  setTheme(theme: Theme): void {
    if (theme === this.theme) return;
    this.theme = theme;
    if (this.offline) this.map.setStyle(offlineStyle(CITY_BOUNDS), { diff: true });
    if (this.map.hasImage("shield")) this.map.removeImage("shield");
    this.addShield();
    this.scene.repaint();
  }

  /** The small box behind a road number, drawn in the theme's colours at twice its size. */
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
    const centre = this.map.getCenter();
    return { latitude: centre.lat, longitude: centre.lng, zoom: this.map.getZoom() };
  }

  destroy(): void {
    this.scene.destroy();
    this.map.remove();
  }
}
