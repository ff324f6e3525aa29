import { api, ApiError } from "../api/client";
import type { LiveSignals, LiveVehicles, Vehicle } from "../api/types";
import type { FleetStore } from "../fleet/store";
import { readStream, SignedOut, type StreamEvent } from "./stream";

/** How often the store is asked while the stream is away: what the banner promises. */
const POLL_EVERY_MS = 5_000;
/** Questions without an answer until the page calls itself offline: the first may meet a server that restarts. */
const OFFLINE_AFTER = 2;
/** Waits before the stream is tried again: at once for a passing hiccup, then gently. */
const RETRY_MS = [250, 1_000, 2_000, 4_000] as const;
/** A hidden page gives its connection back after this: browsers allow six to a host, and nobody looks. */
const HIDDEN_MS = 30_000;

export type LinkPhase = "connecting" | "live" | "polling" | "offline";

export interface LinkState {
  phase: LinkPhase;
  /** Last news by this machine's clock, 0 before the first. */
  news_ms: number;
  /** From a car's measurement to this page, in seconds; null when it is not known. */
  lag_s: number | null;
}

/**
 * Keeps a `FleetStore` true: by the event stream, by asking every 5 s while the stream is away, and back by itself.
 * One stream a page; a vehicle that is opened asks for its signals on the same stream.
 */
export class LiveLink {
  state: LinkState = { phase: "connecting", news_ms: 0, lag_s: null };

  private listeners = new Set<() => void>();
  private running: AbortController | null = null;
  private stream: AbortController | null = null;
  private lastId: string | null = null;
  private opened: string | null = null;
  private failures = 0;
  private unanswered = 0;
  private pollTimer: ReturnType<typeof setTimeout> | null = null;
  private hiddenTimer: ReturnType<typeof setTimeout> | null = null;
  private wake: (() => void) | null = null;

  constructor(
    private readonly store: FleetStore,
    private readonly onSignedOut: () => void,
  ) {}

  start(): void {
    if (this.running) return;
    this.running = new AbortController();
    document.addEventListener("visibilitychange", this.onVisibility);
    void this.run(this.running.signal);
  }

  /** Ends the stream and forgets where it was. */
  stop(): void {
    document.removeEventListener("visibilitychange", this.onVisibility);
    this.running?.abort();
    this.running = null;
    this.stream?.abort();
    this.stopPolling();
    this.wake?.();
    this.lastId = null;
    this.failures = 0;
    this.set({ phase: "connecting", news_ms: 0, lag_s: null });
  }

  /** Which vehicle's signals come too; the stream is opened anew and goes on where it was. */
  open(id: string | null): void {
    if (this.opened === id) return;
    this.opened = id;
    this.store.openSignals(id);
    this.stream?.abort();
  }

  /** Tries again now. */
  retry(): void {
    this.failures = 0;
    this.wake?.();
    if (this.state.phase !== "live") void this.poll();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  private set(part: Partial<LinkState>): void {
    this.state = { ...this.state, ...part };
    for (const listener of this.listeners) listener();
  }

  private async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const stream = new AbortController();
      this.stream = stream;
      const opened = this.opened;
      try {
        await readStream(this.url(), this.lastId, AbortSignal.any([signal, stream.signal]), (e) => this.take(e), () => this.beat());
      } catch (error) {
        if (error instanceof SignedOut) return this.signedOut();
      }
      if (signal.aborted) return;
      // Another vehicle was opened, or the page was hidden: no failure, only a new stream.
      if (opened !== this.opened) continue;
      if (document.hidden && stream.signal.aborted) {
        await this.pause(Number.POSITIVE_INFINITY);
        continue;
      }
      this.failed();
      await this.pause(RETRY_MS[Math.min(this.failures, RETRY_MS.length) - 1] ?? 0);
    }
  }

  private url(): string {
    const query = new URLSearchParams();
    if (this.opened) query.set("vehicle", this.opened);
    if (this.lastId) query.set("last_event_id", this.lastId);
    const text = query.toString();
    return text ? `/v1/live?${text}` : "/v1/live";
  }

  private failed(): void {
    this.failures += 1;
    // The first break is often a proxy's time limit; the banner waits for the second, a quarter of a second later.
    if (this.failures < 2 && this.state.phase === "live") return;
    if (this.state.phase === "live" || this.state.phase === "connecting") this.set({ phase: "polling", lag_s: null });
    if (this.pollTimer === null) void this.poll();
  }

  private take(event: StreamEvent): void {
    if (event.id) this.lastId = event.id;
    if (event.name === "reset") {
      // What is shown stays until the snapshot that follows.
      this.lastId = null;
      return;
    }
    if (event.name === "signals") {
      const message = JSON.parse(event.data) as LiveSignals;
      this.store.mergeSignals(message.vehicle_id, message.signals);
      return;
    }
    if (event.name !== "snapshot" && event.name !== "change") return;
    const message = JSON.parse(event.data) as LiveVehicles;
    if (event.name === "snapshot") this.store.replaceAll(message.vehicles, message.at);
    else this.store.merge(message.vehicles, message.at);
    const lag = event.name === "change" ? lagOf(message) : null;
    if (lag !== null) {
      const before = this.state.lag_s;
      this.state = { ...this.state, lag_s: before === null ? lag : before + (lag - before) * 0.2 };
    }
  }

  private beat(): void {
    this.failures = 0;
    this.unanswered = 0;
    this.state = { ...this.state, news_ms: Date.now() };
    if (this.state.phase === "live") return;
    this.stopPolling();
    this.set({ phase: "live" });
  }

  private stopPolling(): void {
    if (this.pollTimer !== null) clearTimeout(this.pollTimer);
    this.pollTimer = null;
  }

  private async poll(): Promise<void> {
    const signal = this.running?.signal;
    if (!signal || signal.aborted) return;
    this.stopPolling();
    this.pollTimer = setTimeout(() => void this.poll(), POLL_EVERY_MS);
    try {
      const vehicles: Vehicle[] = [];
      let cursor: string | null = null;
      do {
        const page: Awaited<ReturnType<typeof api.page>> = await api.page(cursor);
        vehicles.push(...page.data);
        cursor = page.next_cursor;
      } while (cursor);
      if (signal.aborted || this.state.phase === "live") return;
      this.store.replaceAll(vehicles);
      this.unanswered = 0;
      this.set({ phase: "polling", news_ms: Date.now() });
    } catch (error) {
      if (signal.aborted || this.state.phase === "live") return;
      if (error instanceof ApiError && error.status === 401) return this.signedOut();
      this.unanswered += 1;
      if (this.unanswered >= OFFLINE_AFTER) this.set({ phase: "offline" });
    }
  }

  private signedOut(): void {
    this.stop();
    this.onSignedOut();
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = Number.isFinite(ms) ? setTimeout(resolve, ms) : null;
      this.wake = () => {
        if (timer !== null) clearTimeout(timer);
        resolve();
      };
    });
  }

  private onVisibility = (): void => {
    if (this.hiddenTimer !== null) clearTimeout(this.hiddenTimer);
    this.hiddenTimer = null;
    if (document.hidden) this.hiddenTimer = setTimeout(() => this.stream?.abort(), HIDDEN_MS);
    else this.wake?.();
  };
}

/** Age of the newest measurement in a message at the moment it was sent. */
function lagOf(message: LiveVehicles): number | null {
  const at = Date.parse(message.at);
  let newest = 0;
  for (const vehicle of message.vehicles) {
    for (const observed of [vehicle.location?.observed_at, vehicle.speed_kmh?.observed_at]) {
      if (observed) newest = Math.max(newest, Date.parse(observed));
    }
  }
  const lag_s = (at - newest) / 1000;
  return newest > 0 && lag_s >= 0 && lag_s < 60 ? lag_s : null;
}
