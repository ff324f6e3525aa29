import { STATUS_NAME, STATUSES } from "../fleet/status";
import { numberText } from "../format/number";
import type { Cluster } from "./clusters";

/** Cluster pills: real buttons, so that a keyboard and a screen reader reach them. */
export class Pills {
  readonly root = document.createElement("div");
  private shown: { cluster: Cluster; node: HTMLButtonElement }[] = [];
  private spare: HTMLButtonElement[] = [];

  constructor(private readonly onPick: (cluster: Cluster) => void) {
    this.root.className = "map-marks";
    this.root.dataset["testid"] = "clusters";
  }

  /** Shows these clusters and no others. */
  set(clusters: readonly Cluster[]): void {
    const focused = document.activeElement;
    this.spare.push(...this.shown.map((s) => s.node));
    this.shown = clusters.map((cluster) => ({ cluster, node: this.spare.pop() ?? this.create() }));
    for (const { cluster, node } of this.shown) this.fill(node, cluster);
    for (const node of this.spare) if (node !== focused) node.remove();
    this.spare = this.spare.filter((node) => node.isConnected);
    for (const node of this.spare) node.hidden = true;
  }

  private create(): HTMLButtonElement {
    const node = document.createElement("button");
    node.type = "button";
    node.className = "pill";
    const count = document.createElement("span");
    const bar = document.createElement("span");
    bar.className = "pill-bar";
    node.append(count, bar);
    node.addEventListener("click", () => {
      const mine = this.shown.find((s) => s.node === node);
      if (mine) this.onPick(mine.cluster);
    });
    this.root.append(node);
    return node;
  }

  private fill(node: HTMLButtonElement, cluster: Cluster): void {
    node.hidden = false;
    if (!node.isConnected) this.root.append(node);
    const print = cluster.counts.join();
    if (node.dataset["print"] === print) return;
    node.dataset["print"] = print;
    const total = cluster.slots.length;
    const parts = STATUSES.map((s, i) => ({ s, n: cluster.counts[i] ?? 0 })).filter((p) => p.n > 0);
    const [count, bar] = node.children;
    if (count) count.textContent = numberText(total, 0);
    node.setAttribute("aria-label", `${total} cars: ${parts.map((p) => `${p.n} ${STATUS_NAME[p.s].toLowerCase()}`).join(", ")}. Zoom in`);
    bar?.replaceChildren(
      ...parts.map((p) => {
        const part = document.createElement("i");
        part.style.flex = String(p.n);
        part.style.background = `var(--${p.s})`;
        return part;
      }),
    );
  }

  /** Puts every pill where its cluster is; those off the screen are not drawn. */
  place(toScreen: (x: number, y: number) => { x: number; y: number }, width: number, height: number): void {
    for (const { cluster, node } of this.shown) {
      const at = toScreen(cluster.x, cluster.y);
      const off = at.x < -40 || at.y < -40 || at.x > width + 40 || at.y > height + 40;
      node.style.visibility = off ? "hidden" : "visible";
      if (!off) node.style.transform = `translate(${at.x.toFixed(1)}px, ${at.y.toFixed(1)}px) translate(-50%, -50%)`;
    }
  }
}
