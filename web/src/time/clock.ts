// The server's clock as seen from here. Ages are told by it, so that a laptop whose clock is wrong still tells the truth.

let offset_ms = 0;
let known = false;

/** Learns from the time a message carries. A smaller delay means a better guess, so the largest offset wins slowly. */
export function learnServerTime(at: string | null): void {
  const sent = at ? Date.parse(at) : Number.NaN;
  if (!Number.isFinite(sent)) return;
  const seen = sent - Date.now();
  offset_ms = known ? Math.max(seen, offset_ms + (seen - offset_ms) * 0.02) : seen;
  known = true;
}

/** Milliseconds since 1970 by the server's clock. */
export function serverNow(): number {
  return Date.now() + offset_ms;
}
