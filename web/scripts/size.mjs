// Holds the budgets of the first screen, gzipped: fails when a change makes the application heavy.
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const dist = new URL("../dist/", import.meta.url);
const KB = 1000;
const BUDGET = { entry: 150 * KB, first: 350 * KB, map: 450 * KB };

const size = (path) => gzipSync(readFileSync(new URL(path, dist)), { level: 9 }).length;
const html = readFileSync(new URL("index.html", dist), "utf8");
const named = [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map((m) => m[1]);
const entry = named.filter((p) => p.endsWith(".js")).reduce((sum, p) => sum + size(p), 0);
const first = named.reduce((sum, p) => sum + size(p), 0) + size("index.html") + size("theme.js");
const map = readdirSync(new URL("assets/", dist))
  .filter((name) => /\.m?js$/.test(name) && !named.includes(`assets/${name}`))
  .reduce((sum, name) => sum + size(`assets/${name}`), 0);

const measured = { entry, first, map };
let over = false;
for (const [part, bytes] of Object.entries(measured)) {
  const bad = bytes > BUDGET[part];
  over ||= bad;
  console.log(`${bad ? "over " : "ok   "}${part.padEnd(6)}${(bytes / KB).toFixed(1)} kB of ${BUDGET[part] / KB} kB`);
}
process.exitCode = over ? 1 : 0;
