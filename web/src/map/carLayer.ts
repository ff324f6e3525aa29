import type { FleetColumns } from "../fleet/columns";
import { turn } from "../fleet/columns";
import { STATUSES } from "../fleet/status";
import { token } from "../theme/theme";
import { drawAtlas } from "./carAtlas";
import { FLOATS_PER_CAR, linkProgram } from "./carProgram";
import { CLUSTER_ALL_BELOW, DISC_FROM } from "./clusters";

/** How cars look at a zoom: size of the shape's box, halo, and the disc behind it, in css pixels. */
interface Tier {
  size: number;
  halo: number;
  disc: number;
}
const FAR: Tier = { size: 9, halo: 2, disc: 0 };
const MIDDLE: Tier = { size: 16, halo: 3.4, disc: 0 };
const NEAR: Tier = { size: 13, halo: 0.1, disc: 12 };

function tierOf(zoom: number): Tier {
  return zoom < CLUSTER_ALL_BELOW ? FAR : zoom < DISC_FROM ? MIDDLE : NEAR;
}

/** The camera as numbers: where the anchor is on the screen and how large the world is, in css pixels. */
export interface CarView {
  zoom: number;
  worldPx: number;
  /** Of the middle, in degrees. */
  latitude: number;
  width: number;
  height: number;
  /** Screen position of a web Mercator point. */
  toScreen: (x: number, y: number) => { x: number; y: number };
}

/** An anchor this far from the middle of the view (in Mercator units) makes 32-bit offsets coarse: 0.002 is 80 km, 5 mm. */
const ANCHOR_REACH = 0.002;

/**
 * Draws the whole fleet in one call on a canvas of its own above the map. The canvas is apart from MapLibre's so that
 * gliding cars never make the streets be drawn again; interpolation between fixes runs in the shader.
 */
export class CarLayer {
  readonly canvas = document.createElement("canvas");
  private gl: WebGL2RenderingContext | null = null;
  private program: WebGLProgram | null = null;
  private buffer: WebGLBuffer | null = null;
  private uniforms: Record<string, WebGLUniformLocation | null> = {};
  private data = new Float32Array(0);
  private anchor: [number, number] = [0, 0];
  private tier: Tier | null = null;
  private ratio = 0;
  private stale = true;
  /** Seconds are counted from here: 32-bit numbers hold a day of milliseconds badly. */
  private readonly epoch = performance.now();

  constructor() {
    this.canvas.className = "car-canvas";
    this.canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    this.canvas.addEventListener("webglcontextrestored", () => this.prepare());
    this.prepare();
  }

  private prepare(): void {
    const gl = this.canvas.getContext("webgl2", { alpha: true, antialias: false, depth: false, premultipliedAlpha: true });
    this.gl = gl;
    this.tier = null;
    this.stale = true;
    if (!gl) return;
    const program = linkProgram(gl);
    this.program = program;
    for (const name of ["anchor_px", "world_px", "view_px", "now_s", "reach_px", "atlas", "colours", "paper", "size_px", "disc_px", "pixel"]) {
      this.uniforms[name] = gl.getUniformLocation(program, name);
    }
    const corners = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, corners);
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([-1, -1, 1, -1, -1, 1, 1, 1]), gl.STATIC_DRAW);
    this.attribute("corner", 2, 0, 0, 0);
    this.buffer = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    this.attribute("path", 4, FLOATS_PER_CAR, 0, 1);
    this.attribute("glide", 4, FLOATS_PER_CAR, 4, 1);
    this.attribute("look", 1, FLOATS_PER_CAR, 8, 1);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  private attribute(name: string, size: number, stride: number, offset: number, divisor: number): void {
    const gl = this.gl;
    if (!gl || !this.program) return;
    const at = gl.getAttribLocation(this.program, name);
    gl.enableVertexAttribArray(at);
    gl.vertexAttribPointer(at, size, gl.FLOAT, false, stride * 4, offset * 4);
    gl.vertexAttribDivisor(at, divisor);
  }

  /** The fleet or what hides a car has changed. */
  invalidate(): void {
    this.stale = true;
  }

  /** The theme has changed: colours are read again. */
  repaint(): void {
    this.tier = null;
  }

  draw(columns: FleetColumns, hidden: Uint8Array, view: CarView, now: number): void {
    const gl = this.gl;
    if (!gl || gl.isContextLost()) return;
    this.resize(view);
    this.chooseTier(view.zoom);
    const [ax, ay] = this.anchor;
    const middle = view.toScreen(ax, ay);
    const away = Math.hypot(middle.x - view.width / 2, middle.y - view.height / 2) / view.worldPx;
    if (this.stale || away > ANCHOR_REACH) this.upload(columns, hidden, view);
    const at = view.toScreen(this.anchor[0], this.anchor[1]);
    const u = this.uniforms;
    gl.uniform2f(u["anchor_px"] ?? null, at.x, at.y);
    gl.uniform1f(u["world_px"] ?? null, view.worldPx);
    gl.uniform2f(u["view_px"] ?? null, view.width, view.height);
    gl.uniform1f(u["now_s"] ?? null, (now - this.epoch) / 1000);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, columns.count);
  }

  private resize(view: CarView): void {
    const ratio = devicePixelRatio;
    const width = Math.round(view.width * ratio);
    const height = Math.round(view.height * ratio);
    if (this.canvas.width === width && this.canvas.height === height && this.ratio === ratio) return;
    this.canvas.width = width;
    this.canvas.height = height;
    if (this.ratio !== ratio) this.tier = null;
    this.ratio = ratio;
    this.gl?.viewport(0, 0, width, height);
  }

  private chooseTier(zoom: number): void {
    const gl = this.gl;
    const tier = tierOf(zoom);
    if (!gl || this.tier === tier) return;
    this.tier = tier;
    const atlas = drawAtlas(tier.size, this.ratio, tier.halo);
    gl.useProgram(this.program);
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, atlas);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
    gl.generateMipmap(gl.TEXTURE_2D);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR_MIPMAP_LINEAR);
    const u = this.uniforms;
    gl.uniform1i(u["atlas"] ?? null, 0);
    gl.uniform3fv(u["colours"] ?? null, STATUSES.flatMap((s) => rgb(token(s))));
    gl.uniform3fv(u["paper"] ?? null, rgb(token(tier.disc > 0 ? "raised" : "map-halo")));
    gl.uniform1f(u["size_px"] ?? null, tier.size);
    gl.uniform1f(u["disc_px"] ?? null, tier.disc);
    gl.uniform1f(u["pixel"] ?? null, 1 / this.ratio);
    gl.uniform1f(u["reach_px"] ?? null, tier.disc > 0 ? tier.disc + 1 : tier.size * 0.75);
  }

  private upload(columns: FleetColumns, hidden: Uint8Array, view: CarView): void {
    const gl = this.gl;
    if (!gl) return;
    this.stale = false;
    const corner = view.toScreen(0, 0);
    const ax = (view.width / 2 - corner.x) / view.worldPx;
    const ay = (view.height / 2 - corner.y) / view.worldPx;
    this.anchor = [ax, ay];
    if (this.data.length < columns.count * FLOATS_PER_CAR) this.data = new Float32Array(columns.status.length * FLOATS_PER_CAR);
    const data = this.data;
    for (let slot = 0, i = 0; slot < columns.count; slot++, i += FLOATS_PER_CAR) {
      const hide = hidden[slot] || !columns.located[slot] || !columns.shown[slot];
      const duration = columns.duration[slot] ?? 0;
      const heading = columns.fromHeading[slot] ?? 0;
      data[i] = (columns.fromX[slot] ?? 0) - ax;
      data[i + 1] = (columns.fromY[slot] ?? 0) - ay;
      data[i + 2] = (columns.toX[slot] ?? 0) - ax;
      data[i + 3] = (columns.toY[slot] ?? 0) - ay;
      data[i + 4] = ((columns.start[slot] ?? 0) - this.epoch) / 1000;
      data[i + 5] = duration > 0 ? 1000 / duration : 1e9;
      data[i + 6] = (heading * Math.PI) / 180;
      data[i + 7] = (turn(heading, columns.toHeading[slot] ?? 0) * Math.PI) / 180;
      data[i + 8] = (columns.status[slot] ?? 0) + (columns.stale[slot] ? 8 : 0) + (hide ? 16 : 0);
    }
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    gl.bufferData(gl.ARRAY_BUFFER, data.subarray(0, columns.count * FLOATS_PER_CAR), gl.DYNAMIC_DRAW);
  }

  destroy(): void {
    this.gl?.getExtension("WEBGL_lose_context")?.loseContext();
    this.canvas.remove();
  }
}

/** `#rrggbb` or `#rgb` (as a minifier writes it) as three numbers from 0 to 1. */
function rgb(hex: string): number[] {
  const digits = hex.length === 4 ? [...hex.slice(1)].map((d) => d + d).join("") : hex.slice(1);
  const n = Number.parseInt(digits, 16);
  return [(n >> 16) / 255, ((n >> 8) & 255) / 255, (n & 255) / 255];
}
