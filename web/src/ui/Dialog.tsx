import { X } from "lucide-react";
import { useEffect, useId, useRef, type ReactNode } from "react";
import { IconButton } from "./Button";

interface Props {
  open: boolean;
  title: string;
  onClose: () => void;
  children: ReactNode;
  width?: string;
}

/**
 * A dialog on the browser's own element: focus stays inside, Esc closes, the page behind is inert. No style tag is
 * injected, which the content security policy would refuse.
 */
export function Dialog({ open, title, onClose, children, width = "w-110" }: Props) {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const dialog = ref.current;
    if (!dialog) return;
    if (open && !dialog.open) {
      dialog.showModal();
      // The browser would take the first button, which closes; a form wants its first field.
      (dialog.querySelector<HTMLElement>("input:not([hidden], [type=checkbox])") ?? dialog).focus();
    }
    if (!open && dialog.open) dialog.close();
  }, [open]);
  return (
    <dialog
      ref={ref}
      aria-labelledby={titleId}
      tabIndex={-1}
      onClose={onClose}
      onClick={(event) => event.target === ref.current && onClose()}
      className={`m-auto max-w-[calc(100vw-32px)] rounded-3 bg-raised p-0 text-14 text-ink-2 shadow-3 outline-none ${width}`}
    >
      {open && (
        <div className="p-5">
          <div className="mb-1 flex items-start gap-3">
            <h2 id={titleId} className="flex-1 text-16 font-semibold tracking-[-0.008em] text-ink">
              {title}
            </h2>
            <IconButton label="Close" onClick={onClose} className="-mt-0.5 -mr-1.5">
              <X />
            </IconButton>
          </div>
          {children}
        </div>
      )}
    </dialog>
  );
}
