import { addProtocol, setWorkerUrl } from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";
import { TileArchive } from "./archive";
import cityUrl from "./basemap/city.pmtiles?url";
import worldUrl from "./basemap/world.pmtiles?url";
import { rangeReader } from "./rangeReader";

const archives: Record<string, TileArchive> = {
  world: new TileArchive(rangeReader(worldUrl)),
  city: new TileArchive(rangeReader(cityUrl)),
};

let ready = false;

/** Teaches MapLibre our archives and where its worker is; once a page. */
export function prepareMapLibre(): void {
  if (ready) return;
  ready = true;
  setWorkerUrl(workerUrl);
  addProtocol("motorcade", async ({ url }) => {
    const [, name = "", z, x, y] = url.match(/^motorcade:\/\/(\w+)\/(\d+)\/(\d+)\/(\d+)$/) ?? [];
    const tile = await archives[name]?.tile(Number(z), Number(x), Number(y));
    return { data: tile ?? new ArrayBuffer(0) };
  });
}
