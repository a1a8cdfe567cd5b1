const SHARE = 3;

/** What was probably meant: the candidate that a few letters make of a text, or undefined. */
export function nearest(
  text: string,
  candidates: Iterable<string>,
): string | undefined {
  let best: string | undefined;
  let least = Math.max(1, Math.floor(text.length / SHARE)) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - text.length) >= least) continue;
    const found = distance(text.toLowerCase(), candidate.toLowerCase());
    if (found < least) [best, least] = [candidate, found];
  }
  return best;
}

/** How many letters are to be set, left out or put in (Levenshtein). */
function distance(one: string, other: string): number {
  let before = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let row = 1; row <= one.length; row++) {
    const line = [row];
    for (let column = 1; column <= other.length; column++) {
      const same = one[row - 1] === other[column - 1] ? 0 : 1;
      line[column] = Math.min(
        (before[column] as number) + 1,
        (line[column - 1] as number) + 1,
        (before[column - 1] as number) + same,
      );
    }
    before = line;
  }
  return before[other.length] as number;
}
