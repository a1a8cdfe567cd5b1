// Reads AsyncAPI documents with AsyncAPI's own parser, and prints what it finds as JSON.
//
//   node validate.js FILE…
//
// NODE_PATH says where the packages of package-lock.json are installed.
"use strict";

const { readFileSync } = require("node:fs");
const { Parser } = require("@asyncapi/parser");

const SEVERITIES = ["error", "warning", "information", "hint"];

async function judged(file) {
  const { document, diagnostics } = await new Parser().parse(readFileSync(file, "utf8"));
  return {
    file,
    isValid: document !== undefined,
    diagnostics: diagnostics.map((each) => ({
      severity: SEVERITIES[each.severity],
      code: String(each.code),
      path: each.path.join("/"),
      message: each.message,
    })),
    channels: document ? document.channels().all().map((each) => each.id()) : [],
    operations: document ? document.operations().all().map((each) => each.id()) : [],
    messages: document ? document.messages().all().map((each) => each.name()) : [],
  };
}

async function main(files) {
  const found = [];
  for (const file of files) {
    found.push(await judged(file));
  }
  process.stdout.write(JSON.stringify(found));
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
