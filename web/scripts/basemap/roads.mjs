// Reads the simulator's street network (OpenStreetMap contributors, ODbL) and joins its edges into whole streets.
import { readFileSync } from "node:fs";

/** Drawing class by road class: 1 residential, 2 tertiary, 3 primary and secondary, 4 motorway and trunk. */
const CLASS = { motorway: 4, trunk: 4, primary: 3, secondary: 3, tertiary: 2, residential: 1, unclassified: 1, living_street: 1 };

function undelta(flat, x0 = 0, y0 = 0) {
  const out = [];
  let x = x0;
  let y = y0;
  for (let i = 0; i < flat.length; i += 2) {
    x += flat[i];
    y += flat[i + 1];
    out.push([x, y]);
  }
  return out;
}

/**
 * The street edges, points in degrees.
 * @returns {{edges:{from:number,to:number,road:number,link:number,name:string,ref:string,line:number[][]}[],bounds:number[]}}
 */
export function readRoads(path) {
  const data = JSON.parse(readFileSync(path, "utf8"));
  const nodes = undelta(data.nodes);
  const edges = data.edges.map(([from, to, cls, name, ref, , , , inner]) => {
    const kind = data.classes[cls];
    const link = kind.endsWith("_link") ? 1 : 0;
    // Inner points are offsets from the first node, each from the one before.
    const points = [nodes[from], ...undelta(inner ?? [], ...nodes[from]), nodes[to]];
    const line = points.map(([x, y]) => [x / 1e5, y / 1e5]);
    return { from, to, road: CLASS[kind.replace("_link", "")], link, name: data.names[name], ref: data.names[ref], line };
  });
  const lon = nodes.map((n) => n[0] / 1e5);
  const lat = nodes.map((n) => n[1] / 1e5);
  const bounds = [lon.reduce((a, b) => Math.min(a, b)), lat.reduce((a, b) => Math.min(a, b)), lon.reduce((a, b) => Math.max(a, b)), lat.reduce((a, b) => Math.max(a, b))];
  return { edges, bounds };
}

/** Chains edges that share class, name and number: long lines carry long names and cost fewer features. */
export function joinStreets(edges) {
  const groups = new Map();
  for (const edge of edges) {
    const key = `${edge.road}|${edge.link}|${edge.name}|${edge.ref}`;
    const list = groups.get(key);
    if (list) list.push(edge);
    else groups.set(key, [edge]);
  }
  return [...groups.values()].flatMap((group) => chains(group));
}

function chains(group) {
  const at = new Map();
  const touch = (node, edge) => at.set(node, [...(at.get(node) ?? []), edge]);
  for (const edge of group) {
    touch(edge.from, edge);
    touch(edge.to, edge);
  }
  const used = new Set();
  const out = [];
  for (const seed of group) {
    if (used.has(seed)) continue;
    used.add(seed);
    let line = [...seed.line];
    let [head, tail] = [seed.from, seed.to];
    for (let next = free(at, tail, used); next; next = free(at, tail, used)) {
      used.add(next);
      const forward = next.from === tail;
      line = line.concat((forward ? next.line : [...next.line].reverse()).slice(1));
      tail = forward ? next.to : next.from;
    }
    for (let next = free(at, head, used); next; next = free(at, head, used)) {
      used.add(next);
      const forward = next.to === head;
      line = (forward ? next.line : [...next.line].reverse()).slice(0, -1).concat(line);
      head = forward ? next.from : next.to;
    }
    out.push({ ...seed, line });
  }
  return out;
}

/** The one unused continuation at a node, or nothing where the street forks. */
function free(at, node, used) {
  const open = at.get(node).filter((edge) => !used.has(edge));
  return open.length === 1 ? open[0] : undefined;
}
