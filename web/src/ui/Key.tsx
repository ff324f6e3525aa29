/** A key cap. */
export function Key({ children }: { children: string }) {
  return (
    <kbd className="inline-grid h-[18px] min-w-[18px] place-items-center rounded-1 border border-line-2 bg-panel px-1 font-sans text-11 leading-none text-ink-3">
      {children}
    </kbd>
  );
}
