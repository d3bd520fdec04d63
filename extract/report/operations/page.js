"use strict";

// Tables: a click on a column's name sorts by it, and once more in the other direction.
const numeric = (text) => (text !== "" && !Number.isNaN(Number(text)) ? Number(text) : null);
const compare = (one, other) => {
  if (one === other) return 0;
  if (one === "") return 1;
  if (other === "") return -1;
  const [a, b] = [numeric(one), numeric(other)];
  return a !== null && b !== null ? a - b : one.localeCompare(other);
};
for (const button of document.querySelectorAll("thead button")) {
  button.addEventListener("click", () => {
    const head = button.parentElement;
    const table = head.closest("table");
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const each of table.querySelectorAll("thead th")) each.setAttribute("aria-sort", "none");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const value = (row) => row.cells[head.cellIndex].dataset.value;
    const rows = [...table.tBodies[0].rows];
    rows.sort((a, b) => compare(value(a), value(b)) * (down && value(a) && value(b) ? -1 : 1));
    table.tBodies[0].append(...rows);
  });
}

// A filter shows the rows that hold each of its words.
for (const input of document.querySelectorAll("input[data-table]")) {
  const table = document.getElementById(input.dataset.table);
  const output = document.querySelector(`output[for="${table.id}"]`);
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/);
    let shown = 0;
    for (const row of table.tBodies[0].rows) {
      // Numbers as they are shown, and without commas.
      const cells = [...row.cells].map((cell) => `${cell.textContent} ${cell.dataset.value}`);
      const text = cells.join(" ").toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      shown += row.hidden ? 0 : 1;
    }
    output.value = input.value.trim() ? `${shown} row${shown === 1 ? "" : "s"}${output.dataset.among}` : "";
  });
}

// A table that is wider than its place says so.
const hint = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    target.previousElementSibling.hidden = target.scrollWidth <= target.clientWidth + 1;
  }
});
for (const each of document.querySelectorAll(".scroll")) hint.observe(each);

// A link to a section opens what is folded in it, and printing opens everything.
window.addEventListener("beforeprint", () => {
  for (const each of document.querySelectorAll("details")) each.open = true;
});
