import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "../api/client";

/** Who is signed in. An error with status 401 means: nobody. */
export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: api.session,
  staleTime: Number.POSITIVE_INFINITY,
  retry: false,
});

export const configQuery = queryOptions({
  queryKey: ["config"],
  queryFn: api.config,
  staleTime: Number.POSITIVE_INFINITY,
  retry: 1,
});

/** Signs in and remembers who it was. */
export function useSignIn() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: api.signIn,
    onSuccess: (session) => queries.setQueryData(sessionQuery.queryKey, session),
  });
}

/** Initials for the round badge: at most two letters. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0]?.[0], words.at(-1)?.[0]] : [...(words[0] ?? "?")].slice(0, 2);
  return letters.join("").toLocaleUpperCase();
}
