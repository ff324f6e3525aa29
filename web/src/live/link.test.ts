import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FleetStore } from "../fleet/store";
import { testVehicle } from "../fleet/testVehicle";
import { LiveLink } from "./link";

const AT = "2026-01-01T10:00:00.000Z";

/** A server in the place of `fetch`: streams that the test writes into, and a list that can be asked for. */
class Server {
  up = true;
  status = 200;
  streams: { url: URL; lastId: string | null; send: (text: string) => void; close: () => void }[] = [];
  asked = 0;

  fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request = input instanceof Request ? input : null;
    const url = new URL(request?.url ?? String(input), location.origin);
    if (!this.up) throw new TypeError("refused");
    if (this.status !== 200) return new Response("{}", { status: this.status });
    if (url.pathname === "/v1/vehicles") {
      this.asked += 1;
      return Response.json({ data: [testVehicle({ id: "polled" })], next_cursor: null });
    }
    return this.stream(url, init);
  };

  private stream(url: URL, init?: RequestInit): Response {
    let control!: ReadableStreamDefaultController<Uint8Array>;
    const body = new ReadableStream<Uint8Array>({ start: (c) => void (control = c) });
    init?.signal?.addEventListener("abort", () => {
      try {
        control.error(new DOMException("aborted", "AbortError"));
      } catch {
        // Closed already.
      }
    });
    const headers = new Headers(init?.headers);
    const send = (text: string) => control.enqueue(new TextEncoder().encode(text));
    this.streams.push({ url, lastId: headers.get("Last-Event-ID"), send, close: () => control.close() });
    return new Response(body, { status: 200, headers: { "Content-Type": "text/event-stream" } });
  }

  get last() {
    const stream = this.streams.at(-1);
    if (!stream) throw new Error("no stream was opened");
    return stream;
  }
}

const event = (name: string, id: string, data: unknown) => `event: ${name}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`;
const fleet = (...ids: string[]) => ({ vehicles: ids.map((id) => testVehicle({ id })), at: AT });

describe("LiveLink", () => {
  let server: Server;
  let store: FleetStore;
  let link: LiveLink;
  const signedOut = vi.fn();
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

  beforeEach(async () => {
    vi.useFakeTimers();
    server = new Server();
    vi.stubGlobal("fetch", server.fetch);
    store = new FleetStore();
    link = new LiveLink(store, signedOut);
    link.start();
    await pass(1);
    server.last.send(event("snapshot", "e.1", fleet("a", "b")));
    await pass(1);
  });
  afterEach(() => {
    link.stop();
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  it("is live with the first snapshot", () => {
    expect(link.state.phase).toBe("live");
    expect(store.vehicles).toHaveLength(2);
  });

  it("goes on behind the last event when a stream ends, without a word", async () => {
    server.last.close();
    await pass(300);
    expect(server.streams).toHaveLength(2);
    expect(server.last.lastId).toBe("e.1");
    expect(server.last.url.searchParams.get("last_event_id")).toBe("e.1");
    expect(link.state.phase).toBe("live");
  });

  it("says that the link is lost within two seconds, asks every five, and calls itself offline after two silences", async () => {
    server.up = false;
    server.last.close();
    await pass(2000);
    expect(link.state.phase).toBe("polling");
    await pass(5000);
    expect(link.state.phase).toBe("offline");
    expect(store.vehicles).toHaveLength(2);
  });

  it("comes back by itself", async () => {
    server.up = false;
    server.last.close();
    await pass(12_000);
    server.up = true;
    await pass(5000);
    server.last.send(event("snapshot", "f.1", fleet("a", "b", "c")));
    await pass(1);
    expect(link.state.phase).toBe("live");
    expect(store.vehicles).toHaveLength(3);
    const asked = server.asked;
    await pass(20_000);
    expect(server.asked - asked).toBeLessThanOrEqual(2);
  });

  it("notices a line that died without a word", async () => {
    await pass(15_100);
    await pass(300);
    expect(server.streams).toHaveLength(2);
  });

  it("is kept alive by heartbeats alone", async () => {
    for (let i = 0; i < 8; i++) {
      await pass(5000);
      server.last.send(": beat\n\n");
    }
    expect(server.streams).toHaveLength(1);
  });

  it("asks for an opened vehicle's signals on a new stream and stays live", async () => {
    link.open("aaaa");
    await pass(1);
    expect(server.last.url.searchParams.get("vehicle")).toBe("aaaa");
    expect(link.state.phase).toBe("live");
  });

  it("forgets its place on a reset and takes the snapshot that follows", async () => {
    server.last.send(event("reset", "e.2", { reason: "unknown_event_id" }) + event("snapshot", "f.1", fleet("z")));
    await pass(1);
    expect(store.vehicles.map((v) => v.id)).toEqual(["z"]);
  });

  it("leaves to the sign-in page when the session has ended", async () => {
    server.status = 401;
    server.last.close();
    await pass(500);
    expect(signedOut).toHaveBeenCalledOnce();
  });
});
