import assert from "node:assert/strict";
import test from "node:test";

import {
  EventPublisher,
  InvalidEvent,
  KeybusError,
  PublishError,
} from "../src/index.js";
import { OrderPlaced } from "./orders.js";
import { AwsServer } from "./server.js";

type Entry = { Detail: string; DetailType: string; Source: string };
type Result = { EventId?: string; ErrorCode?: string; ErrorMessage?: string };

/** A bus that answers each entry by what its order is called. */
async function publishing(
  answer: (order: string, attempt: number) => Result,
  act: (publisher: EventPublisher, bus: AwsServer) => Promise<void>,
  options: { retryMs?: number } = {},
): Promise<void> {
  const attempts = new Map<string, number>();
  const bus = new AwsServer({
    PutEvents: ({ Entries }) => {
      const results = (Entries as Entry[]).map(({ Detail }) => {
        const order = (JSON.parse(Detail) as OrderPlaced).order_id;
        attempts.set(order, (attempts.get(order) ?? 0) + 1);
        return answer(order, attempts.get(order) ?? 0);
      });
      const failed = results.filter(({ ErrorCode }) => ErrorCode).length;
      return { body: { Entries: results, FailedEntryCount: failed } };
    },
  });
  const endpoint = await bus.start();
  const publisher = new EventPublisher({
    endpoint,
    publisher: "shop",
    ...options,
  });
  try {
    await act(publisher, bus);
  } finally {
    publisher.close();
    await bus.stop();
  }
}

const taken = (order: string): Result => ({ EventId: `envelope-${order}` });
const orders = (count: number) =>
  Array.from({ length: count }, (_, index) =>
    OrderPlaced.create({ order_id: `${index}` }),
  );

test("an event is published with its publisher, and answered by its envelope's id", () =>
  publishing(taken, async (publisher, bus) => {
    const event = OrderPlaced.create({ order_id: "A" });
    assert.equal(await publisher.publish(event), "envelope-A");
    const [entry] = bus.inputs("PutEvents")[0]?.["Entries"] as Entry[];
    assert.equal(entry?.Source, "shop");
    assert.equal(entry?.DetailType, "order.placed");
    assert.deepEqual(JSON.parse(entry?.Detail ?? ""), {
      ...event,
      publisher: { name: "shop" },
    });
  }));

test("requests have at most 10 entries and 256 KiB, in order", () =>
  publishing(taken, async (publisher, bus) => {
    const large = orders(3).map((event) =>
      OrderPlaced.replace(event, { items: ["x".repeat(100_000)] }),
    );
    const ids = await publisher.publishMany([...orders(12), ...large]);
    assert.deepEqual(
      ids.slice(0, 12),
      orders(12).map(({ order_id }) => `envelope-${order_id}`),
    );
    const sizes = bus
      .inputs("PutEvents")
      .map(({ Entries }) => (Entries as Entry[]).length);
    assert.deepEqual(sizes, [10, 4, 1]);
  }));

test("what failed and may work later is tried again, and nothing else is sent twice", () =>
  publishing(
    (order, attempt) =>
      order === "1" && attempt < 3
        ? { ErrorCode: "ThrottlingException" }
        : taken(order),
    async (publisher, bus) => {
      const ids = await publisher.publishMany(orders(3));
      assert.deepEqual(ids, ["envelope-0", "envelope-1", "envelope-2"]);
      const sizes = bus
        .inputs("PutEvents")
        .map(({ Entries }) => (Entries as Entry[]).length);
      assert.deepEqual(sizes, [3, 1, 1]);
    },
  ));

test("what is refused is named, and the others are taken", () =>
  publishing(
    (order) =>
      order === "1"
        ? { ErrorCode: "NotAuthorizedForSource", ErrorMessage: "not yours" }
        : taken(order),
    async (publisher, bus) => {
      const events = orders(3);
      await assert.rejects(
        publisher.publishMany(events),
        (error: PublishError) => {
          assert.deepEqual(error.failed, [
            {
              index: 1,
              id: events[1]?.id,
              type: "order.placed",
              code: "NotAuthorizedForSource",
              reason: "not yours",
            },
          ]);
          assert.equal(error.accepted, 2);
          return true;
        },
      );
      assert.equal(bus.inputs("PutEvents").length, 1);
    },
  ));

test("what goes on failing is raised with its code", () =>
  publishing(
    () => ({ ErrorCode: "InternalFailure", ErrorMessage: "again" }),
    async (publisher) => {
      await assert.rejects(
        publisher.publish(OrderPlaced.create({ order_id: "A" })),
        {
          name: "PublishError",
          message: /1 of 1 events were not published\n.*InternalFailure: again/,
        },
      );
    },
    { retryMs: 0 },
  ));

test("a bus that is not there fails every event", async () => {
  const bus = new AwsServer({});
  const endpoint = await bus.start();
  await bus.stop();
  const publisher = new EventPublisher({
    endpoint,
    publisher: "shop",
    retryMs: 0,
  });
  await assert.rejects(
    publisher.publishMany(orders(2)),
    (error: PublishError) => {
      assert.equal(error.failed.length, 2);
      assert.ok(error.cause instanceof Error);
      return true;
    },
  );
});

test("nothing is sent where one event is invalid, too large or of no type", () =>
  publishing(taken, async (publisher, bus) => {
    const good = OrderPlaced.create({ order_id: "A" });
    const other = OrderPlaced.create({
      order_id: "B",
      publisher: { name: "desk" },
    });
    await assert.rejects(publisher.publishMany([good, other]), InvalidEvent);
    const large = OrderPlaced.create({
      order_id: "C",
      items: ["x".repeat(300_000)],
    });
    await assert.rejects(publisher.publish(large), {
      name: "PublishError",
      message: /TooLarge/,
    });
    await assert.rejects(publisher.publish({ ...good }), KeybusError);
    assert.equal(bus.asked.length, 0);
  }));

test("what is wrong with the program's own settings is told at once", async () => {
  const client = {
    send: () => Promise.reject(new Error("Region is missing")),
  };
  const publisher = new EventPublisher({ client, publisher: "shop" });
  await assert.rejects(publisher.publishMany(orders(1)), /Region is missing/);
});

test("a publisher needs a name", () => {
  assert.throws(() => new EventPublisher(), KeybusError);
});
