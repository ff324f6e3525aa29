import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Keyboard, KeyRound, LogOut } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { api } from "../api/client";
import type { Session } from "../api/types";
import { ThemeSwitch } from "../theme/ThemeSwitch";
import { MENU, MENU_ITEM } from "../ui/menu";
import { toast } from "../ui/Toasts";
import { initials } from "./session";

interface Props {
  session: Session;
  side: "right" | "top" | "bottom";
  onPassphrase: () => void;
  onKeys: () => void;
}

/** Who is signed in, and what belongs to the person: passphrase, theme, keys, leaving. */
export function ProfileMenu({ session, side, onPassphrase, onKeys }: Props) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  async function leave() {
    try {
      await api.signOut();
    } catch {
      return toast({ level: "alert", title: "Sign-out failed", text: "No answer in 5 s. You are still signed in." });
    }
    await navigate({ to: "/sign-in" });
    queries.clear();
  }
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger
        aria-label={`${session.user.name}, menu`}
        data-testid="profile"
        className="grid size-8 place-items-center rounded-full bg-selected text-11 font-semibold text-ink relative hover:bg-line-2 touch:before:absolute touch:before:-inset-1.5"
      >
        {initials(session.user.name)}
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content side={side} align="end" sideOffset={8} collisionPadding={12} className={`${MENU} w-64`}>
          <div className="px-2.5 pt-2 pb-2.5">
            <p className="font-semibold">{session.user.name}</p>
            <p className="text-12 text-ink-3">
              {session.user.role.charAt(0).toUpperCase() + session.user.role.slice(1)} · {session.organisation.name}
            </p>
          </div>
          <div className="border-y border-line px-2.5 py-2.5">
            <ThemeSwitch />
          </div>
          <DropdownMenu.Item className={`${MENU_ITEM} mt-1`} onSelect={onPassphrase}>
            <KeyRound />
            {session.passphrase_set ? "Change passphrase" : "Set a passphrase"}
          </DropdownMenu.Item>
          <DropdownMenu.Item className={MENU_ITEM} onSelect={onKeys}>
            <Keyboard />
            Keys
          </DropdownMenu.Item>
          <DropdownMenu.Item className={MENU_ITEM} onSelect={() => void leave()}>
            <LogOut />
            Sign out
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
