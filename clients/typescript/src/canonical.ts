import { decimalOf } from "./decimals.js";
import { exactText } from "./json.js";

/**
 * A text that equal JSON values have in common, and others have not.
 *
 * @param value The value.
 * @param holder The object or array that it stands in, which knows how its numbers were written.
 * @param name Where in it.
 */
export function canonical(
  value: unknown,
  holder: unknown,
  name: string,
): string {
  if (typeof value === "number") {
    const { digits, exponent } = decimalOf(
      exactText(holder, name) ?? String(value),
    );
    return `${digits}e${exponent}`;
  }
  if (Array.isArray(value)) {
    return `[${value.map((item, index) => canonical(item, value, `${index}`)).join()}]`;
  }
  if (typeof value === "object" && value !== null) {
    const names = Object.keys(value).sort();
    const inner = value as Record<string, unknown>;
    return `{${names.map((key) => `${JSON.stringify(key)}:${canonical(inner[key], value, key)}`).join()}}`;
  }
  return JSON.stringify(value);
}
