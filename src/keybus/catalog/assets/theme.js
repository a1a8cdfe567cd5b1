// Takes the colours that were chosen here before, ahead of the first paint.
"use strict";

try {
  const chosen = localStorage.getItem("catalog-theme");
  if (chosen === "light" || chosen === "dark") {
    document.documentElement.dataset.theme = chosen;
  }
} catch {
  // A browser may keep nothing of pages that are opened from a folder.
}
