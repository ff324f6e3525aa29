import { Link } from "@tanstack/react-router";
import { memo } from "react";
import type { Vehicle } from "../api/types";
import { ageText, staleAfter_s } from "../format/age";
import { numberText } from "../format/number";
import { useNow } from "../time/ticker";
import { Age } from "../ui/Age";
import { Battery } from "../ui/Battery";
import { Glyph } from "../ui/Glyph";
import { Measure } from "../ui/Measure";

interface Props {
  vehicle: Vehicle;
  street: string;
  selected: boolean;
  /** Whether some vehicle is open already: another one then takes its place in the history. */
  open: boolean;
}

/** A car in two lines: who and its state's own number; where, battery, age. */
export const VehicleRow = memo(function VehicleRow({ vehicle, street, selected, open }: Props) {
  const battery = vehicle.battery_pct?.value ?? null;
  return (
    <Link
      to="/live"
      search={({ follow: _, ...old }) => ({ ...old, vehicle: vehicle.id })}
      replace={open}
      state={(old) => (open ? old : { ...old, opened: true })}
      aria-current={selected ? "true" : undefined}
      data-vehicle={vehicle.id}
      draggable={false}
      className={`inset-focus relative flex h-13 items-center gap-2.5 border-b border-line pr-4 pl-4 transition-colors duration-(--t-fast) ${
        selected ? "bg-selected before:absolute before:inset-y-0 before:left-0 before:w-[3px] before:bg-ink" : "hover:bg-hover"
      }`}
    >
      <Glyph status={vehicle.status} heading={vehicle.location?.heading_deg} className="self-start mt-2.5" />
      <span className="min-w-0 flex-1">
        <span className="flex items-baseline gap-2">
          <span className="cut text-13 font-semibold text-ink">{vehicle.name}</span>
          <span className="cut flex-1 text-12 text-ink-3">{vehicle.model}</span>
          <StateNumber vehicle={vehicle} />
        </span>
        <span className="flex items-center gap-2 text-12">
          <span className="cut flex-1 text-ink-2">{street || "–"}</span>
          <Battery percent={battery} charging={vehicle.status === "charging"} />
          <span className="w-8 text-ink-2">{battery === null ? "–" : `${numberText(battery, 0)}%`}</span>
          <span className="w-[38px] text-right">
            <Age at={vehicle.location?.observed_at ?? vehicle.last_seen_at} staleAfter_s={staleAfter_s("location", vehicle.status)} />
          </span>
        </span>
      </span>
    </Link>
  );
});

/** The number that matters in the car's state: speed, power, or how long it has been so. */
function StateNumber({ vehicle }: { vehicle: Vehicle }) {
  const now = useNow();
  if (vehicle.status === "driving") return <Measure reading={vehicle.speed_kmh} unit="km/h" className="font-medium" unitClass="text-12" />;
  if (vehicle.status === "charging" && vehicle.power_kw) {
    return <Measure reading={vehicle.power_kw} unit="kW" className="font-medium" unitClass="text-12" />;
  }
  const since = vehicle.status === "offline" ? vehicle.last_seen_at : vehicle.status_since;
  const word = { driving: "", charging: "Charging", parked: "Parked", asleep: "Asleep", offline: "Silent" }[vehicle.status];
  return (
    <span className="whitespace-nowrap text-ink-3">
      {since ? `${word} ${ageText(Date.parse(since), now)}` : vehicle.status === "offline" ? "Never seen" : word}
    </span>
  );
}
