import { useSyncExternalStore } from "react";

/** How the page folds: panel over the map, panel in the list's place, column over half the map, sheet. */
export type Layout = "wide" | "column" | "half" | "phone";

const wide = matchMedia("(min-width: 1280px)");
const column = matchMedia("(min-width: 1024px)");
const half = matchMedia("(min-width: 640px)");

function subscribe(listener: () => void): () => void {
  for (const query of [wide, column, half]) query.addEventListener("change", listener);
  return () => {
    for (const query of [wide, column, half]) query.removeEventListener("change", listener);
  };
}

export function useLayout(): Layout {
  return useSyncExternalStore(subscribe, () => (wide.matches ? "wide" : column.matches ? "column" : half.matches ? "half" : "phone"));
}
