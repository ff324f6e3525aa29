import type { ExpressionSpecification, LayerSpecification, StyleSpecification } from "maplibre-gl";
import { token } from "../theme/theme";

// No glyph files: without a `glyphs` address MapLibre draws letters from the fonts of this machine.
const FACE = ["Inter", "system-ui", "Segoe UI", "Roboto", "Noto Sans", "Liberation Sans", "sans-serif"];
/** The first name carries weight and slope, which MapLibre reads from it; the family itself comes second. */
const face = (style: string) => (style ? [`Inter ${style}`, ...FACE] : FACE);

/** Width at zoom 11 to 16; below and above it goes on by the same law. */
function width(steps: readonly number[], more = 0): ExpressionSpecification {
  const stops = steps.flatMap((w, i) => [11 + i, w + more]);
  return ["interpolate", ["exponential", 1.6], ["zoom"], 7, 0.3 + more / 2, ...stops] as ExpressionSpecification;
}

const ROAD_WIDTH: Record<number, readonly number[]> = {
  1: [0.4, 0.7, 1.5, 3.2, 6, 10],
  2: [0.8, 1.3, 2.5, 4.6, 8, 13],
  3: [1.2, 2, 3.6, 6.2, 10, 16],
  4: [1.6, 2.6, 4.2, 7, 12, 19],
};
const LINK_WIDTH = [0.9, 1.4, 2.4, 4.2, 7, 11];
/** Casings cost frames: only motorways have one before this zoom. */
const CASING_FROM = 13.2;

function road(id: number, link: 0 | 1, casing: boolean): LayerSpecification {
  const steps = link === 1 && id >= 3 ? LINK_WIDTH : (ROAD_WIDTH[id] ?? LINK_WIDTH);
  return {
    id: `road-${id}-${link}${casing ? "-casing" : ""}`,
    type: "line",
    source: "city",
    "source-layer": "road",
    minzoom: casing && id < 4 ? CASING_FROM : id === 1 ? 12 : 8,
    filter: ["all", ["==", ["get", "road"], id], ["==", ["get", "link"], link]],
    layout: { "line-join": "round", "line-cap": casing ? "butt" : "round" },
    paint: { "line-color": token(casing ? "map-casing" : `map-road-${id}`), "line-width": width(steps, casing ? 1.6 : 0) },
  };
}

function fill(id: string, source: string, color: string, layer = id): LayerSpecification {
  return { id: `${source}-${id}`, type: "fill", source, "source-layer": layer, paint: { "fill-color": token(color), "fill-antialias": true } };
}

const halo = (px: number) => ({ "text-halo-color": token("map-halo"), "text-halo-width": px / 2 });

function names(): LayerSpecification[] {
  const street = (id: string, filter: ExpressionSpecification, minzoom: number): LayerSpecification => ({
    id,
    type: "symbol",
    source: "city",
    "source-layer": "road",
    minzoom,
    filter,
    layout: {
      "symbol-placement": "line",
      "symbol-spacing": 420,
      "text-field": ["get", "name"],
      "text-font": face(""),
      "text-size": 11,
      "text-letter-spacing": 0.01,
      "text-padding": 6,
      "text-max-angle": 30,
    },
    paint: { "text-color": token("map-label-2"), ...halo(3) },
  });
  return [
    street("street-small", ["all", ["<=", ["get", "road"], 1], ["==", ["get", "link"], 0], ["!=", ["get", "name"], ""]], 14),
    street("street-middle", ["all", ["==", ["get", "road"], 2], ["==", ["get", "link"], 0], ["!=", ["get", "name"], ""]], 13),
    street("street-large", ["all", [">=", ["get", "road"], 3], ["==", ["get", "link"], 0], ["!=", ["get", "name"], ""]], 12),
    {
      id: "river-name",
      type: "symbol",
      source: "city",
      "source-layer": "river_name",
      layout: { "symbol-placement": "line", "symbol-spacing": 600, "text-field": ["get", "name"], "text-font": face("Italic"), "text-size": 12, "text-letter-spacing": 0.1 },
      paint: { "text-color": token("map-water-label") },
    },
    {
      id: "shield",
      type: "symbol",
      source: "city",
      "source-layer": "road",
      minzoom: 10,
      filter: ["all", [">=", ["get", "road"], 3], ["==", ["get", "link"], 0], ["!=", ["get", "ref"], ""], ["<=", ["length", ["get", "ref"]], 5]],
      layout: {
        "symbol-placement": "line",
        "symbol-spacing": 480,
        "text-field": ["get", "ref"],
        "text-font": face("Bold"),
        "text-size": 10,
        "text-rotation-alignment": "viewport",
        "icon-rotation-alignment": "viewport",
        "icon-image": "shield",
        "icon-text-fit": "both",
        "icon-text-fit-padding": [1, 4, 1, 4],
        "text-padding": 20,
      },
      paint: { "text-color": token("map-label") },
    },
    {
      id: "district",
      type: "symbol",
      source: "city",
      "source-layer": "name",
      minzoom: 11,
      layout: {
        "text-field": ["get", "name"],
        "text-font": ["case", ["==", ["get", "kind"], "park"], ["literal", face("Italic")], ["literal", face("Medium")]],
        "text-size": ["step", ["zoom"], ["case", ["==", ["get", "kind"], "park"], 11, 12], 13, ["case", ["==", ["get", "kind"], "park"], 11, 13]],
        "text-padding": 12,
        "text-max-width": 7,
      },
      paint: { "text-color": ["case", ["==", ["get", "kind"], "park"], token("map-label-2"), token("map-label")], ...halo(3) },
    },
  ];
}

function worldNames(): LayerSpecification[] {
  return [
    {
      id: "place",
      type: "symbol",
      source: "world",
      "source-layer": "place",
      maxzoom: 11,
      filter: ["<=", ["get", "from"], ["+", ["zoom"], 0.4]],
      layout: {
        "text-field": ["get", "name"],
        "text-font": face("Medium"),
        "text-size": ["interpolate", ["linear"], ["get", "rank"], 0, 13, 400, 12, 4000, 11],
        "symbol-sort-key": ["get", "rank"],
        "text-padding": 8,
        "text-max-width": 8,
      },
      paint: { "text-color": token("map-label"), ...halo(3) },
    },
    {
      id: "country",
      type: "symbol",
      source: "world",
      "source-layer": "country",
      minzoom: 1.5,
      maxzoom: 7,
      filter: ["<=", ["get", "from"], ["+", ["zoom"], 0.4]],
      layout: {
        "text-field": ["get", "name"],
        "text-font": face(""),
        "text-size": 12,
        "text-letter-spacing": 0.08,
        "text-max-width": 7,
        "text-padding": 10,
        "symbol-sort-key": ["-", ["get", "size"]],
      },
      paint: { "text-color": token("map-label-2"), ...halo(3) },
    },
  ];
}

/** The offline style in the colours of the current theme: whole world to zoom 6, the simulator's city to every zoom. */
export function offlineStyle(cityBounds: [number, number, number, number]): StyleSpecification {
  const line = (id: string, color: string, px: ExpressionSpecification | number, dash?: number[]): LayerSpecification => ({
    id: `world-${id}`,
    type: "line",
    source: "world",
    "source-layer": id,
    paint: { "line-color": token(color), "line-width": px, ...(dash ? { "line-dasharray": dash } : {}) },
  });
  return {
    version: 8,
    name: "Motorcade offline",
    sources: {
      world: { type: "vector", tiles: ["motorcade://world/{z}/{x}/{y}"], maxzoom: 6 },
      city: { type: "vector", tiles: ["motorcade://city/{z}/{x}/{y}"], minzoom: 8, maxzoom: 14, bounds: cityBounds },
    },
    layers: [
      { id: "sea", type: "background", paint: { "background-color": token("map-water") } },
      fill("land", "world", "map-land"),
      fill("lake", "world", "map-water"),
      { ...line("river", "map-water", ["interpolate", ["linear"], ["zoom"], 3, 0.4, 8, 2]), maxzoom: 9 } as LayerSpecification,
      line("province", "map-casing", 0.6, [3, 3]),
      line("border", "map-casing", ["interpolate", ["linear"], ["zoom"], 2, 0.8, 8, 1.6]),
      fill("ground", "city", "map-land"),
      fill("built", "city", "map-built"),
      fill("water", "city", "map-water"),
      { id: "canal", type: "line", source: "city", "source-layer": "canal", paint: { "line-color": token("map-water"), "line-width": width([1.2, 2, 3.6, 6.2, 10, 16]) } },
      ...[1, 2, 3, 4].flatMap((id) => [road(id, 1, true), road(id, 0, true)]),
      ...[1, 2, 3, 4].flatMap((id) => [road(id, 1, false), road(id, 0, false)]),
      ...names(),
      ...worldNames(),
    ],
  };
}
