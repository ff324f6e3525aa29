import { Link } from "@tanstack/react-router";
import { Map as MapIcon } from "lucide-react";
import type { ReactNode } from "react";
import { LinkSign } from "../live/LinkSign";
import { Mark } from "../ui/Glyph";

const ITEM =
  "relative flex h-12 w-[54px] flex-col items-center justify-center gap-0.5 rounded-2 text-11 font-medium text-ink-3 hover:text-ink aria-[current=page]:bg-selected aria-[current=page]:text-ink [&>svg]:size-[18px] [&>svg]:stroke-[1.6]";

/** The pages, the person, the link: at the left edge, or below on narrow screens. */
export function Rail({ below, profile }: { below: boolean; profile: ReactNode }) {
  if (below) {
    return (
      <header className="z-20 flex h-16 items-center gap-2 border-t border-line bg-canvas px-3">
        <nav aria-label="Main" className="flex flex-1 justify-center">
          <Link to="/live" className={`${ITEM} aria-[current=page]:before:absolute aria-[current=page]:before:inset-x-3 aria-[current=page]:before:-top-2 aria-[current=page]:before:h-[3px] aria-[current=page]:before:bg-ink`}>
            <MapIcon />
            Live
          </Link>
        </nav>
        <LinkSign inline />
        {profile}
      </header>
    );
  }
  return (
    <header className="flex w-16 flex-none flex-col items-center border-r border-line bg-canvas pt-3 pb-2.5">
      <Mark className="mb-3.5 size-[30px] text-ink" />
      <nav aria-label="Main" className="flex flex-col gap-0.5">
        <Link to="/live" className={`${ITEM} aria-[current=page]:before:absolute aria-[current=page]:before:inset-y-3 aria-[current=page]:before:-left-[5px] aria-[current=page]:before:w-[3px] aria-[current=page]:before:rounded-r-[2px] aria-[current=page]:before:bg-ink`}>
          <MapIcon />
          Live
        </Link>
      </nav>
      <div className="mt-auto">{profile}</div>
      <div className="mt-2.5 flex min-h-10 w-13 flex-col items-center justify-center border-t border-line pt-2">
        <LinkSign />
      </div>
    </header>
  );
}
