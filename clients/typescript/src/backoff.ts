import { setTimeout as sleep } from "node:timers/promises";

const FIRST_MS = 100;
const LONGEST_MS = 5_000;

/** Waits between tries: exponential with full jitter, until a deadline. */
export class Backoff {
  readonly #deadline: number;
  #tries = 0;

  /** @param forMs For how many milliseconds to go on trying. */
  constructor(forMs: number) {
    this.#deadline = performance.now() + forMs;
  }

  /** Wait before the next try; false, and at once, where there is no time for another. */
  async wait(signal?: AbortSignal): Promise<boolean> {
    const most = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.#tries++);
    const delay = Math.random() * most;
    if (performance.now() + delay > this.#deadline) return false;
    await sleep(delay, undefined, signal && { signal });
    return true;
  }

  /** Begin anew with short waits. */
  reset(): void {
    this.#tries = 0;
  }
}
