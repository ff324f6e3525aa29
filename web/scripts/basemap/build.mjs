// Builds the offline base map into src/map/basemap/: world.pmtiles, city.pmtiles and streets.json.
// Nothing is downloaded: every source is an npm package of this folder or the simulator's road file.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { packTiles } from "./archive.mjs";
import { cityTiles } from "./city.mjs";
import { readRoads } from "./roads.mjs";
import { streetDirectory } from "./streets.mjs";
import { worldTiles } from "./world.mjs";

const root = new URL("../../", import.meta.url);
const out = new URL("src/map/basemap/", root);
const roadFile = new URL("../src/motorcade/simulator/roads/gothenburg.roads.json", root);
const results = ["world.pmtiles", "city.pmtiles", "streets.json"];

/** Changes when a source or one of these scripts changes. */
function fingerprint() {
  const hash = createHash("sha256");
  const here = new URL("./", import.meta.url);
  for (const name of readdirSync(here).sort()) hash.update(name).update(readFileSync(new URL(name, here)));
  hash.update(readFileSync(roadFile)).update(readFileSync(new URL("package.json", root)));
  return hash.digest("hex");
}

function main() {
  const stamp = new URL("stamp.txt", out);
  const print = fingerprint();
  const present = results.every((name) => existsSync(new URL(name, out)));
  if (present && existsSync(stamp) && readFileSync(stamp, "utf8") === print) return console.log("base map: up to date");
  const started = Date.now();
  mkdirSync(out, { recursive: true });
  const roads = readRoads(roadFile);
  const world = worldTiles();
  const city = cityTiles(roads);
  const write = (name, bytes) => {
    writeFileSync(new URL(name, out), bytes);
    console.log(`base map: ${name} ${(bytes.length / 1024).toFixed(0)} KiB`);
  };
  write("world.pmtiles", packTiles(world.tiles, { ...world, metadata: { name: "world", attribution: "Natural Earth · GeoNames" } }));
  write("city.pmtiles", packTiles(city.tiles, { ...city, metadata: { name: "city", attribution: "© OpenStreetMap contributors" } }));
  write("streets.json", Buffer.from(JSON.stringify(streetDirectory(roads))));
  writeFileSync(stamp, print);
  console.log(`base map: ${world.tiles.length} + ${city.tiles.length} tiles in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

main();
