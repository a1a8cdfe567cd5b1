import type { ErrorObject } from "ajv";

import type { NumberRule, ValueRule } from "./bundle.js";
import { textOf, type Decimal } from "./decimals.js";
import type { Fault } from "./errors.js";
import { nearest } from "./hints.js";

const MOST_FAULTS = 100;
const MOST_VALUES = 8;
const LONGEST = 60;

const TYPES: Readonly<Record<string, string>> = {
  string: "a string",
  integer: "a whole number",
  number: "a number",
  boolean: "true or false",
  null: "null",
  object: "an object",
  array: "an array",
};

const MEANINGS: Readonly<Record<string, string>> = {
  date: "a date such as 2026-01-31",
  time: "an RFC 3339 time of day such as 08:00:00Z",
  regex: "a regular expression",
  uuid: "a UUID such as 3f0c0e9e-8a54-4b6e-9a39-0c1f5d1f2b7a",
  duration: "an ISO 8601 duration such as PT15M",
  "date-time": "an RFC 3339 time such as 2026-01-31T08:00:00Z",
  email: "an e-mail address",
  uri: "an absolute URI",
  hostname: "a host name",
  ipv4: "an IPv4 address",
  ipv6: "an IPv6 address",
};

/** The faults that the validator's errors mean, each once, in their order. */
export function faultsOf(errors: readonly ErrorObject[]): Fault[] {
  const found = new Map<string, Fault>();
  for (const error of errors) {
    const fault = {
      pointer: pointerOf(error),
      code: error.keyword,
      message: sentence(error) + hint(error),
    };
    found.set(`${fault.pointer} ${fault.message}`, fault);
    if (found.size === MOST_FAULTS) break;
  }
  return [...found.values()];
}

/** A value that is within too many others. */
export function tooDeep(pointer: string): Fault {
  return {
    pointer,
    code: "not-json",
    message: "The value is nested too deeply.",
  };
}

/** A value as a sentence shows it: short, on one line. */
export function show(value: unknown): string {
  if (Array.isArray(value)) return `an array of ${count(value.length, "item")}`;
  if (typeof value === "object" && value !== null) return "an object";
  if (typeof value === "string")
    return `the string ${JSON.stringify(clip(value))}`;
  if (typeof value === "number") return `the number ${value}`;
  return clip(String(value));
}

/** A name as a token of a JSON pointer. */
export function tokenOf(name: string): string {
  return `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

function pointerOf({ keyword, instancePath, params }: ErrorObject): string {
  const name: unknown =
    keyword === "required" || keyword === "dependencies"
      ? params["missingProperty"]
      : keyword === "additionalProperties"
        ? params["additionalProperty"]
        : undefined;
  return typeof name === "string" ? instancePath + tokenOf(name) : instancePath;
}

function sentence(error: ErrorObject): string {
  const { keyword, params, data } = error;
  switch (keyword) {
    case "required":
      return `The property ${quoted(params["missingProperty"])} is required and is missing.`;
    case "dependencies":
      return `The property ${quoted(params["missingProperty"])} is required beside ${quoted(params["property"])}.`;
    case "additionalProperties":
      return `The contract declares no property ${quoted(params["additionalProperty"])} here, and no other may be.`;
    case "not":
      return `Expected anything but what the contract excludes and found ${show(data)}.`;
    case "anyOf":
      return `Expected one of ${count((error.schema as unknown[]).length, "alternative")} and found ${show(data)}, which fits none.`;
    case "oneOf":
      return `Expected exactly one of ${count((error.schema as unknown[]).length, "alternative")} to fit ${show(data)}.`;
    case "uniqueItems":
      return "Expected items that differ and found two that are equal.";
    default:
      return `Expected ${expected(error)} and found ${found(error)}.`;
  }
}

/** The value that was probably meant, where one is listed. */
function hint({ keyword, schema, data }: ErrorObject): string {
  if (keyword !== "enum" || typeof data !== "string" || data.length > LONGEST)
    return "";
  const { values } = schema as ValueRule;
  const meant = nearest(
    data,
    values.filter((value) => typeof value === "string"),
  );
  return meant === undefined ? "" : ` Did you mean ${quoted(meant)}?`;
}

function expected({ keyword, params, schema }: ErrorObject): string {
  switch (keyword) {
    case "type": {
      const type: unknown = params["type"] ?? "integer";
      return [type]
        .flat()
        .map((name) => TYPES[String(name)])
        .join(" or ");
    }
    case "enum":
      return listed((schema as ValueRule).values);
    case "format":
      return MEANINGS[String(schema)] ?? `the format ${String(schema)}`;
    case "pattern":
      return `a string that matches /${clip(String(schema))}/`;
    case "minLength":
    case "maxLength":
      return `${bound(keyword)} ${count(schema as number, "character")}`;
    case "minItems":
    case "maxItems":
      return `${bound(keyword)} ${count(schema as number, "item")}`;
    case "additionalItems":
      return `at most ${count(params["limit"] as number, "item")}`;
    case "minProperties":
    case "maxProperties":
      return `${bound(keyword)} ${count(schema as number, "property")}`;
    default:
      return limit(keyword, schema as NumberRule);
  }
}

function limit(keyword: string, rule: NumberRule): string {
  const of = (number?: Decimal): string =>
    number === undefined ? "" : textOf(number);
  if (keyword === "multipleOf") return `a multiple of ${of(rule.multipleOf)}`;
  if (keyword === "minimum") {
    return `a number ${rule.exclusiveMinimum ? "above" : "of at least"} ${of(rule.minimum)}`;
  }
  return `a number ${rule.exclusiveMaximum ? "below" : "of at most"} ${of(rule.maximum)}`;
}

function found({ keyword, params, data }: ErrorObject): string {
  if (typeof params["text"] === "string")
    return `the number ${clip(params["text"])}`;
  const sized = /^m(?:in|ax)(?:Length|Items|Properties)$/.test(keyword);
  if (!sized) return show(data);
  if (typeof data === "string") return `${[...data].length}`;
  return `${Object.keys(data as object).length}`;
}

function listed(values: readonly unknown[]): string {
  const shown = values
    .slice(0, MOST_VALUES)
    .map((value) => clip(JSON.stringify(value)));
  const more = values.length - shown.length;
  const text = shown.join(", ") + (more > 0 ? ` and ${more} more` : "");
  return values.length === 1 ? text : `one of ${text}`;
}

function bound(keyword: string): string {
  return keyword.startsWith("min") ? "at least" : "at most";
}

function count(number: number, unit: string): string {
  if (number === 1) return `1 ${unit}`;
  return `${number} ${unit === "property" ? "properties" : `${unit}s`}`;
}

function quoted(name: unknown): string {
  return `'${clip(String(name))}'`;
}

function clip(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
