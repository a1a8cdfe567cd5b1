import assert from "node:assert/strict";
import test from "node:test";

import { InvalidEvent, KeybusError, type Draft } from "../src/index.js";
import { OrderPlaced } from "./orders.js";

test("what the compiler refuses is refused when the program runs", () => {
  // @ts-expect-error The order has no number.
  assert.throws(() => OrderPlaced.create({}), InvalidEvent);
  // @ts-expect-error A number is a number.
  assert.throws(() => OrderPlaced.create({ order_id: 7 }), InvalidEvent);
  const event = OrderPlaced.create({ order_id: "A" });
  assert.throws(() => {
    // @ts-expect-error An event never changes.
    event.order_id = "B";
  }, TypeError);
  assert.ok(new InvalidEvent("order.placed", []) instanceof KeybusError);
});

test("the compiler refuses what is misspelt, and a draft for an event", () => {
  // @ts-expect-error Contracts are open, but nobody means this.
  OrderPlaced.create({ order_id: "A", color: "red" });
  const draft: Draft<OrderPlaced> = OrderPlaced.create({ order_id: "A" });
  // @ts-expect-error It has no publisher yet.
  const early: OrderPlaced = draft;
  const whole: OrderPlaced = OrderPlaced.create({
    order_id: "A",
    publisher: { name: "shop" },
  });
  assert.equal(early.type, whole.type satisfies "order.placed");
});
