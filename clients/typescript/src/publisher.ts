import {
  EventBridgeClient,
  PutEventsCommand,
  type PutEventsResultEntry,
} from "@aws-sdk/client-eventbridge";

import { Backoff } from "./backoff.js";
import { typeOf } from "./bound.js";
import {
  configurationOf,
  isThrottling,
  mayPass,
  type Connection,
} from "./connection.js";
import { batchesOf, MOST_BYTES, sizeOf, type Placed } from "./entries.js";
import { KeybusError, PublishError, type FailedEntry } from "./errors.js";
import type { Draft, EventHead } from "./event.js";

export interface PublisherOptions extends Connection {
  /** The name under which this service publishes; `KEYBUS_PUBLISHER` where it is not given. */
  readonly publisher?: string;
  /** The envelope's source; the publisher's name, as platforms have it by default. */
  readonly source?: string;
  /** The bus's name or ARN; the platform's own, `default`, where it is not given. */
  readonly bus?: string;
  /** A client of the AWS SDK, in place of `endpoint` and `region`. It stays open. */
  readonly client?: Pick<EventBridgeClient, "send">;
  /** For how many milliseconds to try again what may work later; 30,000 where it is not given. */
  readonly retryMs?: number;
}

/** Publishes typed events to Keybus or EventBridge; a call returns once the bus has taken them. */
export class EventPublisher {
  readonly #publisher: string;
  readonly #source: string;
  readonly #bus: string | undefined;
  readonly #retryMs: number;
  readonly #client: Pick<EventBridgeClient, "send">;
  readonly #owned: EventBridgeClient | undefined;

  constructor(options: PublisherOptions = {}) {
    const publisher = options.publisher ?? process.env["KEYBUS_PUBLISHER"];
    if (!publisher) {
      throw new KeybusError("the publisher has no name", {
        hint: 'new EventPublisher({ publisher: "key.delivery" }), or KEYBUS_PUBLISHER',
      });
    }
    this.#publisher = publisher;
    this.#source = options.source ?? publisher;
    this.#bus = options.bus;
    this.#retryMs = options.retryMs ?? 30_000;
    if (!options.client)
      this.#owned = new EventBridgeClient(configurationOf(options));
    this.#client = options.client ?? (this.#owned as EventBridgeClient);
  }

  /**
   * Publish one event.
   *
   * @returns The id that the bus gave its envelope.
   * @throws InvalidEvent It does not fit its contract; nothing was sent.
   * @throws PublishError The bus did not take it, and why.
   */
  async publish(event: Draft<EventHead>): Promise<string> {
    const [id] = await this.publishMany([event]);
    return id as string;
  }

  /**
   * Publish events, in order.
   *
   * @returns The ids of their envelopes, in the same order.
   * @throws InvalidEvent One does not fit its contract; nothing was sent.
   * @throws PublishError The bus did not take some; each is named, the others are taken.
   */
  async publishMany(events: Iterable<Draft<EventHead>>): Promise<string[]> {
    const placed = [...events].map((event, index) =>
      this.#placed(event, index),
    );
    const sending = new Sending(this.#client, new Backoff(this.#retryMs));
    for (const batch of batchesOf(placed)) await sending.send(batch);
    return sending.result();
  }

  /** Let go of the connection. */
  close(): void {
    this.#owned?.destroy();
  }

  #placed(event: Draft<EventHead>, index: number): Placed {
    const type = typeOf(event);
    if (type === undefined) {
      throw new KeybusError("this is no event that its type has made", {
        hint: "make it by the type's create() or replace(), not by copying another",
      });
    }
    const whole = type.publishedBy(event, this.#publisher);
    const entry = {
      Source: this.#source,
      DetailType: type.TYPE,
      Detail: type.stringify(whole),
      ...(this.#bus !== undefined && { EventBusName: this.#bus }),
    };
    if (sizeOf(entry) > MOST_BYTES) {
      const failed = {
        code: "TooLarge",
        reason: `${sizeOf(entry)} bytes; a request takes ${MOST_BYTES}`,
      };
      throw new PublishError(
        [{ index, id: event.id, type: type.TYPE, ...failed }],
        0,
      );
    }
    return { index, id: event.id, entry };
  }
}

/** What has become of the entries of one call. */
class Sending {
  readonly #client: Pick<EventBridgeClient, "send">;
  readonly #backoff: Backoff;
  readonly #ids: string[] = [];
  readonly #failed: FailedEntry[] = [];
  #accepted = 0;
  #cause: unknown;

  constructor(client: Pick<EventBridgeClient, "send">, backoff: Backoff) {
    this.#client = client;
    this.#backoff = backoff;
  }

  /** Send a batch, and again what failed of it and may work later. */
  async send(batch: readonly Placed[]): Promise<void> {
    let left = batch;
    while (left.length > 0) {
      const later = await this.#tried(left);
      if (later.length > 0 && !(await this.#backoff.wait())) {
        this.#failed.push(...later.map(({ failure }) => failure));
        return;
      }
      left = later.map(({ placed }) => placed);
    }
    this.#backoff.reset();
  }

  result(): string[] {
    if (this.#failed.length > 0) {
      const failed = this.#failed.sort((one, other) => one.index - other.index);
      throw new PublishError(failed, this.#accepted, this.#cause);
    }
    return this.#ids;
  }

  /** One request; answers what may work later, each with the reason why it did not now. */
  async #tried(
    batch: readonly Placed[],
  ): Promise<{ placed: Placed; failure: FailedEntry }[]> {
    const results = await this.#put(batch);
    const later = [];
    for (const [position, placed] of batch.entries()) {
      const result = results[position] ?? { ErrorCode: "NoResult" };
      if (result.ErrorCode === undefined) {
        this.#ids[placed.index] = result.EventId ?? "";
        this.#accepted += 1;
        continue;
      }
      const failure = failureOf(placed, result);
      if (result.later ?? isRetryable(result.ErrorCode))
        later.push({ placed, failure });
      else this.#failed.push(failure);
    }
    return later;
  }

  /** The bus's answer; a request that failed is a failure of each of its entries. */
  async #put(
    batch: readonly Placed[],
  ): Promise<readonly (PutEventsResultEntry & { later?: boolean })[]> {
    try {
      const command = new PutEventsCommand({
        Entries: batch.map(({ entry }) => entry),
      });
      return (await this.#client.send(command)).Entries ?? [];
    } catch (error) {
      this.#cause = error;
      const { name, message } = error as Error;
      return batch.map(() => ({
        ErrorCode: name,
        ErrorMessage: message,
        later: mayPass(error),
      }));
    }
  }
}

function failureOf(
  { index, id, entry }: Placed,
  result: PutEventsResultEntry,
): FailedEntry {
  const {
    ErrorCode: code = "",
    ErrorMessage: reason = "the bus gave no reason",
  } = result;
  return { index, id, type: entry.DetailType, code, reason };
}

/** Codes of entries that EventBridge's documentation says to try again. */
function isRetryable(code: string): boolean {
  return (
    code === "InternalFailure" ||
    code === "InternalException" ||
    isThrottling(code)
  );
}
