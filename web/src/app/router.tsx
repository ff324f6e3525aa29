import type { QueryClient } from "@tanstack/react-query";
import { createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent, Link, Outlet, redirect } from "@tanstack/react-router";
import { ApiError } from "../api/client";
import { SignInPage } from "../session/SignInPage";
import { sessionQuery } from "../session/session";
import { Empty, Failure } from "../ui/States";
import { Toasts } from "../ui/Toasts";
import { parseLiveSearch, parseQuery, writeQuery } from "./search";

const root = createRootRouteWithContext<{ queries: QueryClient }>()({
  component: () => (
    <>
      <Outlet />
      <Toasts />
    </>
  ),
  notFoundComponent: () => (
    <main className="grid h-full place-items-center bg-panel">
      <Empty page title="There is no such page" act={<Link to="/live" className="font-medium text-ink underline underline-offset-2">Go to the live map</Link>}>
        The address is mistyped, or the page comes with a later version.
      </Empty>
    </main>
  ),
  errorComponent: ({ error, reset }) => (
    <main className="grid h-full place-items-center bg-panel">
      <Failure
        page
        title="Motorcade does not answer"
        detail={error instanceof ApiError && error.status > 0 ? error.message : "Your data is safe. Look whether it still runs, then try again."}
        requestId={error instanceof ApiError ? (error.problem?.request_id ?? null) : null}
        onRetry={reset}
      />
    </main>
  ),
});

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/live" });
  },
});

const live = createRoute({
  getParentRoute: () => root,
  path: "/live",
  validateSearch: parseLiveSearch,
  beforeLoad: async ({ context, location }) => {
    try {
      await context.queries.ensureQueryData(sessionQuery);
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) throw redirect({ to: "/sign-in", search: location.searchStr ? { next: location.href } : {} });
      throw error;
    }
  },
  // A chunk of its own: the sign-in page needs none of it.
  component: lazyRouteComponent(() => import("./LivePage"), "LivePage"),
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  // Only a path of this very site may be gone to afterwards.
  validateSearch: (raw: Record<string, unknown>): { next?: string } =>
    typeof raw["next"] === "string" && /^\/(?!\/)[^\\]*$/.test(raw["next"]) ? { next: raw["next"] } : {},
  component: SignInPage,
});

export function makeRouter(queries: QueryClient) {
  return createRouter({
    routeTree: root.addChildren([home, live, signIn]),
    context: { queries },
    parseSearch: parseQuery,
    stringifySearch: writeQuery,
    defaultPreload: false,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
