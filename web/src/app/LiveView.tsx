import { lazy, Suspense, useMemo, type ReactNode } from "react";
import type { Config } from "../api/types";
import { SearchBox } from "../list/SearchBox";
import { LinkBanner } from "../live/LinkBanner";
import { useLink } from "../live/LiveContext";
import type { Padding } from "../map/camera";
import { MapControls } from "../map/MapControls";
import { VehiclePanel } from "../vehicle/VehiclePanel";
import { columnOf } from "./column";
import type { Layout } from "./layout";
import { PhoneView } from "./PhoneView";
import { useLiveView, type LiveModel } from "./useLiveView";

const MapStage = lazy(() => import("../map/MapStage"));
const ATTRIBUTION = "© OpenStreetMap contributors · Natural Earth · GeoNames";
const NO_PADDING: Padding = { top: 0, right: 0, bottom: 0, left: 0 };

interface Props {
  layout: Layout;
  config: Config | undefined;
  profile: ReactNode;
}

/** List, map and panel, folded for the width. */
export function LiveView({ layout, config, profile }: Props) {
  const model = useLiveView();
  const { search } = model;
  const open = search.vehicle !== undefined;
  const padding = usePadding(layout, open);
  const { phase } = useLink();
  const stage = (
    <Suspense fallback={null}>
      <MapStage
        ref={model.map}
        place={search.at}
        selected={search.vehicle}
        follow={search.follow === true}
        padding={padding}
        attribution={config?.map.attribution ?? ATTRIBUTION}
        styleUrl={config?.map.style_url ?? null}
        faded={phase === "offline"}
        onPick={(id) => (id ? model.open(id) : undefined)}
        onMove={model.onMove}
        onUnfollow={model.onUnfollow}
      />
    </Suspense>
  );
  const panel = search.vehicle && (
    <VehiclePanel
      key={search.vehicle}
      id={search.vehicle}
      follow={search.follow === true}
      onFollow={model.toggleFollow}
      onClose={model.close}
      {...(layout === "column" || layout === "half" ? { back: `${model.list.total} vehicles` } : {})}
    />
  );
  if (layout === "phone") return <PhoneView model={model} stage={stage} panel={panel} profile={profile} />;
  if (layout === "wide") return <WideView model={model} stage={stage} panel={panel} />;
  return <FoldedView model={model} stage={stage} panel={panel} half={layout === "half"} />;
}

function usePadding(layout: Layout, open: boolean): Padding {
  return useMemo(() => {
    if (layout === "wide" && open) return { ...NO_PADDING, right: 384 };
    if (layout === "half") return { ...NO_PADDING, left: Math.round(innerWidth / 2) };
    if (layout === "phone") return { ...NO_PADDING, top: 116, bottom: open ? 354 : 96 };
    return NO_PADDING;
  }, [layout, open]);
}

interface Parts {
  model: LiveModel;
  stage: ReactNode;
  panel: ReactNode;
}

function WideView({ model, stage, panel }: Parts) {
  return (
    <>
      <div id="fleet" tabIndex={-1} className="w-82 flex-none border-r border-line bg-panel">
        {columnOf(model, true)}
      </div>
      <main className="relative flex min-w-0 flex-1 flex-col">
        <h1 className="sr-only">Live map</h1>
        <LinkBanner />
        <div className="relative min-h-0 flex-1">
          {stage}
          <Controls model={model} className="top-3 left-3" />
          {panel && <div className="absolute inset-y-3 right-3 z-10 w-90 overflow-hidden rounded-3 bg-panel shadow-2">{panel}</div>}
        </div>
      </main>
    </>
  );
}

function FoldedView({ model, stage, panel, half }: Parts & { half: boolean }) {
  const column = half ? "absolute inset-y-0 left-0 z-10 w-1/2 min-w-80 shadow-2" : "w-86 flex-none border-r border-line";
  return (
    <div className="relative flex min-h-0 min-w-0 flex-1">
      <div id="fleet" tabIndex={-1} className={`bg-panel ${column}`}>
        {panel || columnOf(model, true)}
      </div>
      <main className="relative flex min-w-0 flex-1 flex-col">
        <h1 className="sr-only">Live map</h1>
        <LinkBanner />
        <div className="relative min-h-0 flex-1">
          {stage}
          {panel && !half && (
            <div className="absolute top-3 left-3 z-10 flex w-62 rounded-2 bg-raised shadow-2">
              <SearchBox value={model.q} onChange={model.setQ} inputRef={model.input} onEnter={model.openFirst} look="floating" />
            </div>
          )}
          <Controls model={model} className="top-3 right-3" />
        </div>
      </main>
    </div>
  );
}

function Controls({ model, className }: { model: LiveModel; className: string }) {
  return <MapControls compact={false} className={className} onZoom={(step) => model.map.current?.zoomBy(step)} onFit={() => model.map.current?.fitFleet()} />;
}
