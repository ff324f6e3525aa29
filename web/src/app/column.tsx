import { FleetColumn } from "../list/FleetColumn";
import { SearchBox } from "../list/SearchBox";
import { StatusFilter } from "../list/StatusFilter";
import type { LiveModel } from "./useLiveView";

/** The fleet's column for the page's state; the phone draws search and counters over the map instead. */
export function columnOf(model: LiveModel, withSearch: boolean) {
  const { list, search } = model;
  return (
    <FleetColumn
      ids={list.ids}
      counts={list.counts}
      total={list.total}
      loaded={model.loaded}
      filtered={model.q !== "" || search.status !== undefined}
      sort={model.sort}
      selected={search.vehicle}
      cursor={model.cursor}
      search={withSearch && <SearchBox value={model.q} onChange={model.setQ} inputRef={model.input} onEnter={model.openFirst} />}
      counters={withSearch && <StatusFilter counts={list.counts} chosen={search.status} onChange={model.setStatus} />}
      onSort={model.setSort}
      onReset={model.reset}
      onPointer={model.onPointer}
    />
  );
}
