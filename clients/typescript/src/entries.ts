import type { PutEventsRequestEntry } from "@aws-sdk/client-eventbridge";

/** What PutEvents takes at once: entries, and the bytes of all of them together. */
export const MOST_ENTRIES = 10;
export const MOST_BYTES = 256 * 1024;

/** An entry, and the place of its event among those that are to be published. */
export interface Placed {
  readonly index: number;
  readonly id: string;
  readonly entry: PutEventsRequestEntry & { readonly DetailType: string };
}

/** The size of an entry as EventBridge counts it (User Guide, "Calculating PutEvents entry size"). */
export function sizeOf(entry: PutEventsRequestEntry): number {
  const texts = [
    entry.Source,
    entry.DetailType,
    entry.Detail,
    ...(entry.Resources ?? []),
  ];
  const time = entry.Time === undefined ? 0 : 14;
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text ?? ""), time);
}

/** Entries in order, as many to a request as it takes; one that is too large has one to itself. */
export function* batchesOf(entries: Iterable<Placed>): Generator<Placed[]> {
  let batch: Placed[] = [];
  let bytes = 0;
  for (const placed of entries) {
    const size = sizeOf(placed.entry);
    if (
      batch.length === MOST_ENTRIES ||
      (batch.length > 0 && bytes + size > MOST_BYTES)
    ) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(placed);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}
