import type { ButtonHTMLAttributes } from "react";

type Look = "plain" | "primary" | "quiet";

const LOOK: Record<Look, string> = {
  plain: "border-line-2 bg-panel text-ink shadow-1 hover:bg-hover disabled:bg-sunken disabled:text-ink-3 disabled:shadow-none",
  primary: "border-ink bg-ink text-on-ink hover:bg-ink-2 hover:border-ink-2 disabled:border-line-2 disabled:bg-sunken disabled:text-ink-3",
  quiet: "border-transparent text-ink-2 hover:bg-hover hover:text-ink disabled:text-ink-3",
};

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look;
  size?: "small" | "large";
}

/** A button: 28 px, or 36 px in forms; 44 px where fingers are. */
export function Button({ look = "plain", size = "small", className = "", type = "button", ...rest }: Props) {
  const height = size === "large" ? "h-9 px-3.5" : "h-7 px-2.5";
  return (
    <button
      type={type}
      className={`inline-flex items-center justify-center gap-1.5 rounded-2 border text-13 font-medium leading-none whitespace-nowrap transition-colors duration-(--t-fast) touch:h-11 ${height} ${LOOK[look]} ${className}`}
      {...rest}
    />
  );
}

interface IconProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** What it does; shown as tooltip and read aloud. */
  label: string;
  on?: boolean;
}

/** A square button with one icon. */
export function IconButton({ label, on = false, className = "", ...rest }: IconProps) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      className={`grid size-7 flex-none place-items-center rounded-2 border text-ink-2 transition-colors duration-(--t-fast) hover:text-ink touch:size-11 [&>svg]:size-4 [&>svg]:stroke-[1.75] ${
        on ? "border-line-2 bg-selected text-ink" : "border-transparent hover:bg-hover"
      } ${className}`}
      {...rest}
    />
  );
}
