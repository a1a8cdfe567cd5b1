/** What every event carries. */
export interface EventHead {
  readonly id: string;
  readonly type: string;
  readonly time: string;
  readonly publisher: unknown;
  readonly schema_version: string;
}

type OwnHead = "type" | "schema_version";
type Filled = "id" | "time" | "publisher";

/** An event that is not published yet: its publisher may be missing. */
export type Draft<E> = {
  [K in keyof E as K extends "publisher" ? never : K]: E[K];
} & { [K in keyof E as K extends "publisher" ? K : never]?: E[K] };

/** What an event is created of; what is filled in may be left out. */
export type Fields<E> = {
  [K in keyof E as K extends OwnHead | Filled ? never : K]: E[K];
} & { [K in keyof E as K extends Filled ? K : never]?: E[K] };

/** What is said of an event type's contract. */
export interface EventConstants<E extends EventHead> {
  /** The contract's file. */
  readonly FILE: string;
  /** The event type, which is the envelope's detail-type. */
  readonly TYPE: E["type"];
  /** The contract's version. */
  readonly VERSION: string;
  /** The contract's digest, `sha256:…`, over all of its files. */
  readonly DIGEST: string;
  /** The account that answers for it. */
  readonly OWNER: string;
  /** Why and until when it is to be left, where it is. */
  readonly DEPRECATED?: string;
}

/** An event type: makes, reads and writes events, each checked against the whole contract. */
export interface EventType<E extends EventHead> extends EventConstants<E> {
  /**
   * Create an event. Its `id` and `time` are filled in where they are not given, its `publisher`
   * when it is published.
   *
   * @throws InvalidEvent With everything that does not fit the contract.
   */
  create(fields: Fields<E> & Pick<E, "publisher">): E;
  create(fields: Fields<E>): Draft<E>;

  /**
   * A changed copy: an event of its own, with a new `id` and `time`, and no publisher yet.
   *
   * @throws InvalidEvent With everything that does not fit the contract.
   */
  replace(event: Draft<E>, changes: Partial<Fields<E>>): Draft<E>;

  /**
   * Read an event from its JSON text. Numbers are exact, what the contract does not declare is
   * kept, and lists that are declared to grow may have values that are not listed yet.
   *
   * @throws InvalidEvent It is no event of this type and major version, or does not fit.
   */
  parse(text: string): E;

  /** Read an event from what was parsed already, as `parse` does. */
  read(value: unknown): E;

  /** The event's JSON text; numbers are written as they were read. */
  stringify(event: Draft<E>): string;

  /**
   * The event as it is published, by a publisher of this name.
   *
   * @throws InvalidEvent It does not fit, or names another publisher.
   */
  publishedBy(event: Draft<E>, publisher: string): E;
}

/** The major of a semantic version. */
export function majorOf(version: string): string {
  return version.split(".", 1)[0] ?? "";
}
