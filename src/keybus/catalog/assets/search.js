// The search: words in, rows of the index out. It touches no page, so that it can be tried anywhere.
//
// A row is [kind, name, page, summary, other words, fields], the last two divided by blanks. All words
// that are asked for have to be there.
"use strict";

const KINDS = ["event", "account", "publisher", "subscription"];
const MOST = 50;

// A text in lower case, without accents.
function plain(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

// What is asked for, word by word; a type may have its major behind it.
function termsOf(query) {
  return plain(query).split(/\s+/).map((term) => term.replace(/@\d*$/, "")).filter(Boolean);
}

// How well one word fits a row; 0: not at all.
function fit(term, row) {
  const name = plain(row[1]);
  if (name === term) return 100;
  if (name.startsWith(term)) return 70;
  if (name.split(/[^\p{L}\p{N}]+/u).some((word) => word.startsWith(term))) return 50;
  if (name.includes(term)) return 30;
  const words = plain(`${row[4]} ${row[5]}`).split(" ");
  if (words.includes(term)) return 25;
  if (words.some((word) => word.startsWith(term))) return 18;
  if (words.some((word) => word.includes(term))) return 12;
  return plain(row[3]).includes(term) ? 8 : 0;
}

// The rows that fit all words, the best first: {row, fields}, the fields being those that fit.
function search(index, query) {
  const terms = termsOf(query);
  if (terms.length === 0) return [];
  const found = [];
  index.forEach((row, place) => {
    let score = 0;
    for (const term of terms) {
      const one = fit(term, row);
      if (one === 0) return;
      score += one;
    }
    const fits = (field) => terms.some((term) => plain(field).includes(term));
    found.push({ row, fields: row[5].split(" ").filter(fits).slice(0, 4), score, place });
  });
  const rank = (each) => KINDS.indexOf(each.row[0]);
  found.sort((one, other) => other.score - one.score || rank(one) - rank(other) || one.place - other.place);
  return found.slice(0, MOST);
}

// A text cut into parts, each [text, whether it was asked for].
function marked(text, query) {
  const terms = termsOf(query);
  const letters = Array.from(text);
  const hit = letters.map(() => false);
  // By letters of the text as it stands, since a plain letter may be longer or shorter.
  const places = [];
  let all = "";
  letters.forEach((letter, at) => {
    for (const unit of plain(letter).split("")) {
      all += unit;
      places.push(at);
    }
  });
  for (const term of terms) {
    for (let at = all.indexOf(term); at >= 0; at = all.indexOf(term, at + 1)) {
      for (let i = at; i < at + term.length; i += 1) hit[places[i]] = true;
    }
  }
  const parts = [];
  letters.forEach((letter, at) => {
    const last = parts[parts.length - 1];
    if (last && last[1] === hit[at]) last[0] += letter;
    else parts.push([letter, hit[at]]);
  });
  return parts;
}

if (typeof module !== "undefined") module.exports = { marked, search };
