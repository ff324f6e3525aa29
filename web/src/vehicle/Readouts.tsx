import type { Reading, Signal, Status, Vehicle } from "../api/types";
import { staleAfter_s } from "../format/age";
import { signalShown } from "../format/signal";
import { Age } from "../ui/Age";
import { Measure } from "../ui/Measure";

interface Props {
  vehicle: Vehicle;
  signals: ReadonlyMap<string, Signal>;
}

/** Six values that a dispatcher asks for first. */
export function Readouts({ vehicle, signals }: Props) {
  return (
    <dl className="grid grid-cols-[auto_auto_auto] justify-between gap-x-3 gap-y-3">
      <Cell label="Power">
        <Measure reading={used(vehicle)} unit="kW" className="font-medium" unitClass="text-12" />
        {vehicle.power_kw && <Dot at={vehicle.power_kw.observed_at} signal="power_kw" status={vehicle.status} />}
      </Cell>
      <SignalCell label="Inside" signal={signals.get("inside_temperature_c")} status={vehicle.status} />
      <Cell label="Odometer">
        <Measure reading={vehicle.odometer_km} unit="km" className="font-medium" unitClass="text-12" />
        {vehicle.odometer_km && <Dot at={vehicle.odometer_km.observed_at} signal="odometer_km" status={vehicle.status} />}
      </Cell>
      <SignalCell label="Outside" signal={signals.get("outside_temperature_c")} status={vehicle.status} />
      <SignalCell label="Tyres" signal={lowest(signals)} status={vehicle.status} />
      <SignalCell label="Doors" signal={signals.get("locked")} status={vehicle.status} words={["Unlocked", "Locked"]} />
    </dl>
  );
}

/** Power as people say it: what a charging car takes in and what any other uses are both positive. */
function used(vehicle: Vehicle): Reading | null {
  const power = vehicle.power_kw;
  if (!power || power.value === null || vehicle.status === "charging") return power;
  return { ...power, value: -power.value };
}

/** The softest of the four tyres stands for all. */
function lowest(signals: ReadonlyMap<string, Signal>): Signal | undefined {
  const tyres = ["front_left", "front_right", "rear_left", "rear_right"].map((at) => signals.get(`tyre_pressure_${at}_kpa`));
  const told = tyres.filter((s): s is Signal => s !== undefined && typeof s.value === "number");
  return told.sort((a, b) => Number(a.value) - Number(b.value))[0];
}

function SignalCell({ label, signal, status, words }: { label: string; signal: Signal | undefined; status: Status; words?: [string, string] }) {
  if (!signal) {
    return (
      <Cell label={label}>
        <span className="text-ink-3">–</span>
      </Cell>
    );
  }
  const shown = signalShown(signal);
  const text = words && typeof signal.value === "boolean" ? words[signal.value ? 1 : 0] : shown.text;
  return (
    <Cell label={label}>
      <span className={`font-medium ${signal.invalid ? "text-ink-3" : "text-ink"}`}>{text}</span>
      <span className="text-12 text-ink-3">{shown.unit}</span>
      <Dot at={signal.observed_at} signal={signal.name} status={status} />
    </Cell>
  );
}

function Cell({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <div>
      <dt className="text-12 text-ink-3">{label}</dt>
      <dd className="text-13 whitespace-nowrap">{children}</dd>
    </div>
  );
}

/** The age behind a value, parted by a middle dot. */
export function Dot({ at, signal, status }: { at: string; signal: string; status: Status }) {
  return (
    <span className="text-ink-3">
      {" · "}
      <Age at={at} staleAfter_s={staleAfter_s(signal, status)} />
    </span>
  );
}
