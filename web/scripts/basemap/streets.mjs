// A small street directory: the nearest named street for every cell of a grid, so that a position gets a name offline.

const CELL_M = 50;
const REACH_M = 140;
const METRES_PER_DEGREE = 111_320;

/**
 * @param {{edges:object[],bounds:number[]}} roads
 * @returns {{west:number,south:number,step_lon:number,step_lat:number,columns:number,rows:number,names:string[],cells:string}}
 *   `cells` is base64 of little-endian uint16, row by row from the south; 0 means no street near.
 */
export function streetDirectory({ edges, bounds }) {
  const squeeze = Math.cos((((bounds[1] + bounds[3]) / 2) * Math.PI) / 180);
  const stepLon = CELL_M / (METRES_PER_DEGREE * squeeze);
  const stepLat = CELL_M / METRES_PER_DEGREE;
  const columns = Math.ceil((bounds[2] - bounds[0]) / stepLon);
  const rows = Math.ceil((bounds[3] - bounds[1]) / stepLat);
  const names = [""];
  const number = new Map();
  const cells = new Uint16Array(columns * rows);
  const best = new Float32Array(columns * rows).fill(REACH_M);
  const reach = Math.ceil(REACH_M / CELL_M);
  for (const edge of edges) {
    const name = edge.name.split(";")[0] || edge.ref.split(";")[0].trim();
    if (!name) continue;
    if (!number.has(name)) number.set(name, names.push(name) - 1);
    for (const [x, y] of samples(edge.line, bounds, stepLon, stepLat)) {
      for (let row = Math.floor(y) - reach; row <= Math.floor(y) + reach; row++) {
        for (let column = Math.floor(x) - reach; column <= Math.floor(x) + reach; column++) {
          if (row < 0 || column < 0 || row >= rows || column >= columns) continue;
          const metres = Math.hypot(column + 0.5 - x, row + 0.5 - y) * CELL_M;
          const at = row * columns + column;
          if (metres < best[at]) {
            best[at] = metres;
            cells[at] = number.get(name);
          }
        }
      }
    }
  }
  const bytes = Buffer.from(cells.buffer).toString("base64");
  return { west: bounds[0], south: bounds[1], step_lon: stepLon, step_lat: stepLat, columns, rows, names, cells: bytes };
}

/** Points along a line in cell units, no two farther apart than half a cell. */
function* samples(line, bounds, stepLon, stepLat) {
  const cell = ([lon, lat]) => [(lon - bounds[0]) / stepLon, (lat - bounds[1]) / stepLat];
  for (let i = 1; i < line.length; i++) {
    const [a, b] = [cell(line[i - 1]), cell(line[i])];
    const steps = Math.max(1, Math.ceil(Math.hypot(b[0] - a[0], b[1] - a[1]) * 2));
    for (let s = 0; s <= steps; s++) yield [a[0] + ((b[0] - a[0]) * s) / steps, a[1] + ((b[1] - a[1]) * s) / steps];
  }
}
