import { Clock } from "lucide-react";
import { ageText } from "../format/age";
import { useNow } from "../time/ticker";

interface Props {
  at: string | null;
  /** Seconds after which the age warns; null never. */
  staleAfter_s?: number | null;
  className?: string;
}

/** How old something is, ticking. */
export function Age({ at, staleAfter_s = null, className = "" }: Props) {
  const now = useNow();
  if (!at) return <span className={`text-ink-3 ${className}`}>–</span>;
  const seen = Date.parse(at);
  const stale = staleAfter_s !== null && now - seen > staleAfter_s * 1000;
  return (
    <span className={`inline-flex items-center justify-end gap-1 whitespace-nowrap ${stale ? "text-warn" : "text-ink-3"} ${className}`}>
      {stale && <Clock className="size-3.5" aria-label="Stale" />}
      {ageText(seen, now)}
    </span>
  );
}
