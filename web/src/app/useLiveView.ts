import { getRouteApi, useNavigate, useRouter, type HistoryState } from "@tanstack/react-router";
import { useCallback, useEffect, useRef, useState } from "react";
import type { Status } from "../api/types";
import { SORTS, type Sort } from "../fleet/order";
import { useFleetList } from "../fleet/useFleetList";
import { useKeys } from "../keys/keys";
import { useFleetVersion, useLive } from "../live/LiveContext";
import type { MapHandle } from "../map/MapStage";
import { placeText, type LiveSearch, type MapPlace } from "./search";

const route = getRouteApi("/live");
/** The address takes the search a moment after the last letter; the list does not wait. */
const ADDRESS_AFTER_MS = 250;

/** Everything the live page holds: the address is the state, apart from the letters just typed and the keyboard's row. */
export function useLiveView() {
  const search = route.useSearch();
  const navigate = useNavigate({ from: "/live" });
  const router = useRouter();
  const { store } = useLive();
  useFleetVersion();
  const map = useRef<MapHandle>(null);
  const input = useRef<HTMLInputElement>(null);
  const over = useRef(false);
  const [q, setQ] = useTyped(search.q ?? "", (text) => go({ q: text || undefined }));
  const [cursor, setCursor] = useState<string>();
  const sort: Sort = search.sort ?? SORTS[0];
  const list = useFleetList(q, search.status, sort, useCallback(() => over.current, []));

  function go(part: { [K in keyof LiveSearch]?: LiveSearch[K] | undefined }, replace = true) {
    const state = (old: HistoryState) => (replace ? old : { ...old, opened: true as const });
    void navigate({ search: (old: LiveSearch) => clean({ ...old, ...part }), replace, state });
  }

  const open = (id: string) => go({ vehicle: id, follow: undefined }, search.vehicle !== undefined);
  function close() {
    // An entry that was pushed from the list is left by going back, so that the history stays short.
    if (router.state.location.state.opened) router.history.back();
    else go({ vehicle: undefined, follow: undefined });
  }
  // Another entry of the history may carry an older view of the map; the address follows what is seen.
  useEffect(() => {
    const at = map.current?.place();
    if (at && search.at && placeText(at) !== placeText(search.at)) go({ at });
    // Only a change of the open vehicle comes from the history.
  }, [search.vehicle]);

  function step(by: number) {
    const from = search.vehicle ?? cursor;
    const at = from ? list.ids.indexOf(from) : -1;
    const next = list.ids[Math.max(0, Math.min(list.ids.length - 1, at + by))];
    if (!next) return;
    setCursor(next);
    if (search.vehicle) open(next);
  }
  const toggleFollow = () => search.vehicle && go({ follow: search.follow ? undefined : true });

  useKeys({
    "/": () => input.current?.focus(),
    j: () => step(1),
    k: () => step(-1),
    f: toggleFollow,
    "+": () => map.current?.zoomBy(1),
    "=": () => map.current?.zoomBy(1),
    "-": () => map.current?.zoomBy(-1),
    "0": () => map.current?.fitFleet(),
    Escape: () => search.vehicle && close(),
  });

  return {
    search,
    list,
    sort,
    q,
    cursor,
    map,
    input,
    loaded: store.loaded,
    setQ,
    open,
    close,
    toggleFollow,
    setSort: (next: Sort) => go({ sort: next === SORTS[0] ? undefined : next }),
    setStatus: (status: Status[] | undefined) => go({ status }),
    openFirst: () => list.ids[0] && open(list.ids[0]),
    onPointer: (inside: boolean) => {
      over.current = inside;
    },
    onMove: (at: MapPlace) => go({ at }),
    onUnfollow: () => search.follow && go({ follow: undefined }),
    reset: () => {
      setQ("");
      go({ q: undefined, status: undefined });
    },
  };
}

export type LiveModel = ReturnType<typeof useLiveView>;

declare module "@tanstack/react-router" {
  interface HistoryState {
    /** The entry was made by opening a vehicle from the list. */
    opened?: true;
  }
}

function clean(search: { [K in keyof LiveSearch]?: LiveSearch[K] | undefined }): LiveSearch {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined)) as LiveSearch;
}

/** Text that is typed now and written to the address a moment later; the address wins when it changes by itself. */
function useTyped(address: string, write: (text: string) => void): [string, (text: string) => void] {
  const [text, setText] = useState(address);
  const written = useRef(address);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    if (address === written.current) return;
    written.current = address;
    setText(address);
  }, [address]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return [
    text,
    (next) => {
      setText(next);
      clearTimeout(timer.current);
      timer.current = setTimeout(() => {
        written.current = next;
        write(next);
      }, ADDRESS_AFTER_MS);
    },
  ];
}
