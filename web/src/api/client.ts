import type { Config, Problem, Session, VehicleDetail, VehiclePage } from "./types";

/** Longest wait for an answer: a store that needs more is told as an error, with a retry. */
const ANSWER_WITHIN_MS = 5_000;
/** Rows in one page of the vehicle list: few round trips for 10,000 cars, and no answer above half a megabyte. */
const PAGE_ROWS = 500;

/** An answer that is not a success, or none at all (`status` 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem | null,
    readonly retry_after_s: number | null = null,
  ) {
    super(problem?.detail ?? problem?.title ?? (status === 0 ? "No answer" : `Status ${status}`));
  }

  /** The last part of the problem's type, e.g. `link-spent`. */
  get kind(): string {
    return this.problem?.type.split("/").at(-1) ?? "";
  }
}

async function send<T>(method: string, path: string, body?: unknown): Promise<T> {
  const init: RequestInit = { method, signal: AbortSignal.timeout(ANSWER_WITHIN_MS), headers: { Accept: "application/json" } };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { ...init.headers, "Content-Type": "application/json" };
  }
  let answer: Response;
  try {
    answer = await fetch(path, init);
  } catch {
    throw new ApiError(0, null);
  }
  if (answer.ok) return (answer.status === 204 ? undefined : await answer.json()) as T;
  const problem = (await answer.json().catch(() => null)) as Problem | null;
  const wait = Number(answer.headers.get("Retry-After"));
  throw new ApiError(answer.status, problem, Number.isFinite(wait) && wait > 0 ? wait : null);
}

export type Credentials = { link_token: string } | { passphrase: string };

export const api = {
  config: () => send<Config>("GET", "/config.json"),
  session: () => send<Session>("GET", "/v1/session"),
  signIn: (credentials: Credentials) => send<Session>("POST", "/v1/session", credentials),
  signOut: () => send<void>("DELETE", "/v1/session"),
  setPassphrase: (passphrase: string, current?: string) =>
    send<void>("PUT", "/v1/session/passphrase", current === undefined ? { passphrase } : { passphrase, current }),
  vehicle: (id: string) => send<VehicleDetail>("GET", `/v1/vehicles/${encodeURIComponent(id)}`),
  page: (cursor: string | null) =>
    send<VehiclePage>("GET", `/v1/vehicles?limit=${PAGE_ROWS}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`),
};
