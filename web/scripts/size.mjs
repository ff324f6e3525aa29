// Holds the budgets of the first screen, gzipped: fails when a change makes the application heavy.
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const dist = new URL("../dist/", import.meta.url);
const KB = 1000;
const BUDGET = { entry: 150 * KB, first: 350 * KB, map: 450 * KB };

const size = (path) => gzipSync(readFileSync(new URL(path, dist)), { level: 9 }).length;
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8"));

/** Files of a chunk and of everything it imports at once. */
function closure(key, files = new Set()) {
  const chunk = manifest[key];
  if (files.has(chunk.file)) return files;
  files.add(chunk.file);
  for (const css of chunk.css ?? []) files.add(css);
  for (const next of chunk.imports ?? []) closure(next, files);
  return files;
}

const sum = (files) => [...files].reduce((total, file) => total + size(file), 0);
const entry = closure("index.html");
const first = new Set([...entry, ...closure("src/app/LivePage.tsx"), "index.html", "theme.js"]);
const worker = readdirSync(new URL("assets/", dist)).filter((name) => /worker.*\.mjs$/.test(name));
const map = new Set([...closure("src/map/MapStage.tsx"), ...worker.map((name) => `assets/${name}`)].filter((file) => !first.has(file)));

const measured = { entry: sum([...entry].filter((file) => file.endsWith(".js"))), first: sum(first), map: sum(map) };
let over = false;
for (const [part, bytes] of Object.entries(measured)) {
  const bad = bytes > BUDGET[part];
  over ||= bad;
  console.log(`${bad ? "over " : "ok   "}${part.padEnd(6)}${(bytes / KB).toFixed(1)} kB of ${BUDGET[part] / KB} kB`);
}
process.exitCode = over ? 1 : 0;
