import { createContext, useContext, useEffect, useMemo, useSyncExternalStore, type ReactNode } from "react";
import { FleetStore } from "../fleet/store";
import { LiveLink, type LinkState } from "./link";

interface Live {
  store: FleetStore;
  link: LiveLink;
}

const LiveContext = createContext<Live | null>(null);
/** Old positions are looked for this often; a limit is tens of seconds, so seconds are enough. */
const AGE_EVERY_MS = 2_000;

/** Starts the live link for as long as its children are shown. */
export function LiveProvider({ children, opened, onSignedOut }: { children: ReactNode; opened: string | undefined; onSignedOut: () => void }) {
  const live = useMemo(() => {
    const store = new FleetStore();
    const link = new LiveLink(store, onSignedOut);
    // A deep link's vehicle is asked for on the first stream already; later ones go through `link.open`.
    link.open(opened ?? null);
    return { store, link };
  }, [onSignedOut]);
  useEffect(() => {
    live.link.start();
    const ageing = setInterval(() => live.store.ageAll(), AGE_EVERY_MS);
    // A read-only handle for tests and for questions in the console.
    window.__motorcade = Object.freeze({ store: live.store, link: live.link });
    return () => {
      clearInterval(ageing);
      live.link.stop();
      delete window.__motorcade;
    };
  }, [live]);
  return <LiveContext value={live}>{children}</LiveContext>;
}

export function useLive(): Live {
  const live = useContext(LiveContext);
  if (!live) throw new Error("useLive outside LiveProvider");
  return live;
}

/** The state of the link. Only a new phase draws the component again; ages in it are read on the page's ticker. */
export function useLink(): LinkState {
  const { link } = useLive();
  useSyncExternalStore(link.subscribe, () => link.state.phase);
  return link.state;
}

/** A number that moves whenever the fleet has changed (at most four times a second). */
export function useFleetVersion(): number {
  const { store } = useLive();
  return useSyncExternalStore(store.subscribe, () => store.version);
}

declare global {
  interface Window {
    __motorcade?: { readonly store: FleetStore; readonly link: LiveLink };
  }
}
