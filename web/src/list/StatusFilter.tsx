import type { Status } from "../api/types";
import { STATUS_NAME, STATUSES } from "../fleet/status";
import { numberText } from "../format/number";
import { Glyph } from "../ui/Glyph";

interface Props {
  counts: readonly number[];
  chosen: readonly Status[] | undefined;
  onChange: (chosen: Status[] | undefined) => void;
  /** Chips on the phone's map; counters over the list else. */
  chips?: boolean;
}

/** How many cars are in each state; a click shows those only, another brings the rest back. */
export function StatusFilter({ counts, chosen, onChange, chips = false }: Props) {
  function toggle(status: Status) {
    const now = new Set(chosen ?? []);
    if (now.has(status)) now.delete(status);
    else now.add(status);
    onChange(now.size === 0 || now.size === STATUSES.length ? undefined : STATUSES.filter((s) => now.has(s)));
  }
  const shape = chips
    ? "h-9 flex-1 flex-row items-center justify-center gap-1.5 rounded-3 bg-raised px-2 shadow-2 touch:h-11"
    : "flex-col items-start rounded-2 px-1.5 py-1 touch:min-h-11";
  return (
    <div role="group" aria-label="Filter by state" className={chips ? "flex gap-1.5" : "-mx-1.5 flex justify-between"}>
      {STATUSES.map((status, i) => {
        const on = chosen?.includes(status) ?? false;
        const count = counts[i] ?? 0;
        return (
          <button
            key={status}
            type="button"
            aria-pressed={on}
            aria-label={`${STATUS_NAME[status]}: ${count}`}
            data-status={status}
            onClick={() => toggle(status)}
            className={`flex transition-colors duration-(--t-fast) ${shape} ${on ? "bg-selected inset-ring-1 inset-ring-ink" : "hover:bg-hover"}`}
          >
            <span className="flex items-center gap-1.5 text-13 font-semibold text-ink">
              <Glyph status={status} className="size-3.5" />
              {numberText(count, 0)}
            </span>
            {!chips && <span className="cut max-w-full text-12 text-ink-3">{STATUS_NAME[status]}</span>}
          </button>
        );
      })}
    </div>
  );
}
