import { X } from "lucide-react";
import { useEffect, useSyncExternalStore } from "react";
import { Button, IconButton } from "./Button";
import { Severity } from "./Glyph";

/** Long enough to read two short sentences. */
const SHOWN_MS = 6_000;

interface Toast {
  id: number;
  title: string;
  text?: string;
  level: "info" | "alert";
  act?: { label: string; run: () => void };
}

let toasts: readonly Toast[] = [];
let next = 1;
const listeners = new Set<() => void>();

function publish(list: readonly Toast[]): void {
  toasts = list;
  for (const listener of listeners) listener();
}

/** Shows a note at the lower right. Errors and notes with an act stay until they are closed. */
export function toast(note: Omit<Toast, "id">): void {
  publish([...toasts, { ...note, id: next++ }]);
}

function close(id: number): void {
  publish(toasts.filter((t) => t.id !== id));
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function Toasts() {
  const list = useSyncExternalStore(subscribe, () => toasts);
  return (
    <div aria-live="polite" className="pointer-events-none fixed right-4 bottom-4 z-50 flex w-85 max-w-[calc(100vw-32px)] flex-col gap-2">
      {list.map((t) => (
        <ToastCard key={t.id} toast={t} />
      ))}
    </div>
  );
}

function ToastCard({ toast: note }: { toast: Toast }) {
  const stays = note.level === "alert" || note.act !== undefined;
  useEffect(() => {
    if (stays) return undefined;
    const timer = setTimeout(() => close(note.id), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [note.id, stays]);
  return (
    <div className="pointer-events-auto flex items-start gap-2.5 rounded-3 bg-raised p-3 text-13 shadow-3">
      <Severity level={note.level} className="mt-0.5" />
      <div className="flex-1">
        <p className="font-semibold text-ink">{note.title}</p>
        {note.text && <p>{note.text}</p>}
        {note.act && (
          <Button
            className="mt-2"
            onClick={() => {
              note.act?.run();
              close(note.id);
            }}
          >
            {note.act.label}
          </Button>
        )}
      </div>
      <IconButton label="Close" onClick={() => close(note.id)} className="-mt-1 -mr-1.5">
        <X />
      </IconButton>
    </div>
  );
}
