import type { Status } from "../api/types";
import { GLYPH } from "./glyphs";

const PAINT: Record<Status, string> = {
  driving: "fill-driving",
  charging: "fill-charging",
  parked: "fill-parked",
  asleep: "fill-asleep",
  offline: "fill-none stroke-offline stroke-2",
};

/** The shape of a state in its colour; the name stands beside it, so the shape itself is silent. */
export function Glyph({ status, heading = 0, className = "" }: { status: Status; heading?: number | null | undefined; className?: string }) {
  const turn = status === "driving" && heading !== null ? `rotate(${Math.round(heading)} 8 8)` : undefined;
  return (
    <svg className={`size-4 ${PAINT[status]} ${className}`} viewBox="0 0 16 16" aria-hidden="true">
      <path d={GLYPH[status]} transform={turn} />
    </svg>
  );
}

/** Severity: a diamond for a look, a triangle for a hand. */
export function Severity({ level, className = "" }: { level: "warn" | "alert" | "info"; className?: string }) {
  if (level === "info") {
    return (
      <svg className={`size-4 fill-none stroke-ink-3 ${className}`} viewBox="0 0 16 16" strokeWidth="1.6" aria-hidden="true">
        <circle cx="8" cy="8" r="6" />
        <path d="M8 7.2v4M8 4.6v.6" />
      </svg>
    );
  }
  const paint = level === "alert" ? "fill-alert stroke-alert" : "fill-warn stroke-warn";
  return (
    <svg className={`size-4 ${paint} ${className}`} viewBox="0 0 16 16" strokeLinejoin="round" strokeWidth="1.2" aria-hidden="true">
      <path d={level === "alert" ? "M8 2.2 14.4 13.4H1.6Z" : "M8 1.6 14.4 8 8 14.4 1.6 8Z"} />
      <path className="fill-panel" stroke="none" d={level === "alert" ? "M7.2 5.8h1.6v4H7.2zM7.2 10.9h1.6v1.5H7.2z" : "M7.2 4.8h1.6v3.9H7.2zM7.2 9.8h1.6v1.5H7.2z"} />
    </svg>
  );
}

/** The sign of the application: three cars in a column, each paler than the one before. */
export function Mark({ className = "size-7" }: { className?: string }) {
  return (
    <svg className={className} viewBox="0 0 32 32" fill="currentColor" aria-hidden="true">
      <g transform="rotate(45 16 16)">
        <path d="M16 0 25.5 17.5 16 13.4 6.5 17.5Z" />
        <path opacity=".58" d="M6.5 21.6 16 17.5 25.5 21.6V24.6L16 20.5 6.5 24.6Z" />
        <path opacity=".3" d="M6.5 28.6 16 24.5 25.5 28.6V31.6L16 27.5 6.5 31.6Z" />
      </g>
    </svg>
  );
}
