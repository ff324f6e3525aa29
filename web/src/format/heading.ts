const POINTS = ["north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west"] as const;

/** The nearest of eight compass points for a heading in degrees clockwise from north. */
export function compassPoint(heading_deg: number): string {
  const index = Math.round((((heading_deg % 360) + 360) % 360) / 45) % 8;
  return POINTS[index] ?? "north";
}
