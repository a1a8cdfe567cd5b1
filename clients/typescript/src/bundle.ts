import { canonical } from "./canonical.js";
import { decimalOf, type Decimal } from "./decimals.js";
import { grown, isExtensible } from "./extensible.js";
import { FORMATS } from "./formats.js";
import { exactText, objectOf, parseJson } from "./json.js";

type Schema = Record<string, unknown>;

/** What a contract asks of a number; the validator's own keywords would judge the nearest double. */
export interface NumberRule {
  readonly integer: boolean;
  readonly minimum?: Decimal;
  readonly maximum?: Decimal;
  readonly exclusiveMinimum: boolean;
  readonly exclusiveMaximum: boolean;
  readonly multipleOf?: Decimal;
}

/** The values of an `enum`, and the text that each has in common with its equals. */
export interface ValueRule {
  readonly values: readonly unknown[];
  readonly texts: ReadonlySet<string>;
}

const COPIED = [
  "required",
  "minLength",
  "maxLength",
  "pattern",
  "minItems",
  "maxItems",
  "minProperties",
  "maxProperties",
] as const;
const ONE = [
  "not",
  "items",
  "additionalItems",
  "additionalProperties",
] as const;
const MANY = ["allOf", "anyOf", "oneOf"] as const;
const NUMBERS = ["minimum", "maximum", "multipleOf"] as const;

/**
 * One self-contained schema out of a contract's files, for the validator.
 *
 * Every schema that is referred to becomes a definition; only keywords that judge values are taken,
 * so that no annotation can be mistaken for one.
 */
export class Bundle {
  readonly #documents: Readonly<Record<string, string>>;
  readonly #readers: boolean;
  readonly #parsed = new Map<string, unknown>();
  readonly #names = new Map<string, string>();
  readonly #waiting: { file: string; pointer: string; name: string }[] = [];
  /** Whether one of the schemas has a list that is declared to grow. */
  hasExtensible = false;

  /**
   * @param documents The text of every file.
   * @param readers Whether lists that are declared to grow take other values of their types.
   */
  constructor(documents: Readonly<Record<string, string>>, readers: boolean) {
    this.#documents = documents;
    this.#readers = readers;
  }

  /** The schema of a whole file. */
  schema(file: string): Schema {
    const $ref = this.#refer(file, "");
    const definitions: [string, unknown][] = [];
    for (let next = this.#waiting.pop(); next; next = this.#waiting.pop()) {
      const found = this.#at(next.file, next.pointer);
      definitions.push([next.name, this.#rewritten(found, next.file)]);
    }
    return { definitions: objectOf(definitions), $ref };
  }

  #refer(file: string, pointer: string): string {
    const place = `${file}#${pointer}`;
    let name = this.#names.get(place);
    if (name === undefined) {
      name = `s${this.#names.size}`;
      this.#names.set(place, name);
      this.#waiting.push({ file, pointer, name });
    }
    return `#/definitions/${name}`;
  }

  #at(file: string, pointer: string): unknown {
    if (!this.#parsed.has(file)) {
      this.#parsed.set(file, parseJson(this.#documents[file] ?? "null"));
    }
    let value = this.#parsed.get(file);
    for (const token of pointer.split("/").slice(1)) {
      const name = token.replaceAll("~1", "/").replaceAll("~0", "~");
      value = (value as Schema)[name];
    }
    return value;
  }

  #rewritten(schema: unknown, file: string): unknown {
    if (!isSchema(schema)) return schema;
    if (typeof schema["$ref"] === "string") {
      const [path = "", pointer = ""] = schema["$ref"].split("#", 2);
      const target =
        path === "" ? file : resolved(file, decodeURIComponent(path));
      return { $ref: this.#refer(target, decodeURIComponent(pointer)) };
    }
    return {
      ...this.#values(schema),
      ...rulesOfNumbers(schema),
      ...this.#objects(schema, file),
      ...this.#inner(schema, file),
    };
  }

  /** Keywords that hold no schemas. */
  #values(schema: Schema): Schema {
    const copy: Schema = {};
    for (const keyword of COPIED) {
      if (keyword in schema) copy[keyword] = schema[keyword];
    }
    if (schema["uniqueItems"] === true) copy["exactUnique"] = true;
    if (Object.hasOwn(FORMATS, String(schema["format"])))
      copy["format"] = schema["format"];
    if (isExtensible(schema)) this.hasExtensible = true;
    if (this.#readers && isExtensible(schema))
      return { ...copy, ...grown(schema) };
    if ("type" in schema) copy["type"] = schema["type"];
    if (Array.isArray(schema["enum"]))
      copy["exactEnum"] = ruleOfValues(schema["enum"]);
    return copy;
  }

  /** Schemas under the names of properties. */
  #objects(schema: Schema, file: string): Schema {
    const copy: Schema = {};
    const patterns = Object.entries(
      (schema["patternProperties"] ?? {}) as Schema,
    );
    if (isSchema(schema["properties"])) {
      const own = Object.entries(schema["properties"]);
      // The validator passes over a property of this name, but takes a pattern for it.
      patterns.push(
        ...own
          .filter(([name]) => name === "__proto__")
          .map(([, inner]) => ["^__proto__$", inner] as [string, unknown]),
      );
      copy["properties"] = this.#each(
        own.filter(([name]) => name !== "__proto__"),
        file,
      );
    }
    if (patterns.length > 0)
      copy["patternProperties"] = this.#each(patterns, file);
    if (isSchema(schema["dependencies"])) {
      copy["dependencies"] = this.#each(
        Object.entries(schema["dependencies"]),
        file,
      );
    }
    return copy;
  }

  /** Schemas that stand by themselves or in a list. */
  #inner(schema: Schema, file: string): Schema {
    const copy: Schema = {};
    for (const keyword of ONE) {
      const inner = schema[keyword];
      if (Array.isArray(inner))
        copy[keyword] = inner.map((each) => this.#rewritten(each, file));
      else if (inner !== undefined)
        copy[keyword] = this.#rewritten(inner, file);
    }
    for (const keyword of MANY) {
      const inner = schema[keyword];
      if (Array.isArray(inner))
        copy[keyword] = inner.map((each) => this.#rewritten(each, file));
    }
    return copy;
  }

  #each(named: readonly [string, unknown][], file: string): Schema {
    return objectOf(
      named.map(
        ([name, inner]) => [name, this.#rewritten(inner, file)] as const,
      ),
    );
  }
}

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function ruleOfValues(values: readonly unknown[]): ValueRule {
  const texts = values.map((value, index) =>
    canonical(value, values, `${index}`),
  );
  return { values, texts: new Set(texts) };
}

function rulesOfNumbers(schema: Schema): Schema {
  const types = [schema["type"]].flat();
  const integer = types.includes("integer") && !types.includes("number");
  const limits = NUMBERS.filter((keyword) => keyword in schema);
  if (!integer && limits.length === 0) return {};
  const rule = {
    integer,
    exclusiveMinimum: schema["exclusiveMinimum"] === true,
    exclusiveMaximum: schema["exclusiveMaximum"] === true,
    ...Object.fromEntries(
      limits.map((keyword) => [keyword, limitOf(schema, keyword)]),
    ),
  };
  return { exactNumber: rule satisfies NumberRule };
}

function limitOf(schema: Schema, keyword: string): Decimal {
  return decimalOf(exactText(schema, keyword) ?? String(schema[keyword]));
}

/** The file that a reference in another file names. */
function resolved(base: string, path: string): string {
  const parts = base.split("/").slice(0, -1);
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}
