import { useQueryClient, useSuspenseQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useCallback, useState } from "react";
import { KeysDialog } from "../keys/KeysDialog";
import { useKeys } from "../keys/keys";
import { LiveProvider } from "../live/LiveContext";
import { PassphraseDialog } from "../session/PassphraseDialog";
import { ProfileMenu } from "../session/ProfileMenu";
import { configQuery, sessionQuery } from "../session/session";
import { useLayout } from "./layout";
import { LiveView } from "./LiveView";
import { Rail } from "./Rail";

const route = getRouteApi("/live");

/** The live page's frame: rail, dialogs of the person, and the live link around all of it. */
export function LivePage() {
  const { data: session } = useSuspenseQuery(sessionQuery);
  const config = useQuery(configQuery);
  const queries = useQueryClient();
  const navigate = useNavigate();
  const layout = useLayout();
  const { vehicle } = route.useSearch();
  const [dialog, setDialog] = useState<"passphrase" | "keys" | null>(null);
  const close = () => setDialog(null);

  const onSignedOut = useCallback(() => {
    queries.clear();
    void navigate({ to: "/sign-in", search: { next: location.pathname + location.search } });
  }, [queries, navigate]);
  useKeys({ "?": () => setDialog("keys") });

  const below = layout === "half";
  const profile = (
    <ProfileMenu
      session={session}
      side={layout === "phone" ? "bottom" : below ? "top" : "right"}
      onPassphrase={() => setDialog("passphrase")}
      onKeys={() => setDialog("keys")}
    />
  );
  return (
    <LiveProvider opened={vehicle} onSignedOut={onSignedOut}>
      <a href="#fleet" className="sr-only focus:not-sr-only focus:absolute focus:top-2 focus:left-2 focus:z-50 focus:rounded-2 focus:bg-ink focus:px-3 focus:py-1.5 focus:text-on-ink">
        To the list of cars
      </a>
      <div className={`flex h-full ${below ? "flex-col-reverse" : ""}`}>
        {layout !== "phone" && <Rail below={below} profile={profile} />}
        {!config.isPending && <LiveView layout={layout} config={config.data} profile={profile} />}
      </div>
      <PassphraseDialog open={dialog === "passphrase"} session={session} onClose={close} />
      <KeysDialog open={dialog === "keys"} onClose={close} />
    </LiveProvider>
  );
}
