// Cuts GeoJSON layers into vector tiles.
import { GeoJSONVT } from "@maplibre/geojson-vt";
import { fromGeojsonVt } from "@maplibre/vt-pbf";

/** One GeoJSON feature with plain properties. */
export function feature(type, coordinates, properties = {}) {
  return { type: "Feature", properties, geometry: { type, coordinates } };
}

export const lonToX = (lon) => (lon + 180) / 360;
export const latToY = (lat) => {
  const s = Math.sin((lat * Math.PI) / 180);
  return 0.5 - Math.log((1 + s) / (1 - s)) / (4 * Math.PI);
};

/**
 * Cuts one zoom level.
 * @param {number} z zoom
 * @param {Record<string, object[]>} layers features by layer name
 * @param {number[]} bounds west, south, east, north in degrees
 * @param {number} tolerance simplification in tile units; 0 keeps every point
 */
export function cutZoom(z, layers, bounds, tolerance) {
  const indexes = Object.entries(layers)
    .filter(([, features]) => features.length > 0)
    .map(([name, features]) => {
      const index = new GeoJSONVT(
        { type: "FeatureCollection", features },
        // One zoom more than is cut: the library does not simplify at its last zoom.
        { maxZoom: z + 1, indexMaxZoom: z, indexMaxPoints: 0, tolerance, extent: 4096, buffer: 80 },
      );
      return [name, index];
    });
  const size = 2 ** z;
  const clamp = (v) => Math.max(0, Math.min(size - 1, Math.floor(v * size)));
  const tiles = [];
  for (let x = clamp(lonToX(bounds[0])); x <= clamp(lonToX(bounds[2])); x++) {
    for (let y = clamp(latToY(bounds[3])); y <= clamp(latToY(bounds[1])); y++) {
      const parts = {};
      for (const [name, index] of indexes) {
        const tile = index.getTile(z, x, y);
        if (tile && tile.features.length > 0) parts[name] = tile;
      }
      if (Object.keys(parts).length > 0) tiles.push({ z, x, y, data: fromGeojsonVt(parts, { version: 2, extent: 4096 }) });
    }
  }
  return tiles;
}
