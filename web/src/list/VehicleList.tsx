import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import { streetAt, useStreets } from "../fleet/streets";
import { useLive } from "../live/LiveContext";
import { VehicleRow } from "./VehicleRow";

const ROW_PX = 52;
/** Rows drawn beyond the edge: a flick of the wheel shows no gap. */
const BEYOND = 8;

interface Props {
  ids: readonly string[];
  selected: string | undefined;
  /** The row that the keyboard is on. */
  cursor: string | undefined;
  onPointer: (over: boolean) => void;
}

/** The cars as rows; only those in view exist. */
export function VehicleList({ ids, selected, cursor, onPointer }: Props) {
  const { store } = useLive();
  useStreets();
  const box = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({ count: ids.length, getScrollElement: () => box.current, estimateSize: () => ROW_PX, overscan: BEYOND, getItemKey: (i) => ids[i] ?? i });
  const at = cursor ? ids.indexOf(cursor) : -1;
  const scrollTo = useRef(rows.scrollToIndex);
  scrollTo.current = rows.scrollToIndex;
  useEffect(() => {
    if (at < 0) return undefined;
    scrollTo.current(at, { align: "auto" });
    // The row may have to be drawn first.
    const frame = requestAnimationFrame(() => box.current?.querySelector<HTMLElement>(`[data-vehicle="${cursor}"]`)?.focus({ preventScroll: true }));
    return () => cancelAnimationFrame(frame);
    // Only a move of the cursor scrolls; a new order under it does not.
  }, [cursor]);
  useEffect(() => {
    const index = selected ? ids.indexOf(selected) : -1;
    if (index >= 0) scrollTo.current(index, { align: "auto" });
    // Only another selection scrolls; a new order under it does not.
  }, [selected]);
  return (
    <div ref={box} className="min-h-0 flex-1 overflow-y-auto" onPointerEnter={() => onPointer(true)} onPointerLeave={() => onPointer(false)} data-testid="vehicle-list">
      <div role="list" aria-label="Vehicles" className="relative" style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map((item) => {
          const id = ids[item.index];
          const vehicle = id ? store.vehicle(id) : undefined;
          if (!vehicle) return null;
          const place = vehicle.location;
          return (
            <div
              key={item.key}
              role="listitem"
              aria-setsize={ids.length}
              aria-posinset={item.index + 1}
              className="absolute inset-x-0 top-0"
              style={{ transform: `translateY(${item.start}px)`, height: ROW_PX }}
            >
              <VehicleRow vehicle={vehicle} street={place ? streetAt(place.latitude, place.longitude) : ""} selected={vehicle.id === selected} open={selected !== undefined} />
            </div>
          );
        })}
      </div>
    </div>
  );
}
