import { ChevronLeft, LocateFixed, X } from "lucide-react";
import type { Vehicle } from "../api/types";
import { streetAt, useStreets } from "../fleet/streets";
import { staleAfter_s } from "../format/age";
import { useNow } from "../time/ticker";
import { IconButton } from "../ui/Button";
import { Glyph, Severity } from "../ui/Glyph";
import { Key } from "../ui/Key";
import { Measure } from "../ui/Measure";
import { Empty, Failure, Skeleton } from "../ui/States";
import { BatteryGauge } from "./BatteryGauge";
import { Dot, Readouts } from "./Readouts";
import { sentence } from "./sentence";
import { SignalTable } from "./SignalTable";
import { useVehicle, type OpenedVehicle } from "./useVehicle";

interface Props {
  id: string;
  follow: boolean;
  onFollow: () => void;
  onClose: () => void;
  /** Text of the way back to the list, where the panel took the list's place. */
  back?: string;
}

/** Everything known about one car right now. */
export function VehiclePanel({ id, follow, onFollow, onClose, back }: Props) {
  const opened = useVehicle(id);
  const vehicle = opened.vehicle;
  return (
    <section aria-label={vehicle ? vehicle.name : "Vehicle"} data-testid="vehicle-panel" className="flex h-full min-h-0 flex-col">
      {back && (
        <div className="flex items-center justify-between px-4 pt-2.5">
          <button type="button" onClick={onClose} className="-ml-1 flex items-center gap-1 rounded-2 text-12 text-ink-2 hover:text-ink touch:h-11">
            <ChevronLeft className="size-4 stroke-[1.75]" />
            {back}
          </button>
          <span className="flex gap-1" aria-hidden="true">
            <Key>k</Key>
            <Key>j</Key>
          </span>
        </div>
      )}
      {vehicle ? (
        <>
          <Head vehicle={vehicle} follow={follow} onFollow={onFollow} onClose={onClose} />
          <Body vehicle={vehicle} opened={opened} />
        </>
      ) : (
        <Missing opened={opened} onClose={onClose} />
      )}
    </section>
  );
}

function Head({ vehicle, follow, onFollow, onClose }: { vehicle: Vehicle; follow: boolean; onFollow: () => void; onClose: () => void }) {
  const now = useNow();
  useStreets();
  const at = vehicle.location;
  const street = at ? streetAt(at.latitude, at.longitude) : "";
  return (
    <header className="border-b border-line px-4 pt-0 pb-3 sm:pt-2.5">
      <div className="flex items-center gap-2.5">
        <Glyph status={vehicle.status} heading={at?.heading_deg} />
        <h2 className="cut flex-1 text-16 font-semibold tracking-[-0.008em] text-ink">{vehicle.name}</h2>
        <IconButton label={follow ? "Stop following (f)" : "Follow (f)"} on={follow} aria-pressed={follow} onClick={onFollow} disabled={!at}>
          <LocateFixed />
        </IconButton>
        <IconButton label="Close (Esc)" onClick={onClose}>
          <X />
        </IconButton>
      </div>
      <p className="text-13 text-ink" data-testid="vehicle-sentence">
        {sentence(vehicle, street, now)}
      </p>
      {vehicle.model && <p className="text-12 text-ink-3">{vehicle.model}</p>}
      {vehicle.clock_suspect && (
        <p className="mt-2 flex gap-2 text-12 text-warn">
          <Severity level="warn" />
          This car’s clock is off. Its ages may be wrong.
        </p>
      )}
    </header>
  );
}

function Body({ vehicle, opened }: { vehicle: Vehicle; opened: OpenedVehicle }) {
  const battery = vehicle.battery_pct;
  const limit = opened.byName.get("charge_limit_pct")?.value;
  const speed = vehicle.speed_kmh;
  return (
    <div className="min-h-0 flex-1 overflow-y-auto" tabIndex={0} role="group" aria-label="Latest values">
      <div className="border-b border-line px-4 py-3.5">
        <p className="text-12 text-ink-3">Speed</p>
        <p className="flex min-h-8 items-baseline text-14">
          <Measure reading={speed} unit="km/h" className="text-28 font-medium tracking-[-0.022em]" unitClass="text-14 tracking-normal" />
          {speed && (
            <span className="ml-1.5">
              <Dot at={speed.observed_at} signal="speed_kmh" status={vehicle.status} />
            </span>
          )}
        </p>
      </div>
      <div className="border-b border-line px-4 py-3.5">
        <div className="mb-2 flex items-baseline gap-2 text-13">
          <span className="text-12 text-ink-3">Battery</span>
          <Measure reading={battery} unit="%" className="text-20 font-medium tracking-[-0.014em]" unitClass="text-13 tracking-normal" />
          {battery && <Dot at={battery.observed_at} signal="battery_pct" status={vehicle.status} />}
          {vehicle.range_km && (
            <span className="ml-auto font-medium">
              <Measure reading={vehicle.range_km} unit="km" stale={isOld(vehicle)} />
              <span className="font-normal text-ink-3"> left</span>
            </span>
          )}
        </div>
        {battery?.value != null && <BatteryGauge percent={battery.value} limit={typeof limit === "number" ? limit : null} charging={vehicle.status === "charging"} />}
      </div>
      <div className="border-b border-line px-4 py-3.5">
        <Readouts vehicle={vehicle} signals={opened.byName} />
      </div>
      {opened.signals.length > 0 && <SignalTable signals={opened.signals} status={vehicle.status} />}
      {opened.signals.length === 0 && opened.loading && <Skeleton rows={5} />}
      {opened.signals.length === 0 && opened.error && (
        <Failure
          title="Signals could not be loaded"
          detail={opened.error.status === 0 ? "No answer in 5 s. Your data is safe." : opened.error.message}
          requestId={opened.error.problem?.request_id ?? null}
          onRetry={opened.retry}
        />
      )}
      {opened.signals.length === 0 && !opened.loading && !opened.error && <Empty title="No signals yet">They appear as soon as the car reports.</Empty>}
    </div>
  );
}

/** Whether the range is older than it should be; it drops to the unit's tone. */
function isOld(vehicle: Vehicle): boolean {
  const limit_s = staleAfter_s("range_km", vehicle.status);
  return vehicle.range_km !== null && limit_s !== null && Date.now() - Date.parse(vehicle.range_km.observed_at) > limit_s * 1000;
}

function Missing({ opened, onClose }: { opened: OpenedVehicle; onClose: () => void }) {
  if (opened.loading) return <Skeleton rows={6} />;
  const unknown = opened.error?.status === 404;
  return (
    <>
      <header className="flex justify-end px-4 pt-2.5">
        <IconButton label="Close (Esc)" onClick={onClose}>
          <X />
        </IconButton>
      </header>
      {unknown ? (
        <Empty title="No such vehicle">It was removed, or the address belongs to another organisation.</Empty>
      ) : (
        <Failure title="The vehicle could not be loaded" detail="No answer in 5 s. Your data is safe." requestId={opened.error?.problem?.request_id ?? null} onRetry={opened.retry} />
      )}
    </>
  );
}
