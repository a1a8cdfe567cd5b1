import { randomUUID } from "node:crypto";

import type { Contracts, Standpoint } from "./contracts.js";
import { InvalidEvent, type Fault } from "./errors.js";
import {
  majorOf,
  type Draft,
  type EventConstants,
  type EventHead,
  type EventType,
  type Fields,
} from "./event.js";
import { parseJson, stringifyJson } from "./json.js";
import { copied, frozen } from "./values.js";

/** Bind an event type to its contract; for generated packages. */
export function eventType<E extends EventHead>(
  bound: EventConstants<E> & { readonly contracts: Contracts },
): EventType<E> {
  return new BoundType<E>(bound);
}

/** The type that made or read an event; undefined for any other object. */
export function typeOf(event: object): EventType<EventHead> | undefined {
  return (event as { [TYPE_OF]?: EventType<EventHead> })[TYPE_OF];
}

/** Where an event has its type: nowhere to be seen, and known to every copy of this library. */
const TYPE_OF: unique symbol = Symbol.for("keybus.type") as never;

type Members = Record<string, unknown>;

class BoundType<E extends EventHead> implements EventType<E> {
  readonly FILE: string;
  readonly TYPE: E["type"];
  readonly VERSION: string;
  readonly DIGEST: string;
  readonly OWNER: string;
  declare readonly DEPRECATED?: string;
  readonly #contracts: Contracts;
  #hasTextPublisher: boolean | undefined;

  constructor({
    contracts,
    ...constants
  }: EventConstants<E> & { contracts: Contracts }) {
    this.FILE = constants.FILE;
    this.TYPE = constants.TYPE;
    this.VERSION = constants.VERSION;
    this.DIGEST = constants.DIGEST;
    this.OWNER = constants.OWNER;
    if (constants.DEPRECATED !== undefined)
      this.DEPRECATED = constants.DEPRECATED;
    this.#contracts = contracts;
  }

  create(fields: Fields<E> & Pick<E, "publisher">): E;
  create(fields: Fields<E>): Draft<E>;
  create(fields: Fields<E>): Draft<E> {
    const given = fields as Members;
    const head = {
      id: given["id"] ?? randomUUID(),
      type: this.TYPE,
      time: given["time"] ?? new Date().toISOString(),
      schema_version: this.VERSION,
    };
    return this.#made({ ...head, ...withoutUndefined(given) });
  }

  replace(event: Draft<E>, changes: Partial<Fields<E>>): Draft<E> {
    const {
      id: _id,
      time: _time,
      publisher: _publisher,
      ...kept
    } = event as Members;
    return this.create({
      ...kept,
      schema_version: this.VERSION,
      ...changes,
    } as unknown as Fields<E>);
  }

  parse(text: string): E {
    return this.read(this.#parsed(text));
  }

  read(value: unknown): E {
    const event = this.#json(value);
    this.#refuse([
      ...this.#faultsOfHead(event),
      ...this.#judged(event, "reader"),
    ]);
    return this.#bound(event) as unknown as E;
  }

  stringify(event: Draft<E>): string {
    return stringifyJson(event);
  }

  publishedBy(event: Draft<E>, publisher: string): E {
    const draft = this.#json(event);
    if ("publisher" in draft) {
      this.#refuse(otherPublisher(draft["publisher"], publisher));
    } else {
      draft["publisher"] = this.#publisher(publisher);
    }
    this.#refuse([
      ...this.#faultsOfHead(draft),
      ...this.#judged(draft, "writer"),
    ]);
    return this.#bound(draft) as unknown as E;
  }

  #made(members: Members): Draft<E> {
    const draft = this.#json(members);
    const missing = !("publisher" in draft);
    const judged = missing
      ? { ...draft, publisher: this.#publisher("publisher") }
      : draft;
    const faults = [
      ...this.#faultsOfHead(draft),
      ...this.#judged(judged, "writer"),
    ];
    this.#refuse(
      missing ? faults.filter((fault) => !isOfPublisher(fault)) : faults,
    );
    return this.#bound(draft) as unknown as Draft<E>;
  }

  /** A publisher as the contract has it: an object with a name, or the name alone. */
  #publisher(name: string): unknown {
    this.#hasTextPublisher ??= this.#judged(
      { publisher: { name } },
      "writer",
    ).some(({ pointer, code }) => pointer === "/publisher" && code === "type");
    return this.#hasTextPublisher ? name : { name };
  }

  #parsed(text: string): unknown {
    try {
      return parseJson(text);
    } catch (error) {
      const message = `Expected JSON: ${(error as Error).message}.`;
      throw new InvalidEvent(this.TYPE, [
        { pointer: "", code: "not-json", message },
      ]);
    }
  }

  /** A copy that is JSON all through. */
  #json(value: unknown): Members {
    const { copy, faults } = copied(value);
    this.#refuse(faults);
    if (typeof copy !== "object" || copy === null || Array.isArray(copy)) {
      const message = "Expected an event, which is an object.";
      throw new InvalidEvent(this.TYPE, [
        { pointer: "", code: "type", message },
      ]);
    }
    return copy as Members;
  }

  #bound(event: Members): Members {
    return frozen(Object.defineProperty(event, TYPE_OF, { value: this }));
  }

  #judged(event: Members, standpoint: Standpoint): Fault[] {
    return this.#contracts.faults(this.FILE, event, standpoint);
  }

  /** Whether an event is of this type and major; what is missing is the contract's to tell. */
  #faultsOfHead({ type, schema_version: version }: Members): Fault[] {
    const faults: Fault[] = [];
    if (typeof type === "string" && type !== this.TYPE) {
      const message = `Expected the type '${this.TYPE}' and found '${type}'.`;
      faults.push({ pointer: "/type", code: "other-type", message });
    }
    if (
      typeof version === "string" &&
      majorOf(version) !== majorOf(this.VERSION)
    ) {
      const message = `Expected a version of the major ${majorOf(this.VERSION)} and found '${version}'.`;
      faults.push({
        pointer: "/schema_version",
        code: "other-version",
        message,
      });
    }
    return faults;
  }

  #refuse(faults: readonly Fault[]): void {
    if (faults.length > 0)
      throw new InvalidEvent(this.TYPE, faults.slice(0, 100));
  }
}

function withoutUndefined(members: Members): Members {
  return Object.fromEntries(
    Reflect.ownKeys(members)
      .map((name) => [name, members[name as string]] as const)
      .filter(([, value]) => value !== undefined),
  ) as Members;
}

function isOfPublisher({ pointer }: Fault): boolean {
  return pointer === "/publisher" || pointer.startsWith("/publisher/");
}

function otherPublisher(found: unknown, name: string): Fault[] {
  const isObject = typeof found === "object" && found !== null;
  const given = isObject ? (found as Members)["name"] : found;
  if (given === name) return [];
  const pointer = isObject ? "/publisher/name" : "/publisher";
  const message = `Expected the publisher '${name}' and found another; leave it out: it is filled in at publish.`;
  return [{ pointer, code: "other-publisher", message }];
}
