import { useEffect, useRef, useState, useImperativeHandle, type CSSProperties, type Ref } from "react";
import type { MapPlace } from "../app/search";
import { useFleetVersion, useLive } from "../live/LiveContext";
import { useTheme } from "../theme/theme";
import { useReducedMotion } from "../theme/motion";
import { toast } from "../ui/Toasts";
import type { Padding } from "./camera";
import { MapEngine } from "./engine";
import { Fan } from "./Fan";

export interface MapHandle {
  zoomBy: (step: number) => void;
  fitFleet: () => void;
  place: () => MapPlace | undefined;
}

interface Props {
  ref?: Ref<MapHandle>;
  place: MapPlace | undefined;
  selected: string | undefined;
  follow: boolean;
  padding: Padding;
  attribution: string;
  styleUrl: string | null;
  /** The shapes fade: what is shown is old. */
  faded: boolean;
  onPick: (id: string | null) => void;
  onMove: (place: MapPlace) => void;
  onUnfollow: () => void;
}

/** The map as a component: it makes the engine, and tells it what React knows. */
export default function MapStage({ ref, place, selected, follow, padding, attribution, styleUrl, faded, onPick, onMove, onUnfollow }: Props) {
  const { store } = useLive();
  const box = useRef<HTMLDivElement>(null);
  const [engine, setEngine] = useState<MapEngine | null>(null);
  const [fan, setFan] = useState<{ ids: string[]; x: number; y: number } | null>(null);
  const theme = useTheme();
  const still = useReducedMotion();
  const latest = useRef({ onPick, onMove, onUnfollow });
  useEffect(() => {
    latest.current = { onPick, onMove, onUnfollow };
  });

  useEffect(() => {
    if (!box.current) return undefined;
    const made = new MapEngine(
      box.current,
      store,
      {
        onPick: (id) => {
          setFan(null);
          latest.current.onPick(id);
        },
        onFan: (ids, x, y) => setFan({ ids, x, y }),
        onMove: (at) => latest.current.onMove(at),
        onUserMove: () => {
          setFan(null);
          latest.current.onUnfollow();
        },
      },
      { place, interactive: true, attribution, styleUrl, reducedMotion: still, onStyleLost: tellStyleLost },
    );
    setEngine(made);
    return () => {
      made.destroy();
      setEngine(null);
    };
    // The engine is made once for a place to start from; what changes later is told to it below.
  }, [store, attribution, styleUrl, still]);

  useEffect(() => {
    store.columns.glide = !still;
  }, [store, still]);
  useEffect(() => engine?.setTheme(theme), [engine, theme]);
  useEffect(() => engine?.setPadding(padding), [engine, padding]);
  useEffect(() => {
    if (engine) engine.camera.following = follow;
  }, [engine, follow]);

  useShowSelected(engine, selected, place !== undefined);
  useFirstFit(engine, place === undefined && selected === undefined);

  useImperativeHandle(ref, () => ({ zoomBy: (step) => engine?.camera.zoomBy(step), fitFleet: () => engine?.fitFleet(), place: () => engine?.place() }), [engine]);
  return (
    <div className="absolute inset-0" data-testid="map" data-faded={faded || undefined} style={clearance(padding)}>
      <div ref={box} className="h-full w-full" role="application" aria-label="Map of the fleet. The list holds the same cars." />
      {fan && (
        <Fan
          {...fan}
          onPick={(id) => {
            setFan(null);
            onPick(id);
          }}
          onClose={() => setFan(null)}
        />
      )}
    </div>
  );
}

function tellStyleLost(): void {
  toast({ level: "info", title: "Online map did not load. Using the built-in one." });
}

/** Keeps the scale and the sources of the map out from under what floats on it. */
function clearance({ right, bottom, left }: Padding): CSSProperties {
  return { "--clear-right": `${right}px`, "--clear-bottom": `${bottom}px`, "--clear-left": `${left}px` } as CSSProperties;
}

/** Marks the selected car, and brings it into view unless the address says where to look. */
function useShowSelected(engine: MapEngine | null, selected: string | undefined, placed: boolean): void {
  const { store } = useLive();
  useFleetVersion();
  const known = selected !== undefined && store.vehicle(selected)?.location != null;
  const first = useRef(true);
  useEffect(() => {
    if (!engine) return;
    const show = !(first.current && placed);
    if (selected === undefined || known) first.current = false;
    engine.select(selected ?? null, show);
    // `placed` matters at the first look only.
  }, [engine, selected, known]);
}

/** Without a place in the address the whole fleet is shown as soon as it is known. */
function useFirstFit(engine: MapEngine | null, wanted: boolean): void {
  const { store } = useLive();
  useFleetVersion();
  const done = useRef(!wanted);
  const loaded = store.loaded && store.vehicles.length > 0;
  useEffect(() => {
    if (!engine || done.current || !loaded) return;
    done.current = true;
    engine.fitFleet();
  }, [engine, loaded]);
}
