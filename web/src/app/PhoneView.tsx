import type { ReactNode } from "react";
import { SearchBox } from "../list/SearchBox";
import { StatusFilter } from "../list/StatusFilter";
import { LinkBanner } from "../live/LinkBanner";
import { LinkSign } from "../live/LinkSign";
import { MapControls } from "../map/MapControls";
import { columnOf } from "./column";
import { Sheet } from "./Sheet";
import type { LiveModel } from "./useLiveView";

interface Props {
  model: LiveModel;
  stage: ReactNode;
  panel: ReactNode;
  profile: ReactNode;
}

/** The phone: the map is everything, what else there is lies over it. */
export function PhoneView({ model, stage, panel, profile }: Props) {
  const { search } = model;
  const follow = search.vehicle ? { on: search.follow === true, toggle: model.toggleFollow } : undefined;
  return (
    <main className="relative min-w-0 flex-1 overflow-hidden">
      <h1 className="sr-only">Live map</h1>
      {stage}
      <div className="absolute inset-x-3 top-3 z-10 flex flex-col gap-2">
        <div className="flex h-12 items-center gap-2 rounded-3 bg-raised pr-2 shadow-2">
          <SearchBox value={model.q} onChange={model.setQ} inputRef={model.input} onEnter={model.openFirst} look="tall" />
          <LinkSign inline />
          {profile}
        </div>
        <StatusFilter chips counts={model.list.counts} chosen={search.status} onChange={model.setStatus} />
        <div className="overflow-hidden rounded-2 empty:hidden">
          <LinkBanner />
        </div>
      </div>
      <MapControls compact className="top-40 right-3" follow={follow} onZoom={(step) => model.map.current?.zoomBy(step)} onFit={() => model.map.current?.fitFleet()} />
      <Sheet open={panel !== undefined && panel !== ""} content={panel ? "vehicle" : "list"}>
        {panel || columnOf(model, false)}
      </Sheet>
    </main>
  );
}
