import { LocateFixed, Maximize, Minus, Plus } from "lucide-react";
import type { ReactNode } from "react";

interface Props {
  onZoom: (step: number) => void;
  onFit: () => void;
  /** The phone has no room for zoom buttons: fingers do that. */
  compact: boolean;
  follow?: { on: boolean; toggle: () => void } | undefined;
  className: string;
}

/** Controls of the map in one column, so that a keyboard can do what a wheel does. */
export function MapControls({ onZoom, onFit, compact, follow, className }: Props) {
  return (
    <div className={`absolute z-10 flex flex-col gap-2 ${className}`}>
      {!compact && (
        <div className="flex flex-col divide-y divide-line overflow-hidden rounded-2 bg-raised shadow-2">
          <Control label="Zoom in" onClick={() => onZoom(1)}>
            <Plus />
          </Control>
          <Control label="Zoom out" onClick={() => onZoom(-1)}>
            <Minus />
          </Control>
        </div>
      )}
      <div className="flex flex-col divide-y divide-line overflow-hidden rounded-2 bg-raised shadow-2">
        {follow && (
          <Control label={follow.on ? "Stop following" : "Follow"} pressed={follow.on} onClick={follow.toggle}>
            <LocateFixed />
          </Control>
        )}
        <Control label="Show the whole fleet" onClick={onFit}>
          <Maximize />
        </Control>
      </div>
    </div>
  );
}

function Control({ label, onClick, pressed, children }: { label: string; onClick: () => void; pressed?: boolean; children: ReactNode }) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      aria-pressed={pressed}
      onClick={onClick}
      className="inset-focus grid size-8 place-items-center text-ink-2 hover:bg-hover hover:text-ink aria-pressed:bg-selected aria-pressed:text-ink touch:size-11 [&>svg]:size-4 [&>svg]:stroke-[1.75]"
    >
      {children}
    </button>
  );
}
