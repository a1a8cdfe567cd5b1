import {
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SQSClient,
  type Message,
} from "@aws-sdk/client-sqs";

import { Backoff } from "./backoff.js";
import { configurationOf, mayPass, type Connection } from "./connection.js";
import { KeybusError, SubscriberError } from "./errors.js";
import type { EventHead, EventType } from "./event.js";
import { Handlers, type Handler } from "./handlers.js";
import { Messages } from "./messages.js";

export type { Delivery, Handler } from "./handlers.js";

/** Where a subscriber tells what it could not do; `console` is one. */
export interface Log {
  warn(message: string): void;
}

export interface SubscriberOptions extends Connection {
  /** The subscription's queue: its name, or its URL. */
  readonly queue: string;
  /** The account that the queue is of, 12 digits, where it is not the caller's own. */
  readonly account?: string;
  /** How many events are handled at the same time; 10 where it is not given. */
  readonly concurrency?: number;
  /** How many seconds nobody else gets an event; prolonged while its handler runs. 30. */
  readonly visibilitySeconds?: number;
  /** In how many seconds an event that failed may come again; else when its visibility ends. */
  readonly retrySeconds?: number;
  /** A client of the AWS SDK, in place of `endpoint` and `region`. It stays open. */
  readonly client?: Pick<SQSClient, "send">;
  /** Where to tell what could not be done; `console` where it is not given. */
  readonly log?: Log;
}

const WAIT_SECONDS = 20;
const MOST_MESSAGES = 10;

/**
 * Receives the events of a subscription and hands each to the handler of its type.
 *
 * Events are delivered at least once: a handler may see one twice, and can tell by its `id`. An
 * event is deleted when its handler has returned. What fails, does not fit its contract or has no
 * handler is logged and left in the queue, whose redrive policy makes it a dead letter.
 */
export class EventSubscriber {
  readonly #options: SubscriberOptions;
  readonly #log: Log;
  readonly #concurrency: number;
  readonly #client: Pick<SQSClient, "send">;
  readonly #owned: SQSClient | undefined;
  readonly #handlers = new Handlers();
  readonly #stopping = new AbortController();
  readonly #inHand = new Set<Promise<void>>();

  constructor(options: SubscriberOptions) {
    this.#options = options;
    this.#log = options.log ?? console;
    this.#concurrency = options.concurrency ?? 10;
    if (!options.client) this.#owned = new SQSClient(configurationOf(options));
    this.#client = options.client ?? (this.#owned as SQSClient);
  }

  /**
   * Handle events of a type, of its major version.
   *
   * @throws KeybusError The type has a handler already.
   */
  on<E extends EventHead>(type: EventType<E>, handler: Handler<E>): this {
    this.#handlers.add(type, handler);
    return this;
  }

  /**
   * Receive until `stop` is called; then finish what is in hand.
   *
   * @throws SubscriberError The queue cannot be received from, and waiting would not help.
   */
  async run(): Promise<void> {
    if (this.#handlers.isEmpty) {
      throw new KeybusError("the subscriber has no handler", {
        hint: "give it some with on(EventType, handler) before run()",
      });
    }
    const messages = new Messages(
      this.#client,
      { visibilitySeconds: this.#visibility, ...this.#options },
      this.#log,
    );
    try {
      await this.#receiveAll(messages);
    } finally {
      await Promise.all(this.#inHand);
      await messages.settled();
      this.#owned?.destroy();
    }
  }

  /** Receive no more; `run` ends when what is in hand is done. */
  stop(): void {
    this.#stopping.abort();
  }

  async #receiveAll(messages: Messages): Promise<void> {
    const url = await this.#answered(() => this.#queueUrl());
    if (url === undefined) return;
    messages.queueUrl = url;
    while (!this.#isStopped) {
      const room = this.#concurrency - this.#inHand.size;
      if (room <= 0) {
        await Promise.race(this.#inHand);
        continue;
      }
      const most = Math.min(room, MOST_MESSAGES);
      const received = await this.#answered(() => this.#receive(url, most));
      for (const group of groupsOf(received ?? [])) this.#take(group, messages);
    }
  }

  get #isStopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** What the bus answers, asked until it does; undefined where stopped meanwhile. */
  async #answered<T>(ask: () => Promise<T>): Promise<T | undefined> {
    const backoff = new Backoff(Number.POSITIVE_INFINITY);
    while (!this.#isStopped) {
      try {
        return await ask();
      } catch (error) {
        if (this.#isStopped) break;
        const { name, message } = error as Error;
        const told = `cannot receive from ${this.#options.queue}: ${name}: ${message}`;
        if (!mayPass(error)) throw new SubscriberError(told, { cause: error });
        this.#log.warn(`${told}; trying again`);
        await backoff.wait(this.#stopping.signal).catch(() => false); // stopped
      }
    }
    return undefined;
  }

  async #receive(queueUrl: string, most: number): Promise<Message[]> {
    const command = new ReceiveMessageCommand({
      QueueUrl: queueUrl,
      MaxNumberOfMessages: most,
      WaitTimeSeconds: WAIT_SECONDS,
      VisibilityTimeout: this.#visibility,
      MessageSystemAttributeNames: [
        "ApproximateReceiveCount",
        "MessageGroupId",
      ],
    });
    const options = { abortSignal: this.#stopping.signal };
    return (await this.#client.send(command, options)).Messages ?? [];
  }

  get #visibility(): number {
    return this.#options.visibilitySeconds ?? 30;
  }

  /** Handle the messages of one group, one after the other. */
  #take(group: readonly Message[], messages: Messages): void {
    const work = this.#handleInOrder(group, messages).finally(() =>
      this.#inHand.delete(work),
    );
    this.#inHand.add(work);
  }

  async #handleInOrder(
    group: readonly Message[],
    messages: Messages,
  ): Promise<void> {
    const held = group.map((message) => messages.hold(message));
    let failed = false;
    for (const [position, message] of group.entries()) {
      // What follows one that failed in its group waits for it.
      if (!failed) failed = !(await this.#handle(message));
      await held[position]?.release(!failed);
    }
  }

  async #handle(message: Message): Promise<boolean> {
    try {
      await this.#handlers.handle(message);
      return true;
    } catch (error) {
      const { name, message: text } =
        error instanceof Error ? error : new Error(String(error));
      const attempt = message.Attributes?.ApproximateReceiveCount ?? "1";
      this.#log.warn(
        `event ${message.MessageId} stays in ${this.#options.queue} (attempt ${attempt}): ${name}: ${text}`,
      );
      return false;
    }
  }

  async #queueUrl(): Promise<string> {
    const { queue, account } = this.#options;
    if (/^https?:/.test(queue)) return queue;
    const command = new GetQueueUrlCommand({
      QueueName: queue,
      ...(account !== undefined && { QueueOwnerAWSAccountId: account }),
    });
    const options = { abortSignal: this.#stopping.signal };
    return (await this.#client.send(command, options)).QueueUrl ?? "";
  }
}

/** Messages that have to be handled in order, together; each of the others by itself. */
function groupsOf(received: readonly Message[]): Message[][] {
  const groups = new Map<string, Message[]>();
  for (const [position, message] of received.entries()) {
    const name = message.Attributes?.MessageGroupId;
    const key = name === undefined ? `${position}` : `group ${name}`;
    groups.set(key, [...(groups.get(key) ?? []), message]);
  }
  return [...groups.values()];
}
