// Read events by their types, copy them as programs do, and write them.
import { readFileSync } from "node:fs";

import {
  InvalidEvent,
  parseJson,
  stringifyJson,
  type EventHead,
  type EventType,
} from "@keybus/client";

import * as events from "./made-events/index.js";

const types = new Map(
  Object.values<unknown>(events).map((each) => {
    const type = each as EventType<EventHead>;
    return [type.TYPE, type];
  }),
);

for (const line of readFileSync(process.argv[2] ?? "", "utf8").trimEnd().split("\n")) {
  const row = parseJson(line) as { type: string; detail: object };
  const type = types.get(row.type);
  if (type === undefined) throw new Error(`no type ${row.type}`);
  try {
    const read = type.parse(stringifyJson(row.detail));
    const copied = type.read({ ...read });
    console.log(JSON.stringify({ ok: true, json: type.stringify(copied) }));
  } catch (error) {
    if (!(error instanceof InvalidEvent)) throw error;
    const pointers = error.faults.map(({ pointer }) => pointer);
    console.log(JSON.stringify({ ok: false, pointers, error: error.message }));
  }
}
