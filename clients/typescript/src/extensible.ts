/** Whether a schema has a list that is declared to grow. */
export function isExtensible(
  schema: Readonly<Record<string, unknown>>,
): boolean {
  return schema["x-extensible"] === true && Array.isArray(schema["enum"]);
}

/** What readers take in the place of such a list: anything of the types that it has. */
export function grown(
  schema: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const listed = schema["enum"] as readonly unknown[];
  return { type: schema["type"] ?? [...new Set(listed.map(typeOf))] };
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number")
    return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}
