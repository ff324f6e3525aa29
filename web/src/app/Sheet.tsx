import { useEffect, useRef, useState, type PointerEvent, type ReactNode } from "react";

/** Heights that the sheet rests at, in pixels; the last is the whole screen but for the search. */
const PEEK_PX = 96;
const MIDDLE_PX = 354;
const TOP_PX = 68;
type Stop = "peek" | "middle" | "full";
const STOPS: readonly Stop[] = ["peek", "middle", "full"];

function heightOf(stop: Stop): number {
  return stop === "peek" ? PEEK_PX : stop === "middle" ? Math.min(MIDDLE_PX, innerHeight - TOP_PX) : innerHeight - TOP_PX;
}

/** A sheet at the foot of the phone: dragged by its grip, or stepped by a press or the arrow keys. */
export function Sheet({ content, open, children }: { content: "list" | "vehicle"; open: boolean; children: ReactNode }) {
  const [stop, setStop] = useState<Stop>(open ? "middle" : "peek");
  const [drag, setDrag] = useState<number | null>(null);
  const from = useRef({ y: 0, height: 0, moved: false });
  useEffect(() => setStop(content === "vehicle" ? "middle" : "peek"), [content]);

  function down(event: PointerEvent<HTMLButtonElement>) {
    event.currentTarget.setPointerCapture(event.pointerId);
    from.current = { y: event.clientY, height: heightOf(stop), moved: false };
  }
  function move(event: PointerEvent<HTMLButtonElement>) {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    const up = from.current.y - event.clientY;
    if (Math.abs(up) > 6) from.current.moved = true;
    if (from.current.moved) setDrag(Math.max(PEEK_PX, Math.min(heightOf("full"), from.current.height + up)));
  }
  function release() {
    if (drag === null) return;
    const nearest = STOPS.reduce((best, each) => (Math.abs(heightOf(each) - drag) < Math.abs(heightOf(best) - drag) ? each : best));
    setStop(nearest);
    setDrag(null);
  }
  function step(by: number) {
    const next = STOPS[Math.max(0, Math.min(STOPS.length - 1, STOPS.indexOf(stop) + by))];
    if (next) setStop(next);
  }
  return (
    <div
      id="fleet"
      tabIndex={-1}
      data-testid="sheet"
      data-stop={stop}
      className={`absolute inset-x-0 bottom-0 z-20 flex flex-col overflow-hidden rounded-t-4 bg-panel shadow-3 ${drag === null ? "transition-[height] duration-(--t-move) ease-out" : ""}`}
      style={{ height: drag ?? heightOf(stop) }}
    >
      <button
        type="button"
        aria-label={stop === "full" ? "Make the sheet smaller" : "Make the sheet larger"}
        aria-expanded={stop !== "peek"}
        className="inset-focus flex h-6 flex-none touch-none items-center justify-center"
        onPointerDown={down}
        onPointerMove={move}
        onPointerUp={release}
        onPointerCancel={release}
        onClick={() => !from.current.moved && setStop(stop === "peek" ? "middle" : stop === "middle" ? "full" : "peek")}
        onKeyDown={(event) => {
          if (event.key === "ArrowUp") step(1);
          if (event.key === "ArrowDown") step(-1);
        }}
      >
        <span className="h-1 w-9 rounded-full bg-line-2" />
      </button>
      <div className="min-h-0 flex-1">{children}</div>
    </div>
  );
}
