// The simulator's city at zoom 8 to 14: ground, built-up area, water, streets and names.
import { readFileSync } from "node:fs";
import { grown, streetField } from "./ground.mjs";
import { joinStreets } from "./roads.mjs";
import { cutZoom, feature } from "./tiles.mjs";

const BUILT_UP_M = 85;
// Land under the whole city, so that the world's coarse coast (1:10m) does not cut through its streets.
const LAND_M = 1800;
const MIN_ZOOM = 8;
const MAX_ZOOM = 14;
/** First zoom at which each drawing class is carried, and at which its names are. */
const ROAD_FROM = { 4: 8, 3: 9, 2: 10, 1: 12 };

function shape() {
  return JSON.parse(readFileSync(new URL("./gothenburg.geo.json", import.meta.url), "utf8"));
}

function streets(edges) {
  return joinStreets(edges).map((street) =>
    feature("LineString", street.line, {
      road: street.road,
      link: street.link,
      name: street.name.split(";")[0],
      ref: street.ref.split(";")[0].trim(),
    }),
  );
}

/** Every tile of the city archive. */
export function cityTiles({ edges, bounds }) {
  const hand = shape();
  const lines = edges.map((e) => e.line);
  const built = grown(streetField(lines, bounds, BUILT_UP_M + 40), BUILT_UP_M).map((p) => feature("Polygon", p));
  const coarse = edges.filter((e) => e.road >= 2).map((e) => e.line);
  const ground = grown(streetField(coarse, bounds, LAND_M + 60), LAND_M).map((p) => feature("Polygon", [p[0]]));
  const roads = streets(edges);
  const names = [
    ...hand.districts.map(([name, lon, lat]) => feature("Point", [lon, lat], { name, kind: "district" })),
    ...hand.parks.map(([name, lon, lat]) => feature("Point", [lon, lat], { name, kind: "park" })),
  ];
  const water = [feature("Polygon", [[...hand.river, hand.river[0]]])];
  const canals = hand.canals.map((line) => feature("LineString", line));
  const riverName = [feature("LineString", hand.river_line.line, { name: hand.river_line.name })];
  // The river runs on beyond the last street.
  const area = [bounds[0] - 0.06, bounds[1] - 0.03, bounds[2] + 0.06, bounds[3] + 0.1];
  const tiles = [];
  for (let z = MIN_ZOOM; z <= MAX_ZOOM; z++) {
    const layers = {
      ground,
      built,
      water,
      canal: z >= 12 ? canals : [],
      road: roads.filter((f) => z >= ROAD_FROM[f.properties.road] && (z >= 11 || f.properties.link === 0)),
      name: z >= 10 ? names : [],
      river_name: z >= 10 ? riverName : [],
    };
    tiles.push(...cutZoom(z, layers, area, z >= 13 ? 1 : 2));
  }
  return { tiles, bounds: area, center: [(area[0] + area[2]) / 2, (area[1] + area[3]) / 2, 12] };
}
