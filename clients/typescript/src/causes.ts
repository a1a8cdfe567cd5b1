import { randomBytes } from "node:crypto";

import type { EventHead } from "./event.js";

/** The properties by which an event tells what it follows from. */
export interface Cause {
  /** The id of the event that it answers. */
  readonly causation_id: string;
  /** The id of the first event of the whole story. */
  readonly correlation_id: string;
  /** The W3C traceparent of a new span in the other's trace, where it has one. */
  readonly trace?: string;
}

/**
 * What an event that answers another says of it, for `create({...causedBy(event), …})`.
 *
 * For contracts that declare these properties, as `core/Event.json` does.
 */
export function causedBy(
  event: Pick<EventHead, "id"> & {
    readonly correlation_id?: string;
    readonly trace?: string;
  },
): Cause {
  const parts = event.trace?.split("-") ?? [];
  const [version, trace, , flags] = parts;
  return {
    causation_id: event.id,
    correlation_id: event.correlation_id ?? event.id,
    ...(parts.length === 4 && {
      trace: `${version}-${trace}-${randomBytes(8).toString("hex")}-${flags}`,
    }),
  };
}
