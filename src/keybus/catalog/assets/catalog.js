// What the pages do beyond being read: search, colours, copying, filters, and the map's lines.
"use strict";

const root = document.body.dataset.root;
const one = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => Array.from(within.querySelectorAll(selector));

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

// Search

function setUpSearch() {
  const dialog = one("[data-search]");
  const opener = one("[data-find]");
  const input = one("input", dialog);
  const list = one("[role=listbox]", dialog);
  const told = one("[role=status]", dialog);
  let chosen = -1;

  const options = () => all("[role=option]", list);

  function choose(at) {
    chosen = at;
    options().forEach((option, place) => option.setAttribute("aria-selected", String(place === at)));
    const option = options()[at];
    if (option) {
      input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else {
      input.removeAttribute("aria-activedescendant");
    }
  }

  function withMarks(name, text) {
    const parts = marked(text, input.value).map(([part, hit]) => (hit ? element("mark", {}, part) : part));
    return element("span", { className: name }, ...parts);
  }

  function shown({ row, fields }, place) {
    const [kind, name, page, summary] = row;
    const option = element("li", { id: `found-${place}` }, withMarks("name", name));
    option.setAttribute("role", "option");
    option.dataset.page = page;
    option.append(element("span", { className: "kind" }, kind));
    if (summary) option.append(withMarks("says", summary));
    if (fields.length > 0) option.append(withMarks("says mono", fields.join(", ")));
    option.addEventListener("click", () => go(option));
    option.addEventListener("pointermove", () => choose(place));
    return option;
  }

  function show() {
    const found = self.catalogIndex ? search(self.catalogIndex, input.value) : [];
    list.replaceChildren(...found.map(shown));
    input.setAttribute("aria-expanded", String(found.length > 0));
    choose(found.length > 0 ? 0 : -1);
    if (input.value.trim() === "") told.textContent = "↑ ↓ to choose, Enter to open";
    else if (!self.catalogIndex) told.textContent = "Reading the index…";
    else told.textContent = found.length > 0 ? `${found.length} found` : "Nothing found";
  }

  function go(option) {
    if (option) location.href = root + option.dataset.page;
  }

  // The index is read when it is needed first.
  function readIndex() {
    if (self.catalogIndex || one("script[data-index]")) return;
    const script = element("script", { src: `${root}assets/index.js` });
    script.dataset.index = "";
    script.addEventListener("load", show);
    document.head.append(script);
  }

  function open() {
    readIndex();
    if (!dialog.open) dialog.showModal();
    input.select();
    show();
  }

  input.addEventListener("input", show);
  input.addEventListener("keydown", (event) => {
    const count = options().length;
    if (event.key === "Enter") go(options()[chosen]);
    else if (event.key === "Escape") dialog.close();
    else if (event.key === "ArrowDown" && count) choose((chosen + 1) % count);
    else if (event.key === "ArrowUp" && count) choose((chosen + count - 1) % count);
    else return;
    event.preventDefault();
  });
  one("[data-close]", dialog).addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea, [contenteditable]");
    const slash = event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey;
    const letter = event.key === "k" && (event.ctrlKey || event.metaKey);
    if (slash || letter) {
      event.preventDefault();
      open();
    }
  });
  opener.hidden = false;
  opener.addEventListener("click", open);
}

// Colours: as the system has them, light, dark.

function setUpTheme() {
  const button = one("[data-theme-switch]");
  const label = one("span", button);
  const words = { "": "as the system has them", light: "light", dark: "dark" };
  const next = { "": "light", light: "dark", dark: "" };
  const present = () => document.documentElement.dataset.theme || "";

  function tell() {
    label.textContent = `Colours: ${words[present()]}`;
    button.title = label.textContent;
  }

  button.addEventListener("click", () => {
    const chosen = next[present()];
    if (chosen) document.documentElement.dataset.theme = chosen;
    else delete document.documentElement.dataset.theme;
    try {
      localStorage.setItem("catalog-theme", chosen);
    } catch {
      // It holds for this page then.
    }
    tell();
  });
  button.hidden = false;
  tell();
}

// Copying

function setUpCopying() {
  if (!navigator.clipboard) return;
  for (const box of all("[data-copy]")) {
    const button = element("button", { type: "button" }, "Copy");
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(one("code", box).textContent);
        button.textContent = "Copied";
      } catch {
        button.textContent = "Not allowed";
      }
      setTimeout(() => (button.textContent = "Copy"), 1500);
    });
    box.append(button);
  }
}

// Which events are shown

function setUpSifting() {
  const form = one("[data-sift]");
  if (!form) return;
  const selects = all("select", form);
  const rows = all("[data-owner]");
  for (const select of selects) {
    const known = new Set(rows.map((row) => row.dataset[select.name]));
    for (const option of all("option", select)) {
      if (option.value && !known.has(option.value)) option.remove();
    }
    select.parentElement.hidden = select.options.length < 3;
  }

  function sift() {
    let count = 0;
    for (const row of rows) {
      row.hidden = selects.some((each) => each.value && each.value !== row.dataset[each.name]);
      count += row.hidden ? 0 : 1;
    }
    for (const group of all("[data-group]")) {
      group.hidden = !all("[data-owner]", group).some((row) => !row.hidden);
    }
    one("output", form).textContent = `${count} event${count === 1 ? "" : "s"}`;
  }

  form.hidden = false;
  form.addEventListener("change", sift);
  form.addEventListener("submit", (event) => event.preventDefault());
  sift();
}

// What has ended by now

function setUpEndings() {
  for (const time of all("[data-until]")) {
    const end = new Date(time.dataset.until.length > 10 ? time.dataset.until : `${time.dataset.until}T00:00:00Z`);
    if (end <= new Date()) time.after(" ", element("span", { className: "badge ended" }, "ended"));
  }
}

// The map: only what has to do with a box

function setUpMap(map) {
  const boxes = all("[data-box]", map);
  const lines = all("[data-from]", map);
  const byNumber = new Map(boxes.map((box) => [box.dataset.box, box]));

  // Lines that begin or end at a box, and those that go on from there, each way.
  function way(start, near, far) {
    const found = [];
    const seen = new Set([start]);
    const waiting = [start];
    while (waiting.length > 0) {
      const here = waiting.pop();
      for (const line of lines) {
        if (line.dataset[near] !== here) continue;
        found.push(line);
        if (!seen.has(line.dataset[far])) {
          seen.add(line.dataset[far]);
          waiting.push(line.dataset[far]);
        }
      }
    }
    return found;
  }

  function clear() {
    map.classList.remove("dim");
    for (const lit of all(".lit", map)) lit.classList.remove("lit");
  }

  function light(box) {
    clear();
    box.classList.add("lit");
    for (const line of [...way(box.dataset.box, "from", "to"), ...way(box.dataset.box, "to", "from")]) {
      line.classList.add("lit");
      byNumber.get(line.dataset.from).classList.add("lit");
      byNumber.get(line.dataset.to).classList.add("lit");
    }
    map.classList.add("dim");
  }

  for (const box of boxes) {
    box.addEventListener("pointerenter", () => light(box));
    box.addEventListener("pointerleave", clear);
    const link = box.closest("a");
    if (link) {
      link.addEventListener("focus", () => light(box));
      link.addEventListener("blur", clear);
    }
  }
}

// Paper shows everything but the files that a contract refers to.

function setUpPrinting() {
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = all("details:not([open]):not(.file)");
    for (const each of opened) each.open = true;
  });
  addEventListener("afterprint", () => {
    for (const each of opened) each.open = false;
  });
}

// An address may point into something that is closed.

function openTarget() {
  const id = decodeURIComponent(location.hash.slice(1));
  const target = document.getElementById(location.hash.slice(1)) || document.getElementById(id);
  for (let each = target && target.closest("details"); each; each = each.parentElement.closest("details")) {
    each.open = true;
  }
  if (target) target.scrollIntoView();
}

setUpSearch();
setUpTheme();
setUpCopying();
setUpSifting();
setUpEndings();
all("svg.map").forEach(setUpMap);
setUpPrinting();
if (location.hash) openTarget();
addEventListener("hashchange", openTarget);
