import { Search, X } from "lucide-react";
import type { RefObject, KeyboardEvent } from "react";
import { Key } from "../ui/Key";

interface Props {
  value: string;
  onChange: (value: string) => void;
  inputRef: RefObject<HTMLInputElement | null>;
  onEnter: () => void;
  /** On paper in the column, floating over the map, or tall on the phone. */
  look?: "column" | "floating" | "tall";
}

/** Search as you type: vehicles, models, streets, states. */
export function SearchBox({ value, onChange, inputRef, onEnter, look = "column" }: Props) {
  const tall = look === "tall";
  const edge = look === "column" ? "border border-control bg-panel" : "bg-transparent";
  function onKey(event: KeyboardEvent<HTMLInputElement>) {
    if (event.key === "Enter") onEnter();
    if (event.key !== "Escape") return;
    event.stopPropagation();
    if (value) onChange("");
    else event.currentTarget.blur();
  }
  return (
    <div className="relative flex-1">
      <Search className={`pointer-events-none absolute left-2.5 size-4 stroke-[1.75] text-ink-3 ${tall ? "top-4" : "top-2"}`} />
      <input
        ref={inputRef}
        type="text"
        role="searchbox"
        aria-label="Search vehicles"
        placeholder="Vehicle, street or state"
        autoComplete="off"
        spellCheck={false}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={onKey}
        data-testid="search"
        className={tall ? "h-12 w-full rounded-3 bg-transparent pr-2 pl-9 text-14 text-ink" : `h-8 w-full rounded-2 pr-9 pl-8 text-13 text-ink touch:h-11 ${edge}`}
      />
      {value ? (
        <button type="button" aria-label="Clear the search" onClick={() => onChange("")} className={`absolute right-1 grid size-6 place-items-center rounded-2 text-ink-3 hover:text-ink ${tall ? "top-3" : "top-1"}`}>
          <X className="size-4 stroke-[1.75]" />
        </button>
      ) : (
        <span className={`pointer-events-none absolute right-2.5 touch:hidden ${tall ? "top-4" : "top-1.5"}`} aria-hidden="true">
          <Key>/</Key>
        </span>
      )}
    </div>
  );
}
