// Grows the streets into areas: built-up ground, and the wider land under the city.
import { contours } from "d3-contour";

const CELL_M = 12;
const METRES_PER_DEGREE = 111_320;
/** Rings smaller than this are specks between streets, not parks. */
const LEAST_RING_CELLS = 60;

/**
 * A field of distances to the nearest street, capped at `reach_m`.
 * @param {number[][][]} lines degrees
 * @param {number[]} bounds west, south, east, north in degrees
 */
export function streetField(lines, bounds, reach_m) {
  const squeeze = Math.cos((((bounds[1] + bounds[3]) / 2) * Math.PI) / 180);
  const degX = CELL_M / (METRES_PER_DEGREE * squeeze);
  const degY = CELL_M / METRES_PER_DEGREE;
  const margin = Math.ceil(reach_m / CELL_M) + 2;
  const west = bounds[0] - margin * degX;
  const north = bounds[3] + margin * degY;
  const width = Math.ceil((bounds[2] - bounds[0]) / degX) + 2 * margin;
  const height = Math.ceil((bounds[3] - bounds[1]) / degY) + 2 * margin;
  const reach = reach_m / CELL_M;
  const squares = new Float32Array(width * height).fill(reach * reach);
  const cell = ([lon, lat]) => [(lon - west) / degX - 0.5, (north - lat) / degY - 0.5];
  for (const line of lines) {
    const points = line.map(cell);
    for (let i = 1; i < points.length; i++) stamp(squares, width, height, points[i - 1], points[i], reach);
  }
  const degrees = ([x, y]) => [west + x * degX, north - y * degY];
  return { width, height, distance_m: squares.map((s) => Math.sqrt(s) * CELL_M), degrees };
}

function stamp(squares, width, height, a, b, reach) {
  const [x0, x1] = [Math.min(a[0], b[0]) - reach, Math.max(a[0], b[0]) + reach];
  const [y0, y1] = [Math.min(a[1], b[1]) - reach, Math.max(a[1], b[1]) + reach];
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const length = dx * dx + dy * dy || 1;
  for (let y = Math.max(0, Math.ceil(y0)); y <= Math.min(height - 1, y1); y++) {
    for (let x = Math.max(0, Math.ceil(x0)); x <= Math.min(width - 1, x1); x++) {
      const t = Math.max(0, Math.min(1, ((x - a[0]) * dx + (y - a[1]) * dy) / length));
      const [ex, ey] = [x - a[0] - t * dx, y - a[1] - t * dy];
      const square = ex * ex + ey * ey;
      if (square < squares[y * width + x]) squares[y * width + x] = square;
    }
  }
}

/** Everything closer than `metres` to a street, as polygons in degrees. */
export function grown(field, metres) {
  const values = Array.from(field.distance_m, (d) => -d);
  const [area] = contours().size([field.width, field.height]).thresholds([-metres])(values);
  return area.coordinates
    .map((rings) => rings.filter((ring) => cells(ring) > LEAST_RING_CELLS).map((ring) => thin(ring).map(field.degrees)))
    .filter((rings) => rings.length > 0);
}

function cells(ring) {
  let sum = 0;
  for (let i = 1; i < ring.length; i++) sum += ring[i - 1][0] * ring[i][1] - ring[i][0] * ring[i - 1][1];
  return Math.abs(sum / 2);
}

/** Keeps every third point of a contour: the steps of the grid disappear, the shape stays. */
function thin(ring) {
  if (ring.length < 16) return ring;
  const kept = ring.filter((_, i) => i % 3 === 0);
  const [first, last] = [kept[0], kept.at(-1)];
  if (first[0] !== last[0] || first[1] !== last[1]) kept.push(first);
  return kept;
}
