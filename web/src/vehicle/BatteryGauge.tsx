/** Charge from 0 to 100 with ticks, and a notch where charging stops. */
export function BatteryGauge({ percent, limit, charging }: { percent: number; limit: number | null; charging: boolean }) {
  const width = Math.max(0, Math.min(100, percent));
  return (
    <div aria-hidden="true">
      <svg className="h-[11px] w-full" viewBox="0 0 100 11" preserveAspectRatio="none">
        <rect width="100" height="8" className="fill-selected" />
        <rect width={width} height="8" className={charging ? "fill-charging" : "fill-ink"} />
        {limit !== null && <rect x={limit - 0.2} width="0.5" height="11" className={limit <= width ? "fill-panel" : "fill-ink"} />}
      </svg>
      <div className="relative mt-1 h-4 text-11 text-ink-3">
        <span className="absolute left-0">0</span>
        {(limit === null || Math.abs(limit - 50) > 14) && <span className="absolute left-1/2 -translate-x-1/2">50</span>}
        {limit !== null && limit < 92 && <LimitMark limit={limit} />}
        <span className="absolute right-0">100%</span>
      </div>
    </div>
  );
}

function LimitMark({ limit }: { limit: number }) {
  return (
    <svg className="absolute inset-0 h-4 w-full overflow-visible" aria-hidden="true">
      <text x={`${limit > 78 ? 78 : limit}%`} y="11.5" textAnchor="middle" className="fill-ink-3">
        limit {Math.round(limit)}
      </text>
    </svg>
  );
}
