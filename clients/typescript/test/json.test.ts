import assert from "node:assert/strict";
import test from "node:test";

import { compareDecimals, decimalOf, isMultiple } from "../src/decimals.js";
import { parseJson, stringifyJson } from "../src/index.js";

const EXACT = [
  "123456789012345678901234567890",
  "0.1000000000000000055511151231257827",
  "1e400",
  "-1.5E-400",
  "-0",
  "1.0",
  "[1.10,2,3e5]",
  "[ -0,1]",
  '{"a" : 1.0}',
  '["T08:00:56.240Z",{"b":[1.0]}]',
  '{"a":[{"b":12345678901234567890}],"c":0.1}',
];

test("numbers are written as they were read", () => {
  for (const text of EXACT) {
    const holder = `{"value":${text}}`;
    const written = stringifyJson(parseJson(holder));
    assert.equal(written, holder.replaceAll(" ", ""));
  }
});

test("numbers are plain numbers to a program", () => {
  const { amount } = parseJson(
    '{"amount": 123456789012345678901234567890}',
  ) as { amount: number };
  assert.equal(amount, 123456789012345678901234567890);
});

test("a copy keeps them, and what is set anew is what it is set to", () => {
  const read = parseJson('{"a":12345678901234567890,"b":1e400}') as object;
  assert.equal(
    stringifyJson({ ...read, b: 2 }),
    '{"a":12345678901234567890,"b":2}',
  );
});

test("__proto__ is a name like any other", () => {
  for (const number of ["1", "1.50"]) {
    const text = `{"__proto__":{"polluted":${number}}}`;
    const read = parseJson(text) as { polluted?: unknown };
    assert.equal(read.polluted, undefined);
    assert.equal(stringifyJson(read), text);
  }
  assert.equal(({} as { polluted?: unknown }).polluted, undefined);
});

test("of equal names the last one counts", () => {
  assert.equal(stringifyJson(parseJson('{"a":1,"a":2}')), '{"a":2}');
  assert.equal(
    stringifyJson(parseJson('{"a":1.50,"a":{"b":2.50}}')),
    '{"a":{"b":2.50}}',
  );
});

test("half characters survive", () => {
  assert.equal(stringifyJson(parseJson('["\\ud800", 1.0]')), '["\\ud800",1.0]');
});

test("what is no JSON is refused", () => {
  for (const text of ["", "{", "[1.5", "01.5", "[1.5,]", "NaN", "'a'"]) {
    assert.throws(() => parseJson(text), SyntaxError, text);
  }
});

test("decimals are compared by their value, however they are written", () => {
  const ascending = [
    "-1e400",
    "-2",
    "-1.5",
    "0",
    "1e-400",
    "0.1",
    "0.10000000000000000001",
    "1e400",
  ];
  for (const [index, text] of ascending.entries()) {
    for (const [other, against] of ascending.entries()) {
      const found = compareDecimals(decimalOf(text), decimalOf(against));
      assert.equal(found, Math.sign(index - other), `${text} and ${against}`);
    }
  }
  assert.equal(compareDecimals(decimalOf("100"), decimalOf("1e2")), 0);
  assert.equal(compareDecimals(decimalOf("-0.0"), decimalOf("0")), 0);
});

test("multiples are exact, also of what is huge", () => {
  const is = (one: string, other: string) =>
    isMultiple(decimalOf(one), decimalOf(other));
  assert.ok(
    is("0.3", "0.1") &&
      is("1e1000000000", "0.01") &&
      is("0", "7") &&
      is("-14", "7"),
  );
  assert.ok(
    !is("0.35", "0.1") && !is("1e1000000000", "7") && !is("1e-9", "0.01"),
  );
});
