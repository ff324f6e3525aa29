import { Search } from "lucide-react";
import { useMemo, useState } from "react";
import type { Signal, Status } from "../api/types";
import { fold } from "../fleet/filter";
import { staleAfter_s } from "../format/age";
import { grouped, signalShown } from "../format/signal";
import { Age } from "../ui/Age";

/** Every signal the car has reported, by group, each with its age. */
export function SignalTable({ signals, status }: { signals: readonly Signal[]; status: Status }) {
  const [question, setQuestion] = useState("");
  const found = useMemo(() => {
    const word = fold(question.trim());
    return grouped(word ? signals.filter((s) => fold(`${s.label} ${s.name} ${s.group}`).includes(word)) : signals);
  }, [signals, question]);
  return (
    <section aria-label="Signals" data-testid="signals">
      <div className="flex items-center gap-3 border-b border-line px-4 pt-3.5 pb-3">
        <h3 className="text-13 font-medium whitespace-nowrap text-ink">
          Signals <span className="font-normal text-ink-3">{signals.length}</span>
        </h3>
        <label className="relative ml-auto w-44">
          <span className="sr-only">Find a signal</span>
          <Search className="pointer-events-none absolute top-1.5 left-2 size-4 stroke-[1.75] text-ink-3" />
          <input
            value={question}
            onChange={(e) => setQuestion(e.target.value)}
            onKeyDown={(e) => e.key === "Escape" && question !== "" && (e.stopPropagation(), setQuestion(""))}
            placeholder="Find a signal"
            className="h-7 w-full rounded-2 border border-control bg-panel pr-2 pl-7 text-13 text-ink touch:h-11"
          />
        </label>
      </div>
      {found.length === 0 && <p className="px-4 py-6 text-center text-13">No signal is called that.</p>}
      {found.map(({ group, signals: list }) => (
        <table key={group} className="w-full table-fixed border-collapse text-13">
          <caption className="h-7 border-b border-line bg-sunken px-4 text-left text-12/7 font-medium text-ink-2">{group}</caption>
          <tbody>
            {list.map((signal) => (
              <Row key={signal.name} signal={signal} status={status} />
            ))}
          </tbody>
        </table>
      ))}
    </section>
  );
}

function Row({ signal, status }: { signal: Signal; status: Status }) {
  const shown = signalShown(signal);
  const told = shown.text !== "not reported";
  return (
    <tr className="h-7 border-b border-line" data-signal={signal.name}>
      <th scope="row" className="cut w-[46%] pl-4 text-left font-normal text-ink-2" title={signal.label}>
        {signal.label}
      </th>
      <td className="cut text-right" title={shown.text}>
        <span className={told ? "font-medium text-ink" : "text-ink-3"}>{shown.text}</span>
        <span className="text-12 text-ink-3">{shown.unit}</span>
      </td>
      <td className="w-16 pr-4 text-right text-12">
        <Age at={signal.observed_at} staleAfter_s={staleAfter_s(signal.name, status)} />
      </td>
    </tr>
  );
}
