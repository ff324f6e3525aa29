import { addProtocol, setWorkerUrl } from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";
import { PMTiles, type RangeResponse, type Source } from "pmtiles";
import cityUrl from "./basemap/city.pmtiles?url";
import worldUrl from "./basemap/world.pmtiles?url";

/**
 * One archive file read by byte ranges. A server that ignores ranges sends the whole file once; it is kept, and every
 * later read is a slice of it.
 */
class ArchiveFile implements Source {
  private whole: ArrayBuffer | null = null;
  private first: Promise<RangeResponse> | null = null;

  constructor(private readonly url: string) {}

  getKey(): string {
    return this.url;
  }

  async getBytes(offset: number, length: number, signal?: AbortSignal): Promise<RangeResponse> {
    // The first read tells whether ranges work; the others wait, so that no file is fetched twice.
    if (this.first) await this.first;
    if (this.whole) return { data: this.whole.slice(offset, offset + length) };
    const reading = this.read(offset, length, this.first ? signal : undefined);
    this.first ??= reading.catch(() => ({ data: new ArrayBuffer(0) }));
    return reading;
  }

  private async read(offset: number, length: number, signal: AbortSignal | undefined): Promise<RangeResponse> {
    const init: RequestInit = { headers: { Range: `bytes=${offset}-${offset + length - 1}` } };
    if (signal) init.signal = signal;
    const answer = await fetch(this.url, init);
    if (!answer.ok) throw new Error(`base map: status ${answer.status}`);
    const data = await answer.arrayBuffer();
    if (answer.status === 206) return { data };
    this.whole = data;
    return { data: data.slice(offset, offset + length) };
  }
}

const archives: Record<string, PMTiles> = {
  world: new PMTiles(new ArchiveFile(worldUrl)),
  city: new PMTiles(new ArchiveFile(cityUrl)),
};

let ready = false;

/** Teaches MapLibre our archives and where its worker is; once a page. */
export function prepareMapLibre(): void {
  if (ready) return;
  ready = true;
  setWorkerUrl(workerUrl);
  addProtocol("motorcade", async ({ url }, abort) => {
    const [, name = "", z, x, y] = url.match(/^motorcade:\/\/(\w+)\/(\d+)\/(\d+)\/(\d+)$/) ?? [];
    const tile = await archives[name]?.getZxy(Number(z), Number(x), Number(y), abort.signal);
    return { data: tile?.data ?? new ArrayBuffer(0) };
  });
}
