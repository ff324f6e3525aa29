import type { ReadBytes } from "./archive";

/**
 * Reads parts of one file. A server that ignores ranges sends the whole file once; it is kept, and every later read is
 * a slice of it.
 */
export function rangeReader(url: string): ReadBytes {
  let whole: ArrayBuffer | null = null;
  let first: Promise<unknown> | null = null;

  async function fetchPart(offset: number, length: number): Promise<ArrayBuffer> {
    const answer = await fetch(url, { headers: { Range: `bytes=${offset}-${offset + length - 1}` } });
    if (!answer.ok) throw new Error(`base map: status ${answer.status}`);
    const data = await answer.arrayBuffer();
    if (answer.status === 206) return data;
    whole = data;
    return data.slice(offset, offset + length);
  }

  return async (offset, length) => {
    // The first read tells whether ranges work; the others wait, so that no file is fetched twice.
    if (first) await first;
    if (whole) return whole.slice(offset, offset + length);
    const part = fetchPart(offset, length);
    first ??= part.catch(() => undefined);
    return part;
  };
}
