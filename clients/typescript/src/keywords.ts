import type { FuncKeywordDefinition, SchemaValidateFunction } from "ajv";

import type { NumberRule, ValueRule } from "./bundle.js";
import { canonical } from "./canonical.js";
import { compareDecimals, decimalOf, isMultiple } from "./decimals.js";
import { exactText } from "./json.js";

const judgeNumber: SchemaValidateFunction = (rule, value, _, context) => {
  const text = exactText(context?.parentData, `${context?.parentDataProperty}`);
  const broken = brokenRules(rule as NumberRule, text ?? String(value));
  judgeNumber.errors = broken.map((keyword) => ({ keyword, params: { text } }));
  return broken.length === 0;
};

const judgeValue: SchemaValidateFunction = (
  rule: ValueRule,
  value,
  _,
  context,
) => {
  const name = `${context?.parentDataProperty}`;
  const listed = rule.texts.has(canonical(value, context?.parentData, name));
  judgeValue.errors = listed ? [] : [{ keyword: "enum", params: {} }];
  return listed;
};

const judgeItems: SchemaValidateFunction = (_, items: unknown[]) => {
  const texts = items.map((item, index) => canonical(item, items, `${index}`));
  const unique = new Set(texts).size === texts.length;
  judgeItems.errors = unique ? [] : [{ keyword: "uniqueItems", params: {} }];
  return unique;
};

/** Judges numbers by what was written, not by the nearest double. */
export const exactNumber: FuncKeywordDefinition = {
  keyword: "exactNumber",
  type: "number",
  errors: true,
  validate: judgeNumber,
};

/** Compares values by what was written; the validator's own way calls methods of theirs. */
export const exactEnum: FuncKeywordDefinition = {
  keyword: "exactEnum",
  errors: true,
  validate: judgeValue,
};

/** Tells items apart by what was written. */
export const exactUnique: FuncKeywordDefinition = {
  keyword: "exactUnique",
  type: "array",
  errors: true,
  validate: judgeItems,
};

function brokenRules(rule: NumberRule, text: string): string[] {
  const value = decimalOf(text);
  const below = rule.minimum && compareDecimals(value, rule.minimum);
  const above = rule.maximum && compareDecimals(value, rule.maximum);
  const broken: Record<string, boolean> = {
    // By draft-04 a number that is written with a fraction or an exponent is no integer.
    type: rule.integer && !/^-?\d+$/.test(text),
    minimum:
      below !== undefined &&
      (below < 0 || (below === 0 && rule.exclusiveMinimum)),
    maximum:
      above !== undefined &&
      (above > 0 || (above === 0 && rule.exclusiveMaximum)),
    multipleOf:
      rule.multipleOf !== undefined && !isMultiple(value, rule.multipleOf),
  };
  return Object.keys(broken).filter((keyword) => broken[keyword]);
}
