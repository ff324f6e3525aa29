import { ApiError } from "../api/client";
import { clockText } from "../format/age";

export interface SignInTrouble {
  title: string;
  text: string;
  /** A command that makes a new link helps. */
  offerLink: boolean;
  /** Seconds until another try is allowed. */
  wait_s: number | null;
}

const MAKE_NEW = "Make a new one where Motorcade runs.";
/** When the server names no wait. */
const WAIT_S = 30;

/** What went wrong while signing in, in words: the fact first, then the remedy. */
export function describe(error: unknown, way: "link" | "passphrase"): SignInTrouble {
  const plain = { offerLink: false, wait_s: null };
  if (!(error instanceof ApiError)) return { ...plain, title: "Sign-in failed", text: "Try again." };
  if (error.status === 0) return { ...plain, title: "Motorcade does not answer", text: "No answer in 5 s. Look whether it still runs, then try again." };
  if (error.status === 429) {
    const wait_s = error.retry_after_s ?? WAIT_S;
    return { offerLink: false, wait_s, title: "Too many tries", text: "Each wrong try makes the wait longer." };
  }
  if (error.kind.includes("spent")) return { title: "This link is spent", text: `${spentAt(error.problem?.detail)} ${MAKE_NEW}`, offerLink: true, wait_s: null };
  if (error.kind.includes("expired")) return { title: "This link has run out", text: `A link works for 15 minutes. ${MAKE_NEW}`, offerLink: true, wait_s: null };
  if (error.kind === "link-not-local") return { ...plain, title: "This link works on the machine itself only", text: "Open it in a browser there, or sign in with your passphrase here." };
  if (way === "link") return { title: "This link does not work", text: `It may have run out or be cut short. ${MAKE_NEW}`, offerLink: true, wait_s: null };
  if (error.status === 401) return { ...plain, title: "That is not the passphrase", text: "Look at capitals and spaces, then try again." };
  return { ...plain, title: "Sign-in failed", text: error.message };
}

/** The server's detail carries the moment in RFC 3339; it is told in local time. */
function spentAt(detail: string | null | undefined): string {
  const found = detail?.match(/\d{4}-\d\d-\d\dT[\d:.]+Z/)?.[0];
  return found ? `This link was used at ${clockText(Date.parse(found))}.` : "This link was used before.";
}
