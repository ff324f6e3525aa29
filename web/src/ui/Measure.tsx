import type { Reading } from "../api/types";
import { decimalsFor, numberText, unitGap } from "../format/number";

interface Props {
  reading: Reading | null;
  unit: string;
  stale?: boolean;
  className?: string;
  unitClass?: string;
}

/** A value with its unit. Never seen is a dash; sent as invalid is said in words. */
export function Measure({ reading, unit, stale = false, className = "", unitClass = "" }: Props) {
  if (!reading) return <span className="text-ink-3">–</span>;
  if (reading.value === null) return <span className="text-13 font-normal tracking-normal text-ink-3">not reported</span>;
  return (
    <span className={`whitespace-nowrap ${className}`}>
      <span className={stale ? "text-ink-3" : "text-ink"}>{numberText(reading.value, decimalsFor(unit, reading.value))}</span>
      <span className={`font-normal text-ink-3 ${unit === "%" || unit === "°" ? "ml-px" : "ml-[0.1em]"} ${unitClass}`}>
        {unitGap(unit)}
        {unit}
      </span>
    </span>
  );
}
