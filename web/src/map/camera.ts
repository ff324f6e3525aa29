import { LngLatBounds, MercatorCoordinate, type Map as GlMap } from "maplibre-gl";

export interface Padding {
  top: number;
  right: number;
  bottom: number;
  left: number;
}

/** How long a move of the camera takes, by the design. */
const MOVE_MS = 320;
/** A followed car may drift this many pixels from the middle before the camera goes after it: fewer frames, calmer map. */
const DRIFT_PX = 1;
/** Nearest zoom a cluster is opened to. */
const FIT_ZOOM = 16;
/** Zoom at which a car is shown when the map is farther away. */
const SHOW_ZOOM = 13;

/** Moves the map. Near targets are reached in a glide, far ones in a cut. */
export class Camera {
  following = false;
  /** What floats over the map on each side; moves keep clear of it. */
  padding: Padding = { top: 0, right: 0, bottom: 0, left: 0 };

  constructor(
    private readonly map: GlMap,
    private readonly still: () => boolean,
  ) {}

  private duration(): number {
    return this.still() ? 0 : MOVE_MS;
  }

  /** Brings a point into the free part of the view; does nothing when it is there already. */
  show([x, y]: [number, number]): void {
    const target = new MercatorCoordinate(x, y).toLngLat();
    const at = this.map.project(target);
    const box = this.map.getContainer();
    const { top, right, bottom, left } = this.padding;
    const free = at.x > left + 60 && at.x < box.clientWidth - right - 60 && at.y > top + 60 && at.y < box.clientHeight - bottom - 60;
    const zoom = Math.max(this.map.getZoom(), SHOW_ZOOM);
    if (free && zoom === this.map.getZoom()) return;
    const near = Math.hypot(at.x - box.clientWidth / 2, at.y - box.clientHeight / 2) < 2 * box.clientWidth && zoom - this.map.getZoom() < 3;
    const move = { center: target, zoom, offset: this.offset() };
    if (near) this.map.easeTo({ ...move, duration: this.duration() });
    else this.map.easeTo({ ...move, duration: 0 });
  }

  private offset(): [number, number] {
    const { top, right, bottom, left } = this.padding;
    return [(left - right) / 2, (top - bottom) / 2];
  }

  /** Keeps a moving point in the middle of the free part. */
  follow([x, y]: [number, number]): void {
    if (this.map.isMoving()) return;
    const target = new MercatorCoordinate(x, y).toLngLat();
    const at = this.map.project(target);
    const box = this.map.getContainer();
    const [dx, dy] = this.offset();
    const drift = Math.hypot(at.x - box.clientWidth / 2 - dx, at.y - box.clientHeight / 2 - dy);
    if (drift < DRIFT_PX) return;
    this.map.easeTo({ center: target, offset: [dx, dy], duration: drift > 80 ? this.duration() : 0 });
  }

  /** Shows all points; false when the view already is as near as it gets and nothing would change. */
  fit(points: readonly [number, number][]): boolean {
    const bounds = new LngLatBounds();
    for (const [x, y] of points) bounds.extend(new MercatorCoordinate(x, y).toLngLat());
    const room = 70;
    const { top, right, bottom, left } = this.padding;
    const padding = { top: top + room, right: right + room, bottom: bottom + room, left: left + room };
    const before = this.map.getZoom();
    const target = this.map.cameraForBounds(bounds, { padding, maxZoom: FIT_ZOOM });
    if (!target?.center || target.zoom === undefined) return false;
    const near = Math.abs(target.zoom - before) < 3;
    this.map.easeTo({ center: target.center, zoom: target.zoom, duration: near ? this.duration() : 0 });
    return target.zoom > before + 0.2 || points.length > 40;
  }

  zoomBy(step: number): void {
    this.map.easeTo({ zoom: this.map.getZoom() + step, duration: this.duration(), offset: [0, 0], around: this.map.unproject(this.middle()) });
  }

  private middle(): [number, number] {
    const box = this.map.getContainer();
    const [dx, dy] = this.offset();
    return [box.clientWidth / 2 + dx, box.clientHeight / 2 + dy];
  }
}
