import type { Status } from "../api/types";

/** State shapes in a box of 16: one source for the lists (SVG) and the map (drawn into a texture). */
export const GLYPH: Record<Status, string> = {
  driving: "M8 1.2 13.4 14 8 10.9 2.6 14Z",
  charging: "M9.3 .8 2.9 9.1h4.3l-.7 6.1 6.6-8.5H8.7Z",
  parked: "M5.4 3h5.2A2.4 2.4 0 0 1 13 5.4v5.2a2.4 2.4 0 0 1-2.4 2.4H5.4A2.4 2.4 0 0 1 3 10.6V5.4A2.4 2.4 0 0 1 5.4 3Z",
  asleep: "M6.2 2.2a6 6 0 1 0 7.6 7.9A5.2 5.2 0 0 1 6.2 2.2Z",
  offline: "M3.4 8a4.6 4.6 0 1 0 9.2 0a4.6 4.6 0 1 0-9.2 0Z",
};
