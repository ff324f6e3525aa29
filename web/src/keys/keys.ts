import { useEffect, useRef, useSyncExternalStore } from "react";

export interface KeyAction {
  keys: string[];
  does: string;
}

/** All keys, for the help. */
export const KEYS: readonly KeyAction[] = [
  { keys: ["/"], does: "Search" },
  { keys: ["j", "k"], does: "Next, previous" },
  { keys: ["Enter"], does: "Open" },
  { keys: ["Esc"], does: "Close, one step" },
  { keys: ["f"], does: "Follow the open car" },
  { keys: ["+", "−"], does: "Zoom" },
  { keys: ["0"], does: "Show the whole fleet" },
  { keys: ["?"], does: "These keys" },
];

const STORE = "motorcade.keys";
const listeners = new Set<() => void>();

function enabled(): boolean {
  try {
    return localStorage.getItem(STORE) !== "off";
  } catch {
    return true;
  }
}

/** Single keys can be switched off: they get in the way of speech input. */
export function setKeysEnabled(on: boolean): void {
  try {
    if (on) localStorage.removeItem(STORE);
    else localStorage.setItem(STORE, "off");
  } catch {
    // Storage can be forbidden; then keys stay on.
  }
  for (const listener of listeners) listener();
}

export function useKeysEnabled(): boolean {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, enabled);
}

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) && !(target instanceof HTMLInputElement && target.type === "radio");
}

/** Runs an action for a key, but not while somebody types, a dialog or a menu is open, or a modifier is held. */
export function useKeys(actions: Record<string, () => void>): void {
  const latest = useRef(actions);
  useEffect(() => {
    latest.current = actions;
  });
  useEffect(() => {
    function onKey(event: KeyboardEvent) {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
      if (document.querySelector("dialog[open], [role=menu]")) return;
      if (event.key !== "Escape" && !enabled()) return;
      const action = latest.current[event.key];
      if (!action) return;
      event.preventDefault();
      action();
    }
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}
