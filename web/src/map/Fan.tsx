import { useEffect, useRef } from "react";
import { useLive } from "../live/LiveContext";
import { Glyph } from "../ui/Glyph";
import { labelText } from "./labels";

interface Props {
  ids: readonly string[];
  x: number;
  y: number;
  onPick: (id: string) => void;
  onClose: () => void;
}

/** The cars of a cluster that cannot be pulled apart any more, as a list. */
export function Fan({ ids, x, y, onPick, onClose }: Props) {
  const { store } = useLive();
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.querySelector("button")?.focus(), []);
  return (
    <div
      ref={box}
      role="group"
      aria-label={`${ids.length} cars here`}
      className="absolute z-20 max-h-70 w-60 overflow-y-auto rounded-3 bg-raised p-1 shadow-2"
      style={{ left: `clamp(8px, ${x + 18}px, calc(100% - 248px))`, top: `clamp(8px, ${y - 20}px, calc(100% - 288px))` }}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        onClose();
      }}
    >
      {ids.map((id) => {
        const vehicle = store.vehicle(id);
        if (!vehicle) return null;
        return (
          <button key={id} type="button" onClick={() => onPick(id)} className="flex h-8 w-full items-center gap-2 rounded-2 px-2 text-left text-13 hover:bg-selected touch:h-11">
            <Glyph status={vehicle.status} heading={vehicle.location?.heading_deg} />
            <span className="cut flex-1 font-semibold text-ink">{vehicle.name}</span>
            <span className="text-12 text-ink-3">{labelText(vehicle)}</span>
          </button>
        );
      })}
    </div>
  );
}
