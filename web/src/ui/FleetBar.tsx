import { STATUS_NAME, STATUSES } from "../fleet/status";

const FILL = ["fill-driving", "fill-charging", "fill-parked", "fill-asleep", "fill-panel stroke-offline"];

/** The one bar that says what the fleet is doing; states always in the same order. */
export function FleetBar({ counts }: { counts: readonly number[] }) {
  const total = counts.reduce((a, b) => a + b, 0);
  const text = STATUSES.map((s, i) => `${counts[i] ?? 0} ${STATUS_NAME[s].toLowerCase()}`).join(", ");
  const present = counts.map((count, i) => ({ count, i })).filter((part) => part.count > 0);
  const room = 1000 - (present.length - 1) * 6;
  let x = 0;
  return (
    <svg className="h-1 w-full" viewBox="0 0 1000 4" preserveAspectRatio="none" role="img" aria-label={text}>
      {present.map(({ count, i }) => {
        const width = (count / total) * room;
        const at = x;
        x += width + 6;
        return <rect key={i} x={at} y={i === 4 ? 0.5 : 0} width={width} height={i === 4 ? 3 : 4} className={FILL[i]} vectorEffect="non-scaling-stroke" />;
      })}
    </svg>
  );
}
