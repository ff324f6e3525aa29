import type { ReactNode } from "react";
import { Severity } from "./Glyph";

const WASH = { warn: "bg-warn-wash", alert: "bg-alert-wash", info: "bg-selected" };

/** A line that says what is wrong and what happens about it. Polite: it does not interrupt a screen reader. */
export function Banner({ level, children, aside }: { level: "warn" | "alert" | "info"; children: ReactNode; aside?: ReactNode }) {
  return (
    <div role="status" className={`flex min-h-9 items-center gap-2.5 px-3 py-2 text-13 text-ink ${WASH[level]}`}>
      <Severity level={level} />
      <span className="flex-1">{children}</span>
      {aside && <span className="text-12 text-ink-2">{aside}</span>}
    </div>
  );
}
