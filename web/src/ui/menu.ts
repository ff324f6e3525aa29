// The look of every menu. Menus are opened with `modal={false}`: the modal kind injects a style tag to lock scrolling,
// which the content security policy refuses.
export const MENU = "z-40 min-w-52 rounded-3 bg-raised p-1 text-13 text-ink shadow-2";
export const MENU_ITEM =
  "flex h-8 cursor-default items-center gap-2.5 rounded-2 px-2.5 outline-none select-none data-highlighted:bg-selected touch:h-11 [&>svg]:size-4 [&>svg]:stroke-[1.75] [&>svg]:text-ink-2";
