import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { api, ApiError } from "../api/client";
import type { Signal, Vehicle } from "../api/types";
import { useFleetVersion, useLink, useLive } from "../live/LiveContext";

/** While the stream is away the opened vehicle is asked for as often as the fleet. */
const POLL_EVERY_MS = 5_000;

export interface OpenedVehicle {
  vehicle: Vehicle | undefined;
  signals: readonly Signal[];
  byName: ReadonlyMap<string, Signal>;
  loading: boolean;
  error: ApiError | null;
  retry: () => void;
}

/** One vehicle with its signals: loaded once, then kept true by the live link. */
export function useVehicle(id: string): OpenedVehicle {
  const { store, link } = useLive();
  const { phase } = useLink();
  useFleetVersion();
  useEffect(() => {
    link.open(id);
    return () => link.open(null);
  }, [link, id]);
  const query = useQuery({
    queryKey: ["vehicle", id],
    queryFn: () => api.vehicle(id),
    staleTime: 0,
    gcTime: 0,
    retry: false,
    refetchInterval: phase === "live" ? false : POLL_EVERY_MS,
  });
  const loaded = query.data;
  useEffect(() => {
    if (loaded) store.mergeSignals(id, loaded.signals);
  }, [store, id, loaded]);
  const merged = store.openedSignals();
  const signals = merged.length > 0 ? merged : (loaded?.signals ?? merged);
  const byName = useMemo(() => new Map(signals.map((s) => [s.name, s])), [signals]);
  return {
    vehicle: store.vehicle(id) ?? loaded,
    signals,
    byName,
    loading: query.isPending,
    error: query.error instanceof ApiError ? query.error : null,
    retry: () => void query.refetch(),
  };
}
