import { Check, Copy } from "lucide-react";
import { useEffect, useState, type FormEvent } from "react";
import { Button, IconButton } from "../ui/Button";
import { Field } from "../ui/Field";
import { Severity } from "../ui/Glyph";
import type { SignInTrouble } from "./trouble";

interface Props {
  busy: boolean;
  trouble: SignInTrouble | null;
  onSubmit: (passphrase: string) => void;
}

export function SignInForm({ busy, trouble, onSubmit }: Props) {
  const [passphrase, setPassphrase] = useState("");
  const wait_s = useCountdown(trouble);

  function submit(event: FormEvent) {
    event.preventDefault();
    if (passphrase && !busy && wait_s === 0) onSubmit(passphrase);
  }

  return (
    <>
      <h1 className="text-28 font-semibold tracking-[-0.022em] text-ink">Sign in</h1>
      <p className="mt-2 text-14">With your passphrase, or with a one-time link from the machine where Motorcade runs.</p>
      {trouble && <Trouble trouble={trouble} wait_s={wait_s} />}
      <form onSubmit={submit} className="mt-7" noValidate>
        <Field label="Passphrase" name="passphrase" type="password" autoComplete="current-password" value={passphrase} onChange={(e) => setPassphrase(e.target.value)} />
        <Button type="submit" look="primary" size="large" className="mt-4 w-full" disabled={busy || passphrase === "" || wait_s > 0}>
          {busy ? "Signing in" : wait_s > 0 ? `Wait ${wait_s} s` : "Sign in"}
        </Button>
      </form>
      <section className="mt-9 border-t border-line pt-5" aria-labelledby="no-passphrase">
        <h2 id="no-passphrase" className="text-13 font-semibold text-ink">
          No passphrase yet?
        </h2>
        <p className="mt-0.5 mb-2.5 text-13">Run this where Motorcade runs. It prints a link that works once, for 15 minutes.</p>
        <Command text="motorcade open" />
      </section>
    </>
  );
}

function Trouble({ trouble, wait_s }: { trouble: SignInTrouble; wait_s: number }) {
  return (
    <div role="alert" data-testid="sign-in-trouble" className="mt-6 flex gap-2.5 rounded-2 bg-alert-wash px-3 py-2.5 text-13 text-ink">
      <Severity level="alert" className="mt-0.5" />
      <div>
        <p className="font-semibold">{trouble.title}</p>
        <p>
          {wait_s > 0 ? `Wait ${wait_s} s, then try again. ` : ""}
          {trouble.text}
        </p>
      </div>
    </div>
  );
}

function Command({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  async function copy() {
    await navigator.clipboard.writeText(text).catch(() => undefined);
    setCopied(true);
  }
  return (
    <div className="flex h-9 items-center rounded-2 border border-line-2 bg-sunken pr-1 pl-3 touch:h-12">
      <code className="flex-1 font-mono text-13 text-ink">{text}</code>
      <IconButton label={copied ? "Copied" : "Copy the command"} onClick={copy}>
        {copied ? <Check /> : <Copy />}
      </IconButton>
    </div>
  );
}

function useCountdown(trouble: SignInTrouble | null): number {
  const [left, setLeft] = useState(0);
  useEffect(() => {
    const until = Date.now() + (trouble?.wait_s ?? 0) * 1000;
    const look = () => setLeft(Math.max(0, Math.ceil((until - Date.now()) / 1000)));
    look();
    const timer = setInterval(look, 250);
    return () => clearInterval(timer);
  }, [trouble]);
  return left;
}
