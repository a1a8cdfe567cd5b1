/** One thing that is wrong with an event. */
export interface Fault {
  /** JSON pointer to the value, or to where it is missing. */
  readonly pointer: string;
  /** The schema's keyword, such as `enum`. */
  readonly code: string;
  /** A sentence. */
  readonly message: string;
}

/** What went wrong, and what to do about it. */
export class KeybusError extends Error {
  /** What to do next; empty where that goes without saying. */
  readonly hint: string;

  constructor(
    message: string,
    options: { hint?: string; cause?: unknown } = {},
  ) {
    const { hint = "", ...more } = options;
    super(hint === "" ? message : `${message} (${hint})`, more);
    this.name = new.target.name;
    this.hint = hint;
  }
}

/** An event does not fit its contract, or is no event of its class. */
export class InvalidEvent extends KeybusError {
  /** The event's type. */
  readonly type: string;
  /** Everything that is wrong, up to 100 faults. */
  readonly faults: readonly Fault[];

  constructor(type: string, faults: readonly Fault[]) {
    const count = faults.length === 1 ? "1 fault" : `${faults.length} faults`;
    const lines = faults.map(
      ({ pointer, message }) => `\n  ${pointer || "(the event)"}: ${message}`,
    );
    super(`${type}: ${count}${lines.join("")}`);
    this.type = type;
    this.faults = faults;
  }
}

/** An entry that the bus did not take. */
export interface FailedEntry {
  /** Its place among the events that were to be published. */
  readonly index: number;
  /** The event's own id. */
  readonly id: string;
  readonly type: string;
  /** EventBridge's error code, or the name of the error that its request ended with. */
  readonly code: string;
  readonly reason: string;
}

/** Some events were not published; each is named. */
export class PublishError extends KeybusError {
  readonly failed: readonly FailedEntry[];
  /** How many of the others the bus has taken. */
  readonly accepted: number;

  constructor(
    failed: readonly FailedEntry[],
    accepted: number,
    cause?: unknown,
  ) {
    const lines = failed.map(
      ({ index, type, id, code, reason }) =>
        `\n  ${index}: ${type} ${id}: ${code}: ${reason}`,
    );
    const said = `${failed.length} of ${failed.length + accepted} events were not published`;
    super(`${said}${lines.join("")}`, cause === undefined ? {} : { cause });
    this.failed = failed;
    this.accepted = accepted;
  }
}

/** A subscriber cannot go on. */
export class SubscriberError extends KeybusError {}
