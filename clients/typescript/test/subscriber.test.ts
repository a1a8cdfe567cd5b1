import assert from "node:assert/strict";
import test from "node:test";

import { EventSubscriber, KeybusError, SubscriberError } from "../src/index.js";
import { OrderPlaced, orderPlaced } from "./orders.js";
import { AwsServer, message } from "./server.js";

type Messages = ReturnType<typeof message>[];

/** A queue that hands out these batches, and then nothing. */
class Queue {
  readonly server: AwsServer;
  readonly #batches: Messages[];

  constructor(...batches: Messages[]) {
    this.#batches = batches;
    this.server = new AwsServer({
      GetQueueUrl: ({ QueueName }) =>
        QueueName === "orders"
          ? { body: { QueueUrl: "http://127.0.0.1/1/orders" } }
          : {
              status: 400,
              body: { __type: "QueueDoesNotExist", message: "no such queue" },
            },
      ReceiveMessage: async () => {
        const batch = this.#batches.shift();
        if (batch === undefined)
          await new Promise((resolve) => setImmediate(resolve));
        return { body: { Messages: batch ?? [] } };
      },
      DeleteMessageBatch: ({ Entries }) => ({
        body: {
          Successful: (Entries as { Id: string }[]).map(({ Id }) => ({ Id })),
          Failed: [],
        },
      }),
      ChangeMessageVisibility: () => ({ body: {} }),
    });
  }

  get deleted(): string[] {
    return this.server
      .inputs("DeleteMessageBatch")
      .flatMap(({ Entries }) => Entries as { ReceiptHandle: string }[])
      .map(({ ReceiptHandle }) => ReceiptHandle);
  }
}

function order(order_id: string): OrderPlaced {
  return OrderPlaced.publishedBy(OrderPlaced.create({ order_id }), "shop");
}

async function subscribing(
  queue: Queue,
  act: (subscriber: EventSubscriber, told: string[]) => Promise<void>,
  options: {
    name?: string;
    visibilitySeconds?: number;
    retrySeconds?: number;
  } = {},
): Promise<void> {
  const told: string[] = [];
  const log = { warn: (line: string) => void told.push(line) };
  const endpoint = await queue.server.start();
  const { name = "orders", ...more } = options;
  try {
    await act(
      new EventSubscriber({ endpoint, queue: name, log, ...more }),
      told,
    );
  } finally {
    await queue.server.stop();
  }
}

test("each event goes to its handler, and is deleted when that has returned", () => {
  const queue = new Queue([message("1", order("A")), message("2", order("B"))]);
  return subscribing(queue, async (subscriber, told) => {
    const seen: string[] = [];
    subscriber.on(OrderPlaced, async (event, delivery) => {
      seen.push(`${event.order_id} ${delivery.envelopeId} ${delivery.attempt}`);
      if (seen.length === 2) subscriber.stop();
    });
    await subscriber.run();
    assert.deepEqual(seen, ["A 1 1", "B 2 1"]);
    assert.deepEqual(queue.deleted.sort(), ["handle-1", "handle-2"]);
    assert.deepEqual(told, []);
  });
});

test("what fails, does not fit or has no handler stays, and is told", () => {
  const major = { ...order("C"), schema_version: "3.0.0" };
  const unknown = { ...order("D"), type: "order.paid" };
  const unfit = { ...order("E"), order_id: "" };
  const wrong = [order("A"), major, unknown, unfit, "no event", order("Z")];
  const queue = new Queue(
    wrong.map((detail, index) => message(`${index}`, detail)),
  );
  return subscribing(
    queue,
    async (subscriber, told) => {
      subscriber.on(OrderPlaced, ({ order_id }) => {
        if (order_id === "A") throw new Error("not now");
        subscriber.stop();
      });
      await subscriber.run();
      assert.deepEqual(queue.deleted, ["handle-5"]);
      const reasons = [
        "not now",
        "order.placed@3",
        "order.paid@2",
        "/order_id",
        "no handler",
      ];
      for (const [index, reason] of reasons.entries()) {
        const line = told.find((each) =>
          each.startsWith(`event ${index} stays in orders`),
        );
        assert.match(line ?? "", new RegExp(reason));
      }
      const shown = queue.server.inputs("ChangeMessageVisibility");
      assert.deepEqual(
        new Set(shown.map((each) => each["VisibilityTimeout"])),
        new Set([3]),
      );
      assert.equal(shown.length, 5);
    },
    { retrySeconds: 3 },
  );
});

test("in order, what follows one that failed waits for it", () => {
  const group = { MessageGroupId: "garage" };
  const queue = new Queue([
    message("1", order("A"), group),
    message("2", order("B"), group),
    message("3", order("C"), { MessageGroupId: "other" }),
  ]);
  return subscribing(queue, async (subscriber) => {
    const seen: string[] = [];
    subscriber.on(OrderPlaced, ({ order_id }) => {
      seen.push(order_id);
      if (order_id === "A") throw new Error("not now");
      subscriber.stop();
    });
    await subscriber.run();
    assert.deepEqual(seen.sort(), ["A", "C"]);
    assert.deepEqual(queue.deleted, ["handle-3"]);
  });
});

test("it finishes what is in hand, and keeps it from others meanwhile", () => {
  const queue = new Queue([message("1", order("A"))]);
  return subscribing(
    queue,
    async (subscriber) => {
      subscriber.on(OrderPlaced, async () => {
        subscriber.stop();
        while (queue.server.inputs("ChangeMessageVisibility").length < 2) {
          await new Promise((resolve) => setImmediate(resolve));
        }
      });
      await subscriber.run();
      assert.deepEqual(queue.deleted, ["handle-1"]);
    },
    { visibilitySeconds: 1 },
  );
});

test("a subscriber without a handler, a queue or a handler's own type does not start", () =>
  subscribing(
    new Queue(),
    async (subscriber) => {
      await assert.rejects(subscriber.run(), KeybusError);
      subscriber.on(OrderPlaced, () => undefined);
      assert.throws(
        () => subscriber.on(OrderPlaced, () => undefined),
        KeybusError,
      );
      await assert.rejects(subscriber.run(), (error: Error) => {
        assert.ok(error instanceof SubscriberError);
        assert.match(error.message, /no such queue/);
        return true;
      });
    },
    { name: "nowhere" },
  ));

test("a bus that cannot be reached is asked again, and a lost answer ends nothing", () => {
  const queue = new Queue([message("1", order("A"))]);
  const asked = new Map<string, number>();
  queue.server.refuse = (operation) => {
    asked.set(operation, (asked.get(operation) ?? 0) + 1);
    return (
      operation !== "DeleteMessageBatch" && (asked.get(operation) ?? 0) <= 4
    );
  };
  return subscribing(queue, async (subscriber, told) => {
    subscriber.on(OrderPlaced, () => subscriber.stop());
    await subscriber.run();
    assert.deepEqual(queue.deleted, ["handle-1"]);
    assert.ok(told.length >= 2);
    for (const line of told) assert.match(line, /trying again$/);
  });
});

test("two majors of a type go to handlers of their own", () => {
  const next = orderPlaced({}, {}, "3.0.0");
  const newer = next.publishedBy(next.create({ order_id: "B" }), "shop");
  const queue = new Queue([message("1", order("A")), message("2", newer)]);
  return subscribing(queue, async (subscriber) => {
    const seen: string[] = [];
    const saw = (what: string) => {
      seen.push(what);
      if (seen.length === 2) subscriber.stop();
    };
    subscriber.on(OrderPlaced, ({ order_id }) => saw(`2 ${order_id}`));
    subscriber.on(next, ({ order_id }) => saw(`3 ${order_id}`));
    await subscriber.run();
    assert.deepEqual(seen.sort(), ["2 A", "3 B"]);
  });
});
