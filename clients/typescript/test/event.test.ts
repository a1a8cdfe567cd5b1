import assert from "node:assert/strict";
import test from "node:test";

import { causedBy, InvalidEvent, type Draft } from "../src/index.js";
import { OrderPlaced, orderPlaced } from "./orders.js";

function pointersOf(act: () => unknown): string[] {
  try {
    act();
  } catch (error) {
    if (error instanceof InvalidEvent)
      return error.faults.map(({ pointer }) => pointer);
    throw error;
  }
  return [];
}

const whole = (more: string, version = "2.0.3") =>
  `{"id":"3f0c0e9e-8a54-4b6e-9a39-0c1f5d1f2b7a","type":"order.placed",` +
  `"time":"2026-01-31T08:00:00Z","publisher":{"name":"shop"},` +
  `"schema_version":"${version}","order_id":"A"${more}}`;

test("an event fills in what is its own", () => {
  const event = OrderPlaced.create({ order_id: "A" });
  assert.match(event.id, /^[0-9a-f-]{36}$/);
  assert.match(event.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.equal(event.type, "order.placed");
  assert.equal(event.schema_version, "2.1.0");
  assert.equal("publisher" in event, false);
});

test("an event never changes", () => {
  const event = OrderPlaced.create({ order_id: "A", items: [{ a: 1 }] });
  assert.ok(Object.isFrozen(event) && Object.isFrozen(event.items));
  const changed = OrderPlaced.replace(event, { order_id: "B" });
  assert.equal(changed.order_id, "B");
  assert.notEqual(changed.id, event.id);
  assert.deepEqual(changed.items, event.items);
});

test("what is given is not touched", () => {
  const given = { order_id: "A", items: [{ a: 1 }] };
  OrderPlaced.create(given);
  given.items.push({ a: 2 });
  assert.ok(!Object.isFrozen(given));
});

test("all faults are told at once, each with its place and what is wrong", () => {
  const wrong = { order_id: "", amount: -0.005, id: "7", colour: "blue" };
  assert.throws(
    () => OrderPlaced.create(wrong),
    (error: InvalidEvent) => {
      const places = error.faults.map(
        ({ pointer, code }) => `${pointer} ${code}`,
      );
      assert.deepEqual(places.sort(), [
        "/amount minimum",
        "/amount multipleOf",
        "/colour enum",
        "/id format",
        "/order_id minLength",
      ]);
      assert.match(error.message, /order\.placed: 5 faults/);
      assert.match(
        error.message,
        /Expected one of "red", "green" and found the string "blue"/,
      );
      return true;
    },
  );
});

test("values that JSON has not are told, and undefined is absent", () => {
  const cyclic: unknown[] = [];
  cyclic.push(cyclic);
  const create = (items: unknown[]) => () =>
    OrderPlaced.create({ order_id: "A", items });
  assert.deepEqual(pointersOf(create([new Date(0)])), ["/items/0"]);
  assert.deepEqual(pointersOf(create([{ "a/b": Number.NaN }])), [
    "/items/0/a~1b",
  ]);
  assert.deepEqual(
    pointersOf(create([() => 1, Symbol("x"), 1n, new Map()])).length,
    4,
  );
  assert.deepEqual(pointersOf(create(cyclic)), ["/items/0"]);
  const absent = OrderPlaced.create({
    order_id: "A",
    colour: undefined,
  } as never);
  assert.equal("colour" in absent, false);
});

test("readers take values of a list that grows, writers do not", () => {
  assert.equal(OrderPlaced.parse(whole(',"colour":"blue"')).colour, "blue");
  assert.deepEqual(
    pointersOf(() => OrderPlaced.parse(whole(',"colour":7'))),
    ["/colour"],
  );
  assert.deepEqual(
    pointersOf(() => OrderPlaced.create({ order_id: "A", colour: "blue" })),
    ["/colour"],
  );
});

test("what is not declared survives, and numbers are judged and written as they stand", () => {
  const more =
    ',"amount":123456789012345678901234567890.01,"count":12345678901234567890,' +
    '"items":[12345678901234567890,12345678901234567891],"other":{"x":1e400,"__proto__":1}';
  assert.equal(
    OrderPlaced.stringify(OrderPlaced.parse(whole(more))),
    whole(more),
  );
  for (const [pointer, wrong] of [
    ["/count", '"count":12345678901234567891'],
    ["/count", '"count":1.0'],
    ["/amount", '"amount":123456789012345678901234567890.001'],
    ["/items", '"items":[1,1.0]'],
  ]) {
    assert.deepEqual(
      pointersOf(() => OrderPlaced.parse(whole(`,${wrong}`))),
      [pointer],
    );
  }
});

test("another type and another major are refused, another minor is not", () => {
  assert.equal(OrderPlaced.parse(whole("", "2.9.0")).schema_version, "2.9.0");
  assert.deepEqual(
    pointersOf(() => OrderPlaced.parse(whole("", "3.0.0"))),
    ["/schema_version"],
  );
  const other = whole("").replace("order.placed", "order.paid");
  assert.deepEqual(
    pointersOf(() => OrderPlaced.parse(other)),
    ["/type"],
  );
});

test("no text makes it crash", () => {
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  for (const text of [
    "",
    "null",
    "[]",
    "7",
    deep,
    `[1.5,${deep}]`,
    '{"a":',
    "\ud800",
  ]) {
    assert.throws(() => OrderPlaced.parse(text), InvalidEvent);
  }
  assert.throws(
    () => OrderPlaced.parse(whole(`,"items":${deep}`)),
    InvalidEvent,
  );
});

test("an integer stays one, however large it is", () => {
  const type = orderPlaced({ count: { type: "integer" } });
  for (const count of ["1000000000000000000000", "-12300000000000000000000"]) {
    const event = type.parse(whole(`,"count":${count}`));
    assert.match(type.stringify(event), new RegExp(`"count":${count}\\b`));
    assert.deepEqual(type.read({ ...event }), event);
  }
});

test("names of Object's own members are names like any other", () => {
  const type = orderPlaced(
    {
      toString: { enum: [{ a: 1 }] },
      constructor: { type: "string" },
      ["__proto__"]: { type: "integer" },
    },
    { required: ["toString", "hasOwnProperty"] },
  );
  const read = (more: string) => pointersOf(() => type.parse(whole(more)));
  assert.deepEqual(read("").sort(), ["/hasOwnProperty", "/toString"]);
  const good = '"toString":{"a":1},"hasOwnProperty":1';
  assert.deepEqual(read(`,${good},"__proto__":1,"constructor":"x"`), []);
  assert.deepEqual(read(`,${good},"__proto__":"x"`), ["/__proto__"]);
  assert.deepEqual(read(',"toString":{"toString":1},"hasOwnProperty":1'), [
    "/toString",
  ]);
});

test("a publisher is an object or a text, as the contract has it", () => {
  const event = OrderPlaced.create({ order_id: "A" });
  assert.deepEqual(OrderPlaced.publishedBy(event, "shop").publisher, {
    name: "shop",
  });
  const plain = orderPlaced({}, {});
  assert.equal(plain.publishedBy(event, "shop").publisher.name, "shop");
  const other = OrderPlaced.create({
    order_id: "A",
    publisher: { name: "desk" },
  });
  assert.deepEqual(
    pointersOf(() => OrderPlaced.publishedBy(other, "shop")),
    ["/publisher/name"],
  );
});

test("an event says what it follows from", () => {
  const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const first: Draft<OrderPlaced> = OrderPlaced.create({
    order_id: "A",
    trace,
  });
  const second = OrderPlaced.create({ ...causedBy(first), order_id: "B" });
  assert.equal(second.correlation_id, first.id);
  assert.equal(second.trace?.slice(0, 36), trace.slice(0, 36));
  assert.notEqual(second.trace, trace);
  assert.equal(causedBy(second).correlation_id, first.id);
});

test("a value that is nearly listed is told", () => {
  const meant = (colour: string) => {
    try {
      OrderPlaced.create({ order_id: "A", colour });
    } catch (error) {
      return /Did you mean '(.*)'/.exec((error as Error).message)?.[1];
    }
    return undefined;
  };
  assert.equal(meant("gren"), "green");
  assert.equal(meant("RED"), "red");
  assert.equal(meant("purple"), undefined);
});
