import { parse as parseLossless } from "lossless-json";

/**
 * Where an object or array keeps the texts of those of its numbers that a double does not hold.
 *
 * It is an ordinary symbol property, so `{...event}` carries it along; whoever sets a number anew
 * has set it: a text counts only as long as the number beside it is the one it was read as.
 */
export const EXACT: unique symbol = Symbol.for("keybus.exact") as never;

type Texts = Record<string, string>;
type Holder = { [EXACT]?: Texts };

/** A number as lossless-json hands it over, until it stands in its holder. */
class Written {
  constructor(readonly text: string) {}
}

// A number with a fraction, an exponent or many digits, or a negative zero. Texts that only look
// like it take the slower way for nothing.
const MAY_BE_INEXACT = /(?:^|"\s*:|[[,])\s*(?:-?(?:\d+[.eE]|\d{16})|-0)/;

/**
 * Parse JSON so that no number is lost.
 *
 * Numbers are plain numbers, the nearest ones; what a double does not hold is remembered beside
 * them and written again by `stringifyJson`. Of equal names in one object the last one counts.
 *
 * @throws SyntaxError The text is no JSON.
 */
export function parseJson(text: string): unknown {
  if (!MAY_BE_INEXACT.test(text)) return JSON.parse(text);
  const parsed = parseLossless(text, undefined, {
    parseNumber: numberOf,
    onDuplicateKey: ({ newValue }) => newValue,
  });
  return parsed instanceof Written ? Number(parsed.text) : settled(parsed);
}

/** Write JSON, each number as it was read or as JavaScript has it. */
export function stringifyJson(value: unknown): string {
  return written(value, undefined, "");
}

/** The text of a number in its holder; undefined where the number says it all. */
export function exactText(holder: unknown, name: string): string | undefined {
  if (typeof holder !== "object" || holder === null) return undefined;
  const texts = (holder as Holder)[EXACT];
  if (texts === undefined || !Object.hasOwn(texts, name)) return undefined;
  const text = texts[name] as string;
  return Object.is(Number(text), (holder as Texts)[name]) ? text : undefined;
}

/** Remember the text of a number beside it. */
export function keepText(holder: object, name: string, text: string): void {
  const texts = ((holder as Holder)[EXACT] ??= Object.create(null) as Texts);
  texts[name] = text;
}

/** An object of these entries, whatever their names are; `__proto__` is a name like any other. */
export function objectOf(
  entries: Iterable<readonly [string, unknown]>,
): Record<string, unknown> {
  return Object.fromEntries(entries);
}

function numberOf(text: string): number | Written {
  const number = Number(text);
  return String(number) === text ? number : new Written(text);
}

/** Put plain numbers in the place of those that were kept as they are written. */
function settled(value: unknown): unknown {
  const waiting = [value];
  while (waiting.length > 0) {
    const holder = waiting.pop();
    if (typeof holder !== "object" || holder === null) continue;
    for (const [name, inner] of Object.entries(holder)) {
      if (inner instanceof Written) {
        (holder as Record<string, unknown>)[name] = Number(inner.text);
        keepText(holder, name, inner.text);
      } else if (typeof inner === "object" && inner !== null) {
        waiting.push(inner);
      }
    }
  }
  return value;
}

function written(value: unknown, holder: unknown, name: string): string {
  if (typeof value === "number") {
    const text = exactText(holder, name);
    return text ?? (Object.is(value, -0) ? "-0" : JSON.stringify(value));
  }
  if (Array.isArray(value)) {
    const items = value.map((item, index) => written(item, value, `${index}`));
    return `[${items.join(",")}]`;
  }
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .map(
        ([key, inner]) =>
          `${JSON.stringify(key)}:${written(inner, value, key)}`,
      );
    return `{${members.join(",")}}`;
  }
  return JSON.stringify(value ?? null);
}
