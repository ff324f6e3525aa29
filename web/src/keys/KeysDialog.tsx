import { Dialog } from "../ui/Dialog";
import { Key } from "../ui/Key";
import { KEYS, setKeysEnabled, useKeysEnabled } from "./keys";

export function KeysDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const on = useKeysEnabled();
  return (
    <Dialog open={open} onClose={onClose} title="Keys" width="w-90">
      <dl className="mt-3 grid grid-cols-[auto_1fr] items-center gap-x-4 gap-y-2.5 text-13">
        {KEYS.map(({ keys, does }) => (
          <div key={does} className="contents">
            <dt className="flex gap-1">
              {keys.map((key) => (
                <Key key={key}>{key}</Key>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <label className="mt-5 flex items-center gap-2.5 border-t border-line pt-4 text-13 text-ink">
        <input type="checkbox" className="size-4 accent-(--ink)" checked={on} onChange={(event) => setKeysEnabled(event.target.checked)} />
        Single keys are on
      </label>
    </Dialog>
  );
}
