import type { ReactNode } from "react";
import { RefreshCw } from "lucide-react";
import { useEffect, useState } from "react";
import { Button } from "./Button";
import { Severity } from "./Glyph";

/** Nothing is here: what, and what to do next. */
export function Empty({ icon, title, children, act, page = false }: { icon?: ReactNode; title: string; children?: ReactNode; act?: ReactNode; page?: boolean }) {
  // On a page of its own the title is the page's heading.
  const Title = page ? "h1" : "p";
  return (
    <div className="flex flex-col items-center px-6 py-12 text-center text-13">
      {icon && <span className="mb-3 text-ink-2 [&>svg]:size-5 [&>svg]:stroke-[1.6]">{icon}</span>}
      <Title className="font-semibold text-ink">{title}</Title>
      {children && <p className="mt-0.5 max-w-64">{children}</p>}
      {act && <div className="mt-3">{act}</div>}
    </div>
  );
}

/** It could not be loaded: what, that the data is safe, and a retry. */
export function Failure({ title, detail, requestId, onRetry, page = false }: { title: string; detail: string; requestId?: string | null; onRetry: () => void; page?: boolean }) {
  const Title = page ? "h1" : "p";
  return (
    <div role="alert" className="flex flex-col items-center px-6 py-12 text-center text-13">
      <Severity level="alert" className="mb-3 size-5" />
      <Title className="font-semibold text-ink">{title}</Title>
      <p className="mt-0.5 max-w-72">{detail}</p>
      <Button onClick={onRetry} className="mt-3">
        <RefreshCw className="size-4 stroke-[1.75]" />
        Try again
      </Button>
      {requestId && <p className="mt-2 text-11 text-ink-3">Request {requestId}</p>}
    </div>
  );
}

/** Grey rows in place of a list. Nothing is shown for 150 ms: most answers are faster. */
export function Skeleton({ rows = 8 }: { rows?: number }) {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 150);
    return () => clearTimeout(timer);
  }, []);
  if (!late) return null;
  return (
    <div role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, i) => (
        <div key={i} className="flex h-13 items-center gap-2.5 border-b border-line px-4">
          <span className="size-4 rounded-1 bg-selected" />
          <span className="flex flex-1 flex-col gap-2">
            <span className={`h-2.5 rounded-1 bg-selected ${i % 3 === 0 ? "w-2/5" : i % 3 === 1 ? "w-1/2" : "w-1/3"}`} />
            <span className={`h-2 rounded-1 bg-hover ${i % 2 === 0 ? "w-3/5" : "w-2/5"}`} />
          </span>
          <span className="h-2.5 w-12 rounded-1 bg-selected" />
        </div>
      ))}
    </div>
  );
}
