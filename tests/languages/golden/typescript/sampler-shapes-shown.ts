/* eslint-disable */

import { eventType } from "@keybus/client";

import { contracts } from "../contracts.js";
import type { Json } from "../core/json.js";
import type { Priority } from "../core/priority.js";
import type { Publisher } from "../core/publisher.js";
import type { Vehicle } from "../core/vehicle.js";

/** Every shape that bindings know. */
export interface SamplerShapesShown {
  /** The event's own id. */
  readonly id: string;
  readonly type: "sampler.shapes.shown";
  readonly time: string;
  /** Who emitted it. */
  readonly publisher: Publisher;
  readonly schema_version: string;
  readonly trace?: string;
  readonly correlation_id?: string;
  readonly causation_id?: string;
  readonly contact?:
    | SamplerShapesShownContactOption1
    | SamplerShapesShownContactOption2
    | string;
  readonly anything?: unknown;
  readonly free?: { readonly [name: string]: unknown };
  readonly from?: string;
  readonly class?: string;
  readonly "door-id"?: string;
  readonly "door id"?: string;
  readonly "2fa"?: boolean;
  readonly self?: string;
  /** Named like a method. */
  readonly to_json?: string;
  readonly TYPE?: string;
  readonly str?: string;
  readonly __init__?: string;
  readonly _document?: string;
  readonly größe?: number;
  readonly ﬁle?: string;
  readonly 日付?: string;
  /** Says """anything""" \ even \N{BULLET}, and ends in a quote" */
  readonly note?: string | null;
  readonly verdict: string | null;
  readonly priority?: Priority;
  readonly tree?: SamplerShapesShownTree;
  /** Any text, or lists of such. */
  readonly json?: Json;
  readonly stops?: readonly SamplerShapesShownStopsItem[];
  readonly prices?: { readonly [name: string]: number };
  readonly fleet?: { readonly [name: string]: Vehicle };
  readonly mixed?: number | boolean | readonly string[];
  readonly amount?: number;
  readonly count?: number;
  readonly vehicle?: SamplerShapesShownVehicle;
  readonly wait?: string;
  readonly closed?: SamplerShapesShownClosed;
}

/** Makes and reads `sampler.shapes.shown` events. */
export const SamplerShapesShown = eventType<SamplerShapesShown>({
  contracts,
  FILE: "sampler/SamplerShapesShown.json",
  TYPE: "sampler.shapes.shown",
  VERSION: "2.0.1",
  DIGEST:
    "sha256:00adb68a68c849c4ffca61b9a6065342db2fb17f6a2cde28e18c45ff1870e6dd",
  OWNER: "samplers",
});

export interface SamplerShapesShownClosed {
  readonly inner?: string;
}

export interface SamplerShapesShownContactOption1 {
  readonly email: string;
}

export interface SamplerShapesShownContactOption2 {
  readonly phone: string;
  readonly country?: number;
}

export interface SamplerShapesShownStopsItem {
  readonly at: string;
  readonly grid?: readonly (readonly SamplerShapesShownStopsItemGridItemItem[])[];
}

export interface SamplerShapesShownStopsItemGridItemItem {
  readonly x?: number;
}

/** Vehicle */
export interface SamplerShapesShownVehicle {
  readonly plate: string;
  readonly speed?: number;
  readonly colour?: string;
}

export interface SamplerShapesShownTree {
  readonly label: string;
  readonly children?: readonly SamplerShapesShownTree[];
}
