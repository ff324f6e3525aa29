import { ageText } from "../format/age";
import { numberText } from "../format/number";
import { useNow } from "../time/ticker";
import { useLink, useLive } from "./LiveContext";

/** The link in two words: a full dot while live, half while asking, open while nothing answers. */
export function LinkSign({ inline = false }: { inline?: boolean }) {
  const { link } = useLive();
  const { phase } = useLink();
  useNow();
  const { lag_s, news_ms } = link.state;
  const words = {
    connecting: ["Connecting", ""],
    live: ["Live", lag_s === null ? "" : `${numberText(Math.max(0.1, lag_s), 1)} s`],
    polling: ["Polling", "5 s"],
    offline: ["Offline", news_ms > 0 ? ageText(news_ms, Date.now()) : ""],
  }[phase];
  return (
    <span
      data-testid="link"
      data-phase={phase}
      title={phase === "live" ? "Age of the newest reading when it reaches this page" : undefined}
      className={`flex text-11 text-ink-3 ${inline ? "items-center gap-1" : "flex-col items-center"}`}
    >
      <span className="flex items-center gap-1 font-medium text-ink">
        <Dot phase={phase} />
        {words[0]}
      </span>
      {words[1] && (
        <span>
          {inline && "· "}
          {words[1]}
        </span>
      )}
    </span>
  );
}

function Dot({ phase }: { phase: string }) {
  return (
    <svg className="size-1.5 overflow-visible" viewBox="0 0 6 6" aria-hidden="true">
      <circle cx="3" cy="3" r="2.6" className={phase === "live" ? "fill-ink" : "fill-none stroke-ink"} />
      {phase === "polling" && <path d="M3 .4a2.6 2.6 0 0 1 0 5.2Z" className="fill-ink" />}
    </svg>
  );
}
