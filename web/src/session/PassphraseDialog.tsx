import { useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { api, ApiError } from "../api/client";
import type { Session } from "../api/types";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { Field } from "../ui/Field";
import { toast } from "../ui/Toasts";
import { sessionQuery } from "./session";

/** The server refuses shorter ones; told here before anything is sent. */
export const PASSPHRASE_LEAST = 15;

export function PassphraseDialog({ open, session, onClose }: { open: boolean; session: Session; onClose: () => void }) {
  return (
    <Dialog open={open} onClose={onClose} title={session.passphrase_set ? "Change your passphrase" : "Set a passphrase"}>
      <PassphraseForm session={session} onClose={onClose} />
    </Dialog>
  );
}

function PassphraseForm({ session, onClose }: { session: Session; onClose: () => void }) {
  const queries = useQueryClient();
  const [current, setCurrent] = useState("");
  const [first, setFirst] = useState("");
  const [second, setSecond] = useState("");
  const [errors, setErrors] = useState<{ current?: string; first?: string; second?: string }>({});
  const [busy, setBusy] = useState(false);

  async function save(event: FormEvent) {
    event.preventDefault();
    const missing = PASSPHRASE_LEAST - [...first].length;
    if (missing > 0) return setErrors({ first: `At least ${PASSPHRASE_LEAST} characters. ${missing} more to go.` });
    if (first !== second) return setErrors({ second: "The two differ. Type it again." });
    setBusy(true);
    try {
      await api.setPassphrase(first, session.passphrase_set ? current : null);
      queries.setQueryData(sessionQuery.queryKey, { ...session, passphrase_set: true });
      toast({ level: "info", title: "Passphrase set", text: "Use it to sign in from now on." });
      onClose();
    } catch (error) {
      setErrors(errorsOf(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <form onSubmit={save} noValidate>
      <p className="mb-4">Needed before anyone can reach this from another machine. A few unrelated words are easy to keep and hard to guess.</p>
      {/* A user name lets password managers file the entry under the right person. */}
      <input type="text" name="username" autoComplete="username" value={session.user.name} readOnly hidden />
      {session.passphrase_set && (
        <Field label="Current passphrase" type="password" autoComplete="current-password" value={current} error={errors.current} onChange={(e) => setCurrent(e.target.value)} className="mb-4" />
      )}
      <Field
        label="New passphrase"
        type="password"
        autoComplete="new-password"
        value={first}
        hint={`At least ${PASSPHRASE_LEAST} characters`}
        error={errors.first}
        onChange={(e) => setFirst(e.target.value)}
        className="mb-4"
      />
      <Field label="The same once more" type="password" autoComplete="new-password" value={second} error={errors.second} onChange={(e) => setSecond(e.target.value)} />
      <div className="-mx-5 mt-5 -mb-5 flex justify-end gap-2 border-t border-line px-5 py-3">
        <Button onClick={onClose}>Not now</Button>
        <Button look="primary" type="submit" disabled={busy}>
          {session.passphrase_set ? "Change passphrase" : "Set passphrase"}
        </Button>
      </div>
    </form>
  );
}

function errorsOf(error: unknown): { current?: string; first?: string } {
  if (!(error instanceof ApiError)) return { first: "It could not be saved. Try again." };
  if (error.status === 0) return { first: "No answer in 5 s. Nothing was changed. Try again." };
  if (error.status === 401 || error.status === 403) return { current: "This is not the current passphrase." };
  return { first: error.message };
}
