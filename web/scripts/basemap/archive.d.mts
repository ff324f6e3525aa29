export function packTiles(
  tiles: { z: number; x: number; y: number; data: Uint8Array }[],
  facts: { bounds: number[]; center: number[]; metadata: object },
): Uint8Array;
