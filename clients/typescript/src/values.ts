import { EXACT, exactText, keepText, objectOf } from "./json.js";
import { decimalOf } from "./decimals.js";
import type { Fault } from "./errors.js";
import { show, tokenOf, tooDeep } from "./faults.js";

const MOST_LEVELS = 255;
const WHOLE = /^-?\d+$/;

/**
 * A copy of a JSON value, and what in it is no JSON.
 *
 * Properties that are undefined are left out, as JSON has no such value.
 */
export function copied(value: unknown): { copy: unknown; faults: Fault[] } {
  const copying = new Copying();
  const copy = copying.of(value, "");
  return { copy, faults: copying.faults };
}

/**
 * Freeze a value all the way down, and forget the texts of numbers that say no more than the
 * numbers do, such as `1.0`.
 */
export function frozen<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  const texts = (value as { [EXACT]?: Record<string, string> })[EXACT];
  for (const [name, text] of Object.entries(texts ?? {})) {
    if (saysItAll((value as Record<string, unknown>)[name], text))
      delete texts?.[name];
  }
  if (texts && Object.keys(texts).length === 0) {
    delete (value as { [EXACT]?: Record<string, string> })[EXACT];
  }
  for (const inner of Object.values(value)) frozen(inner);
  return Object.freeze(value);
}

function saysItAll(number: unknown, text: string): boolean {
  if (!Number.isFinite(number)) return false;
  // From 1e21 on JavaScript writes whole numbers with an exponent, as no integer is written.
  if (WHOLE.test(text) && !WHOLE.test(String(number))) return false;
  const [written, kept] = [decimalOf(text), decimalOf(String(number))];
  return written.digits === kept.digits && written.exponent === kept.exponent;
}

class Copying {
  readonly faults: Fault[] = [];
  readonly #within: object[] = [];

  of(value: unknown, pointer: string): unknown {
    if (typeof value === "object" && value !== null) {
      if (this.#within.length === MOST_LEVELS || this.#within.includes(value)) {
        this.faults.push(tooDeep(pointer));
        return null;
      }
      this.#within.push(value);
      const copy = this.#container(value, pointer);
      this.#within.pop();
      return copy;
    }
    if (
      ["string", "number", "boolean"].includes(typeof value) ||
      value === null
    )
      return value;
    return this.#refused(value, pointer);
  }

  #container(value: object, pointer: string): unknown {
    const copy = Array.isArray(value)
      ? value.map((item, index) => this.of(item, `${pointer}/${index}`))
      : isPlain(value)
        ? this.#object(value, pointer)
        : this.#refused(value, pointer);
    if (typeof copy === "object" && copy !== null)
      this.#numbers(value, copy, pointer);
    return copy;
  }

  #object(value: object, pointer: string): unknown {
    const given = Object.entries(value).filter(
      ([, inner]) => inner !== undefined,
    );
    return objectOf(
      given.map(
        ([name, inner]) =>
          [name, this.of(inner, pointer + tokenOf(name))] as const,
      ),
    );
  }

  /** Take the texts of numbers along; a number that has none must be one that JSON has. */
  #numbers(value: object, copy: object, pointer: string): void {
    for (const [name, inner] of Object.entries(copy)) {
      if (typeof inner !== "number") continue;
      const text = exactText(value, name);
      if (text !== undefined) keepText(copy, name, text);
      else if (!Number.isFinite(inner))
        this.#refused(inner, pointer + tokenOf(name));
    }
  }

  #refused(value: unknown, pointer: string): null {
    const dated =
      value instanceof Date ? "a Date; use its toISOString()" : undefined;
    const named =
      typeof value === "object" && value !== null
        ? value.constructor?.name
        : undefined;
    const what =
      dated ??
      named ??
      (typeof value === "number" ? show(value) : typeof value);
    this.faults.push({
      pointer,
      code: "not-json",
      message: `Expected a value that JSON has and found ${what}.`,
    });
    return null;
  }
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  // An object from another realm, such as a test runner's, has another Object.prototype.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
