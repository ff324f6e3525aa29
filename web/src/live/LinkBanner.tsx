import { ageText, clockText } from "../format/age";
import { useNow } from "../time/ticker";
import { Banner } from "../ui/Banner";
import { useLink, useLive } from "./LiveContext";

/** What has become of the live link; nothing while it holds. */
export function LinkBanner() {
  const { link } = useLive();
  const { phase } = useLink();
  useNow();
  const news_ms = link.state.news_ms;
  if (phase === "polling") {
    return (
      <Banner level="warn" aside={news_ms > 0 ? `data up to ${ageText(news_ms, Date.now())} old` : undefined}>
        Live link lost. Asking every 5 s.
      </Banner>
    );
  }
  if (phase === "offline") {
    const retry = (
      <button type="button" onClick={() => link.retry()} className="font-medium text-ink underline underline-offset-2 touch:h-11">
        Retry
      </button>
    );
    return (
      <Banner level="alert" aside={retry}>
        {news_ms > 0 ? `Offline since ${clockText(news_ms)}. Showing what was known then.` : "Motorcade does not answer. Asking every 5 s."}
      </Banner>
    );
  }
  return null;
}
