import type { ErrorObject, ValidateFunction } from "ajv";
import ajvDraft04 from "ajv-draft-04";

import { Bundle } from "./bundle.js";
import type { Fault } from "./errors.js";
import { faultsOf, tooDeep } from "./faults.js";
import { FORMATS } from "./formats.js";
import { exactEnum, exactNumber, exactUnique } from "./keywords.js";

// A CommonJS module: what it exports by default is a member of what ESM imports.
const Ajv = ajvDraft04.default;

/** How an event is judged: as its writer must write it, or as a reader must take it. */
export type Standpoint = "writer" | "reader";

/**
 * The contracts that a generated package carries.
 *
 * A contract is compiled when it is first needed, once for writers and, where it has lists that are
 * declared to grow, once for readers.
 */
export class Contracts {
  readonly #documents: Readonly<Record<string, string>>;
  readonly #compiled = new Map<string, ValidateFunction>();
  readonly #extensible = new Map<string, boolean>();

  /** @param documents The JSON text of every schema file, by its name. */
  constructor(documents: Readonly<Record<string, string>>) {
    this.#documents = documents;
  }

  /** Everything that is wrong with a value, up to 100 faults; none where it fits. */
  faults(file: string, value: unknown, standpoint: Standpoint): Fault[] {
    try {
      const strict = this.#validator(file, "writer");
      if (strict(value)) return [];
      if (standpoint === "writer" || !this.#extensible.get(file))
        return told(strict.errors);
      const reader = this.#validator(file, "reader");
      return reader(value) ? [] : told(reader.errors);
    } catch (error) {
      if (error instanceof RangeError) return [tooDeep("")];
      throw error;
    }
  }

  #validator(file: string, standpoint: Standpoint): ValidateFunction {
    const key = `${standpoint} ${file}`;
    const known = this.#compiled.get(key);
    if (known !== undefined) return known;
    const bundle = new Bundle(this.#documents, standpoint === "reader");
    const compiled = newAjv().compile(bundle.schema(file));
    this.#compiled.set(key, compiled);
    if (standpoint === "writer")
      this.#extensible.set(file, bundle.hasExtensible);
    return compiled;
  }
}

function told(errors: ErrorObject[] | null | undefined): Fault[] {
  return faultsOf(errors ?? []);
}

/** A validator of its own for every contract: schemas that are done with can go. */
function newAjv(): InstanceType<typeof Ajv> {
  const ajv = new Ajv({
    allErrors: true,
    code: { regExp: Object.assign(regExp, { code: "regExp" }) },
    formats: { ...FORMATS },
    logger: false,
    ownProperties: true,
    strict: false,
    validateSchema: false,
    verbose: true,
  });
  for (const each of [exactEnum, exactNumber, exactUnique])
    ajv.addKeyword(each);
  return ajv;
}

/** A contract's pattern; some that are good in other languages are not in Unicode mode. */
function regExp(pattern: string, flags: string): RegExp {
  try {
    return new RegExp(pattern, flags);
  } catch {
    return new RegExp(pattern);
  }
}
