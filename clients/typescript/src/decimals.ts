/** A number in full: `digits` times ten to the `exponent`; no digits end in a zero. */
export interface Decimal {
  readonly digits: bigint;
  readonly exponent: bigint;
}

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** The decimal that a number's text means, as JSON or JavaScript write it. */
export function decimalOf(text: string): Decimal {
  const found = NUMBER.exec(text);
  if (found === null) throw new RangeError(`${text} is no number`);
  const [, sign, whole = "", fraction = "", power = "0"] = found;
  const digits = `${whole}${fraction}`.replace(/^0+/, "");
  const significant = digits.replace(/0+$/, "");
  if (significant === "") return { digits: 0n, exponent: 0n };
  const dropped = digits.length - significant.length - fraction.length;
  return {
    digits: BigInt(`${sign ?? ""}${significant}`),
    exponent: BigInt(power) + BigInt(dropped),
  };
}

/** A decimal as people write it, where that is not too long. */
export function textOf({ digits, exponent }: Decimal): string {
  const scientific = `${digits}e${exponent}`;
  const number = Number(scientific);
  if (Number.isFinite(number)) {
    const read = decimalOf(String(number));
    if (read.digits === digits && read.exponent === exponent)
      return String(number);
  }
  const isShort = exponent >= 0n && exponent < 30n;
  return isShort ? `${digits}${"0".repeat(Number(exponent))}` : scientific;
}

/** Negative, zero or positive, as the first is less than, equal to or more than the second. */
export function compareDecimals(first: Decimal, second: Decimal): number {
  if (first.digits < 0n !== second.digits < 0n || first.digits === 0n) {
    return sign(first.digits - second.digits);
  }
  if (second.digits === 0n) return sign(first.digits);
  const higher = sign(magnitude(first) - magnitude(second));
  if (higher !== 0) return first.digits < 0n ? -higher : higher;
  // As large as each other, so what they are apart by is no more digits than were written.
  const least =
    first.exponent < second.exponent ? first.exponent : second.exponent;
  return sign(
    first.digits * 10n ** (first.exponent - least) -
      second.digits * 10n ** (second.exponent - least),
  );
}

/** Whether the first is the second times a whole number. */
export function isMultiple(first: Decimal, second: Decimal): boolean {
  if (first.digits === 0n) return true;
  const shift = first.exponent - second.exponent;
  if (shift < 0n) return false; // its last digit is no zero
  const modulus = second.digits < 0n ? -second.digits : second.digits;
  return (first.digits * tenToThe(shift, modulus)) % modulus === 0n;
}

/** Ten to a power, as far as the remainder by a modulus depends on it. */
function tenToThe(power: bigint, modulus: bigint): bigint {
  let result = 1n;
  let base = 10n % modulus;
  for (let left = power; left > 0n; left >>= 1n) {
    if (left & 1n) result = (result * base) % modulus;
    base = (base * base) % modulus;
  }
  return result;
}

/** How many digits stand before the point. */
function magnitude(decimal: Decimal): bigint {
  const digits = decimal.digits < 0n ? -decimal.digits : decimal.digits;
  return BigInt(digits.toString().length) + decimal.exponent;
}

function sign(value: bigint): number {
  return value < 0n ? -1 : value > 0n ? 1 : 0;
}
