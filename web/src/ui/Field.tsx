import { useId, type InputHTMLAttributes } from "react";
import { Severity } from "./Glyph";

interface Props extends InputHTMLAttributes<HTMLInputElement> {
  label: string;
  hint?: string | undefined;
  error?: string | undefined;
}

/** A labelled input: label over it, hint under it; an error takes the hint's place. */
export function Field({ label, hint, error, className = "", ...rest }: Props) {
  const id = useId();
  const noteId = useId();
  const edge = error ? "border-alert ring-1 ring-alert" : "border-control";
  return (
    <div className={className}>
      <label htmlFor={id} className="mb-1 block text-13 font-medium text-ink">
        {label}
      </label>
      <input
        id={id}
        aria-invalid={error ? true : undefined}
        aria-describedby={error || hint ? noteId : undefined}
        className={`h-9 w-full rounded-2 border bg-panel px-2.5 text-14 text-ink touch:h-11 ${edge}`}
        {...rest}
      />
      {(error || hint) && (
        <p id={noteId} role={error ? "alert" : undefined} className={`mt-1.5 flex items-start gap-1.5 text-12 ${error ? "text-alert" : "text-ink-3"}`}>
          {error && <Severity level="alert" />}
          <span>{error ?? hint}</span>
        </p>
      )}
    </div>
  );
}
