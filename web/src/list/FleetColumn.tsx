import { CarFront, SearchX } from "lucide-react";
import type { ReactNode } from "react";
import { numberText } from "../format/number";
import { SORT_NAME, type Sort } from "../fleet/order";
import { Button } from "../ui/Button";
import { FleetBar } from "../ui/FleetBar";
import { Empty, Skeleton } from "../ui/States";
import { SortMenu } from "./SortMenu";
import { VehicleList } from "./VehicleList";

interface Props {
  ids: readonly string[];
  counts: readonly number[];
  total: number;
  loaded: boolean;
  filtered: boolean;
  sort: Sort;
  selected: string | undefined;
  cursor: string | undefined;
  /** Search and counters: drawn by the page, which owns their state. */
  search: ReactNode;
  counters: ReactNode;
  onSort: (sort: Sort) => void;
  onReset: () => void;
  onPointer: (over: boolean) => void;
}

/** The fleet as a column: what it is doing, and every car. */
export function FleetColumn(props: Props) {
  const { ids, counts, total, loaded, filtered, sort } = props;
  return (
    <section aria-label="Fleet" className="flex h-full min-h-0 flex-col">
      <header className="px-4 pt-0 pb-2.5 sm:pt-3.5">
        <div className="mb-2.5 flex items-center">
          <h2 className="flex-1 text-16 font-semibold tracking-[-0.008em] text-ink">
            Live
            <span className="ml-2 text-13 font-normal tracking-normal text-ink-3" data-testid="total">
              {loaded ? `${numberText(total, 0)} ${total === 1 ? "vehicle" : "vehicles"}` : ""}
            </span>
          </h2>
          <SortMenu sort={sort} onSort={props.onSort} />
        </div>
        {props.search && <div className="mb-3 flex">{props.search}</div>}
        <div className="mb-2.5 h-1">{loaded && total > 0 && <FleetBar counts={counts} />}</div>
        {props.counters}
      </header>
      {loaded && total > 0 && (
        <div className="flex h-7 flex-none items-center justify-between border-y border-line bg-sunken px-4 text-12">
          <span className="font-medium text-ink-2" aria-live="polite">
            {filtered ? "Found" : "Everyone"} <span className="ml-1 font-normal text-ink-3" data-testid="found">{numberText(ids.length, 0)}</span>
          </span>
          <span className="text-ink-3">{SORT_NAME[sort]}</span>
        </div>
      )}
      <Rows {...props} />
    </section>
  );
}

function Rows({ ids, total, loaded, selected, cursor, onReset, onPointer }: Props) {
  if (!loaded) return <Skeleton rows={10} />;
  if (total === 0) {
    return (
      <Empty icon={<CarFront />} title="No cars yet">
        Claim one where Motorcade runs: motorcade claim, then its VIN. It appears here with its first report.
      </Empty>
    );
  }
  if (ids.length === 0) {
    return (
      <Empty icon={<SearchX />} title="No car fits" act={<Button onClick={onReset}>Show all cars</Button>}>
        Nothing is called that, or nothing is in this state now.
      </Empty>
    );
  }
  return <VehicleList ids={ids} selected={selected} cursor={cursor} onPointer={onPointer} />;
}
