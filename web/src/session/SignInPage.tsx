import { useNavigate, useSearch } from "@tanstack/react-router";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useState } from "react";
import { ThemeSwitch } from "../theme/ThemeSwitch";
import { Mark } from "../ui/Glyph";
import { toast } from "../ui/Toasts";
import { SignInForm } from "./SignInForm";
import { describe, type SignInTrouble } from "./trouble";
import { configQuery, useSignIn } from "./session";
import type { Session } from "../api/types";

const Backdrop = lazy(() => import("../map/Backdrop"));

/** Read once at load and taken out of the address at once, so that it stays in no history and no screenshot. */
function takeToken(): string | null {
  const token = location.hash.slice(1);
  if (!token) return null;
  history.replaceState(history.state, "", location.pathname + location.search);
  return token;
}

export function SignInPage() {
  const navigate = useNavigate();
  const { next } = useSearch({ from: "/sign-in" });
  const signIn = useSignIn();
  const config = useQuery(configQuery);
  const [token, setToken] = useState(takeToken);
  const [trouble, setTrouble] = useState<SignInTrouble | null>(null);

  function entered(session: Session, byLink: boolean) {
    if (byLink) greet(session);
    void navigate({ href: next ?? "/live", replace: true });
  }

  useEffect(() => {
    if (!token) return;
    // Taken before it is sent: a second run of this effect must not spend the link twice.
    setToken(null);
    signIn.mutate({ link_token: token }, { onSuccess: (s) => entered(s, true), onError: (e) => setTrouble(describe(e, "link")) });
  });

  // A link opened in a tab that already shows this page changes the fragment only.
  useEffect(() => {
    const onHash = () => setToken(takeToken());
    addEventListener("hashchange", onHash);
    return () => removeEventListener("hashchange", onHash);
  }, []);

  return (
    <div className="grid h-full lg:grid-cols-[600px_1fr]">
      <main className="flex flex-col overflow-y-auto bg-panel px-6 py-6 sm:px-16 lg:border-r lg:border-line">
        <header className="flex flex-wrap items-center justify-between gap-4">
          <span className="flex items-center gap-3 text-16 font-semibold tracking-[-0.008em] text-ink">
            <Mark className="size-6" />
            Motorcade
          </span>
          <ThemeSwitch />
        </header>
        <div className="my-auto max-w-95 py-12">
          <SignInForm
            busy={signIn.isPending}
            trouble={trouble}
            onSubmit={(passphrase) => {
              setTrouble(null);
              signIn.mutate({ passphrase }, { onSuccess: (s) => entered(s, false), onError: (e) => setTrouble(describe(e, "passphrase")) });
            }}
          />
        </div>
        <footer className="text-12 text-ink-3">Version {config.data?.version ?? "–"}</footer>
      </main>
      <div className="relative hidden bg-map-land lg:block" aria-hidden="true">
        <Suspense fallback={null}>
          <Backdrop />
        </Suspense>
      </div>
    </div>
  );
}

function greet(session: Session): void {
  const title = session.user.role === "owner" && !session.passphrase_set ? "The one-time link made you the owner. It is now spent." : "The one-time link signed you in. It is now spent.";
  toast({ level: "info", title, text: session.passphrase_set ? "" : "Set a passphrase from the menu at your initials before you close this browser." });
}
