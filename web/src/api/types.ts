// Short names for the generated shapes of the HTTP API; `npm run api` writes schema.d.ts from the API's description.
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Vehicle = Schemas["Vehicle"];
export type VehicleDetail = Schemas["VehicleDetail"];
export type VehiclePage = Schemas["VehiclePage"];
export type Reading = Schemas["Reading"];
export type Signal = Schemas["Signal"];
export type Session = Schemas["Session"];
export type Problem = Schemas["Problem"];
export type Config = Schemas["WebConfig"];
export type Status = Vehicle["status"];

/** Bodies of the live stream's events. */
export type LiveVehicles = Schemas["LiveVehicles"];
export type LiveSignals = Schemas["LiveSignals"];
