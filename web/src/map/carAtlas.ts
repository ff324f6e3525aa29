import { STATUSES } from "../fleet/status";
import { GLYPH } from "../ui/glyphs";

/** A cell shows 24 units: the glyph's box of 16 and room for its halo. */
export const CELL_UNITS = 24;
/** Drawn twice as fine as shown, so that a turned shape stays sharp. */
const FINENESS = 2;
const OFFLINE = STATUSES.length - 1;

/**
 * Draws the state shapes in a row. Red is the shape, green the shape with its halo.
 * @param size css pixels of the glyph's box of 16
 * @param ratio device pixels in a css pixel
 * @param halo css pixels of the halo's stroke
 */
export function drawAtlas(size: number, ratio: number, halo: number): HTMLCanvasElement {
  const unit = (size / 16) * ratio * FINENESS;
  const cell = Math.ceil(CELL_UNITS * unit);
  const canvas = document.createElement("canvas");
  canvas.width = cell * STATUSES.length;
  canvas.height = cell;
  const pen = canvas.getContext("2d", { willReadFrequently: false });
  if (!pen) return canvas;
  pen.globalCompositeOperation = "lighter";
  pen.lineJoin = "round";
  STATUSES.forEach((status, i) => {
    const path = new Path2D(GLYPH[status]);
    pen.setTransform(unit, 0, 0, unit, i * cell + 4 * unit, 4 * unit);
    const ring = i === OFFLINE;
    pen.strokeStyle = "#0f0";
    pen.fillStyle = "#0f0";
    pen.lineWidth = (halo / size) * 16 + (ring ? 2.4 : 0);
    if (!ring) pen.fill(path);
    pen.stroke(path);
    pen.strokeStyle = "#f00";
    pen.fillStyle = "#f00";
    if (ring) {
      pen.lineWidth = 2.4;
      pen.stroke(path);
    } else {
      pen.fill(path);
    }
  });
  return canvas;
}
