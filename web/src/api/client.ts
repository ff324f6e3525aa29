import createClient from "openapi-fetch";
import type { paths } from "./schema";
import type { Problem } from "./types";

/** Longest wait for an answer: a store that needs more is told as an error, with a retry. */
const ANSWER_WITHIN_MS = 5_000;
/** The most rows that one page may have: few round trips for 10,000 cars. */
const PAGE_ROWS = 500;

const http = createClient<paths>({
  baseUrl: location.origin,
  fetch: (request) => fetch(request, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) }),
});

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

/** The body of a success; anything else is thrown as `ApiError`. */
async function body<T>(asked: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await asked.catch(() => {
    throw new ApiError(0, null);
  });
  if (response.ok) return data as T;
  const problem = typeof error === "object" && error !== null && "type" in error ? (error as Problem) : null;
  const wait = Number(response.headers.get("Retry-After"));
  throw new ApiError(response.status, problem, Number.isFinite(wait) && wait > 0 ? wait : null);
}

export type Credentials = { link_token: string } | { passphrase: string };

export const api = {
  config: () => body(http.GET("/config.json")),
  session: () => body(http.GET("/v1/session")),
  signIn: (credentials: Credentials) => body(http.POST("/v1/session", { body: credentials })),
  signOut: () => body(http.DELETE("/v1/session")),
  setPassphrase: (passphrase: string, current: string | null) => body(http.PUT("/v1/session/passphrase", { body: { passphrase, current } })),
  vehicle: (id: string) => body(http.GET("/v1/vehicles/{vehicle_id}", { params: { path: { vehicle_id: id } } })),
  page: (cursor: string | null) => body(http.GET("/v1/vehicles", { params: { query: { limit: PAGE_ROWS, cursor } } })),
};
