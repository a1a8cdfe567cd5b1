import {
  Contracts,
  eventType,
  parseJson,
  stringifyJson,
  type EventType,
} from "../src/index.js";

/** What a generated package has of an event type. */
export interface OrderPlaced {
  readonly id: string;
  readonly type: "order.placed";
  readonly time: string;
  readonly publisher: { readonly name: string };
  readonly schema_version: string;
  readonly correlation_id?: string;
  readonly trace?: string;
  readonly order_id: string;
  readonly colour?: "red" | "green" | (string & {});
  readonly amount?: number;
  readonly count?: number;
  readonly items?: readonly unknown[];
}

const properties = {
  id: { type: "string", format: "uuid" },
  type: { type: "string" },
  time: { type: "string", format: "date-time" },
  publisher: {
    type: "object",
    required: ["name"],
    properties: { name: { type: "string" } },
  },
  schema_version: { type: "string" },
  correlation_id: { type: "string" },
  trace: { type: "string" },
};
const core = {
  type: "object",
  required: Object.keys(properties).slice(0, 5),
  properties,
};

/** An event type whose contract has these properties beside `order_id`. */
export function orderPlaced(
  own: object,
  more: object = {},
  version = "2.1.0",
): EventType<OrderPlaced> {
  const order = {
    allOf: [
      { $ref: "../core/Event.json" },
      {
        type: "object",
        required: ["order_id"],
        properties: { order_id: { type: "string", minLength: 1 }, ...own },
      },
    ],
    ...more,
  };
  return eventType<OrderPlaced>({
    contracts: new Contracts({
      "core/Event.json": stringifyJson(core),
      "shop/OrderPlaced.json": stringifyJson(order),
    }),
    FILE: "shop/OrderPlaced.json",
    TYPE: "order.placed",
    VERSION: version,
    DIGEST: "sha256:0",
    OWNER: "shop",
  });
}

export const OrderPlaced = orderPlaced({
  colour: { enum: ["red", "green"], "x-extensible": true },
  amount: { type: "number", minimum: 0, multipleOf: 0.01 },
  count: parseJson('{"type":"integer","maximum":12345678901234567890}'),
  items: { type: "array", uniqueItems: true },
});
