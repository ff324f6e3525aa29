import { createParser } from "eventsource-parser";

/** The server beats every 5 s; three missed beats mean that the line is dead although no one closed it. */
const SILENCE_MOST_MS = 15_000;

export interface StreamEvent {
  name: string;
  id: string | null;
  data: string;
}

/** The server does not know this session any more. */
export class SignedOut extends Error {}

/**
 * Reads one server-sent event stream until it ends, fails or is aborted.
 *
 * It reads by fetch and not by EventSource, which hides heartbeats and the status of a refusal: a line that died
 * silently would look live for ever.
 * @throws SignedOut on 401, another error on anything else.
 */
export async function readStream(url: string, lastId: string | null, signal: AbortSignal, onEvent: (event: StreamEvent) => void, onBeat: () => void): Promise<void> {
  const silence = new AbortController();
  const stop = AbortSignal.any([signal, silence.signal]);
  let timer = setTimeout(() => silence.abort(), SILENCE_MOST_MS);
  try {
    const headers: Record<string, string> = { Accept: "text/event-stream" };
    if (lastId !== null) headers["Last-Event-ID"] = lastId;
    const answer = await fetch(url, { headers, signal: stop, cache: "no-store" });
    if (answer.status === 401) throw new SignedOut();
    if (!answer.ok || !answer.body) throw new Error(`live stream: status ${answer.status}`);
    const parser = createParser({
      onEvent: (event) => onEvent({ name: event.event ?? "message", id: event.id ?? null, data: event.data }),
    });
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MOST_MS);
      onBeat();
      parser.feed(value);
    }
  } finally {
    clearTimeout(timer);
    silence.abort();
  }
}
