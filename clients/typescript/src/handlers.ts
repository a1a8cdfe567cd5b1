import type { Message } from "@aws-sdk/client-sqs";

import { KeybusError } from "./errors.js";
import { majorOf, type EventHead, type EventType } from "./event.js";
import { parseJson } from "./json.js";

/** How an event came. */
export interface Delivery {
  /** The envelope's id. */
  readonly envelopeId: string;
  readonly source: string;
  /** When the bus took the event. */
  readonly time: string;
  /** 1 for the first time that the event is received. */
  readonly attempt: number;
}

/** What is done with an event; the event comes again if it throws. */
export type Handler<E> = (event: E, delivery: Delivery) => Promise<void> | void;

type Envelope = Readonly<Record<string, unknown>>;

interface Bound {
  readonly type: EventType<EventHead>;
  readonly handler: Handler<EventHead>;
}

/** The handlers of a subscriber, each of one event type's major version. */
export class Handlers {
  readonly #bound = new Map<string, Bound>();

  get isEmpty(): boolean {
    return this.#bound.size === 0;
  }

  add<E extends EventHead>(type: EventType<E>, handler: Handler<E>): void {
    const key = keyOf(type.TYPE, type.VERSION);
    if (this.#bound.has(key)) {
      throw new KeybusError(`${key} has a handler already`, {
        hint: "one handler can call several",
      });
    }
    this.#bound.set(key, { type, handler } as unknown as Bound);
  }

  /** Hand a message's event to its handler. */
  async handle(message: Message): Promise<void> {
    const envelope = envelopeOf(message);
    const { type, handler } = this.#find(envelope);
    const event = type.read(envelope["detail"]);
    await handler(event, deliveryOf(envelope, message));
  }

  /** By detail-type and major; an event that names no version is of the only major there is. */
  #find(envelope: Envelope): Bound {
    const type = String(envelope["detail-type"]);
    const version = (envelope["detail"] as { schema_version?: unknown } | null)
      ?.schema_version;
    const of = [...this.#bound.values()].filter(
      (bound) => bound.type.TYPE === type,
    );
    const found =
      typeof version === "string"
        ? this.#bound.get(keyOf(type, version))
        : of.length === 1 && of[0];
    if (found) return found;
    const what = typeof version === "string" ? keyOf(type, version) : type;
    throw new KeybusError(`there is no handler for ${what}`, {
      hint: "subscribe to what is handled, or handle it with on()",
    });
  }
}

function keyOf(type: string, version: string): string {
  return `${type}@${majorOf(version)}`;
}

function envelopeOf(message: Message): Envelope {
  const envelope = parseJson(message.Body ?? "");
  if (
    typeof envelope !== "object" ||
    envelope === null ||
    !("detail" in envelope)
  ) {
    throw new KeybusError("the message is no event", {
      hint: "an event is an object with detail-type and detail; the queue must get it as it is",
    });
  }
  return envelope as Envelope;
}

function deliveryOf(envelope: Envelope, message: Message): Delivery {
  return {
    envelopeId: String(envelope["id"]),
    source: String(envelope["source"]),
    time: String(envelope["time"]),
    attempt: Number(message.Attributes?.ApproximateReceiveCount ?? 1),
  };
}
