import type { Vehicle } from "../api/types";
import { GLYPH } from "../ui/glyphs";
import { createLabel, writeLabel } from "./labels";

const SVG = "http://www.w3.org/2000/svg";
/** A label nearer to the right edge than this stands on the other side. */
const FLIP_PX = 190;

/** The selected car: an ink disc with its shape in paper and an ink label, above everything on the map. */
export class Picked {
  readonly root = document.createElement("div");
  private readonly mark = document.createElement("div");
  private readonly label = createLabel();
  private readonly path = document.createElementNS(SVG, "path");

  constructor() {
    this.root.className = "map-marks";
    this.root.setAttribute("aria-hidden", "true");
    this.mark.className = "car-picked";
    this.mark.dataset["testid"] = "picked-car";
    const disc = document.createElement("div");
    disc.className = "disc";
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", "0 0 16 16");
    svg.append(this.path);
    this.mark.append(disc, svg, this.label);
    this.mark.style.display = "none";
    this.root.append(this.mark);
  }

  hide(): void {
    this.mark.style.display = "none";
  }

  show(vehicle: Vehicle, heading: number, x: number, y: number, rightEdge: number): void {
    this.mark.style.display = "";
    this.mark.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
    this.mark.classList.toggle("flip", x > rightEdge - FLIP_PX);
    if (this.path.dataset["status"] !== vehicle.status) {
      this.path.dataset["status"] = vehicle.status;
      this.path.setAttribute("d", GLYPH[vehicle.status]);
      const ring = vehicle.status === "offline";
      this.path.style.fill = ring ? "none" : "";
      this.path.style.stroke = ring ? "var(--on-ink)" : "";
      this.path.style.strokeWidth = ring ? "2" : "";
    }
    this.path.setAttribute("transform", vehicle.status === "driving" ? `rotate(${heading.toFixed(0)} 8 8)` : "");
    writeLabel(this.label, vehicle);
  }
}
