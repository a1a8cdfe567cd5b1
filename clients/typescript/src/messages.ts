import {
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  type Message,
  type SQSClient,
} from "@aws-sdk/client-sqs";

import type { Log } from "./subscriber.js";

const MOST_DELETED = 10;

/** A message that is in hand: nobody else gets it until it is released. */
export interface Held {
  /** Let go of it: it is deleted where it was handled, and else left in the queue. */
  release(handled: boolean): Promise<void>;
}

/** The messages of a queue that are in hand. */
export class Messages {
  /** The queue's URL, once it is known. */
  queueUrl = "";
  readonly #client: Pick<SQSClient, "send">;
  readonly #log: Log;
  readonly #visibilitySeconds: number;
  readonly #retrySeconds: number | undefined;
  readonly #done: string[] = [];
  #deleting: Promise<void> | undefined;

  constructor(
    client: Pick<SQSClient, "send">,
    options: {
      readonly visibilitySeconds: number;
      readonly retrySeconds?: number;
    },
    log: Log,
  ) {
    this.#client = client;
    this.#visibilitySeconds = options.visibilitySeconds;
    this.#retrySeconds = options.retrySeconds;
    this.#log = log;
  }

  /** Keep a message from others for as long as it takes. */
  hold({ ReceiptHandle: handle = "" }: Message): Held {
    const each = (this.#visibilitySeconds * 1000) / 2;
    const timer = setInterval(
      () => void this.#show(handle, this.#visibilitySeconds),
      each,
    );
    return {
      release: async (handled) => {
        clearInterval(timer);
        if (handled) this.#delete(handle);
        else if (this.#retrySeconds !== undefined)
          await this.#show(handle, this.#retrySeconds);
      },
    };
  }

  /** Wait until what was handled is deleted. */
  async settled(): Promise<void> {
    while (this.#deleting) await this.#deleting;
  }

  async #show(handle: string, seconds: number): Promise<void> {
    const command = new ChangeMessageVisibilityCommand({
      QueueUrl: this.queueUrl,
      ReceiptHandle: handle,
      VisibilityTimeout: seconds,
    });
    await this.#tried("its visibility cannot be changed", () =>
      this.#client.send(command),
    );
  }

  /** Delete with the next batch: at once, or with all that is done while one is under way. */
  #delete(handle: string): void {
    this.#done.push(handle);
    this.#deleting ??= this.#deleteAll().finally(() => {
      this.#deleting = undefined;
    });
  }

  async #deleteAll(): Promise<void> {
    while (this.#done.length > 0) {
      const handles = this.#done.splice(0, MOST_DELETED);
      const command = new DeleteMessageBatchCommand({
        QueueUrl: this.queueUrl,
        Entries: handles.map((ReceiptHandle, index) => ({
          Id: `${index}`,
          ReceiptHandle,
        })),
      });
      const answer = await this.#tried("handled events come again", () =>
        this.#client.send(command),
      );
      for (const { Code, Message: reason } of answer?.Failed ?? []) {
        this.#log.warn(`a handled event comes again: ${Code}: ${reason}`);
      }
    }
  }

  async #tried<T>(
    consequence: string,
    ask: () => Promise<T>,
  ): Promise<T | undefined> {
    try {
      return await ask();
    } catch (error) {
      const { name, message } = error as Error;
      this.#log.warn(`${this.queueUrl}: ${consequence}: ${name}: ${message}`);
      return undefined;
    }
  }
}
