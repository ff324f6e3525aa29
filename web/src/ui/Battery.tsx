/** A small battery: 22 by 8, filled by the charge. Green only while charging: colour is state. */
export function Battery({ percent, charging }: { percent: number | null; charging: boolean }) {
  const width = percent === null ? 0 : Math.max(1, Math.round((Math.min(100, Math.max(0, percent)) / 100) * 16));
  return (
    <svg className="h-2 w-[22px] flex-none" viewBox="0 0 22 8" aria-hidden="true">
      <rect x="0.5" y="0.5" width="19" height="7" rx="1.8" className="fill-none stroke-control" />
      <rect x="20.4" y="2.4" width="1.6" height="3.2" rx="0.8" className="fill-control" />
      <rect x="2" y="2" width={width} height="4" rx="0.8" className={charging ? "fill-charging" : "fill-ink-2"} />
    </svg>
  );
}
