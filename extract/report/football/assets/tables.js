"use strict";

// Tables with columns that sort, and with a filter.

const collator = new Intl.Collator("en", { numeric: true });

/** Orders two values; unknown ones come last in both directions. */
function compare(one, other, sign) {
  if (!known(one) || !known(other)) return known(other) - known(one);
  return sign * (typeof one === "number" && typeof other === "number"
    ? one - other : collator.compare(one, other));
}

/**
 * A table.
 *
 * columns: {label, title, value: row → number or text, cell: row → what is shown (the value by
 * default), text: is it text, head: does it name the row, minor: is it left out on narrow screens,
 * wraps: may it have several lines there, ascending: is its smallest value the best}.
 * sort: label and direction of the order in which the rows come, if they can be sorted.
 */
function dataTable({ caption, columns, rows, sort, filter, rowClass, hideCaption = true }) {
  const body = h("tbody");
  const entries = rows.map((row) => {
    const cells = columns.map((column) => {
      const shown = column.cell ? column.cell(row) : column.value(row);
      return h(column.head ? "th" : "td", {
        scope: column.head ? "row" : null,
        class: [column.text || column.head ? "" : "number", column.minor ? "minor" : "",
          column.wraps ? "wraps" : ""].join(" ").trim() || null,
      }, known(shown) ? shown : "–");
    });
    const line = h("tr", { class: rowClass?.(row) }, cells);
    return { row, line, text: plain(line.textContent) };
  });
  body.append(...entries.map((entry) => entry.line));
  const heads = columns.map((column) => {
    const label = column.title ? h("abbr", { title: column.title }, column.label) : column.label;
    const head = h("th", {
      scope: "col",
      class: [column.text || column.head ? "" : "number", column.minor ? "minor" : ""].join(" ").trim() || null,
      "aria-sort": sort && sort[0] === column.label ? sort[1] : null,
    });
    head.append(sort ? h("button", { type: "button", onclick: () => order(column, head) }, label) : label);
    return head;
  });
  function order(column, head) {
    const before = head.getAttribute("aria-sort");
    const first = column.text || column.head || column.ascending ? "ascending" : "descending";
    const direction = before ? (before === "ascending" ? "descending" : "ascending") : first;
    for (const each of heads) each.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", direction);
    const sign = direction === "ascending" ? 1 : -1;
    entries.sort((a, b) => compare(column.value(a.row), column.value(b.row), sign));
    body.append(...entries.map((entry) => entry.line));
  }
  const table = h("table", {}, h("caption", { class: hideCaption ? "unseen" : null }, caption),
    h("thead", {}, h("tr", {}, heads)), body);
  return h("div", { class: "table" },
    h("div", { class: "tools" },
      filter && rows.length > 5 && filterBox(filter, entries),
      columns.some((column) => column.minor) && h("button", {
        type: "button", class: "all-columns", "aria-pressed": "false", onclick: ({ currentTarget }) => {
          const all = table.classList.toggle("all");
          currentTarget.setAttribute("aria-pressed", String(all));
        },
      }, "All columns")),
    scrolling(caption, table));
}

function filterBox(label, entries) {
  const output = h("output");
  const input = h("input", { type: "search", oninput: () => {
    const words = plain(input.value).split(/\s+/);
    for (const { line, text } of entries) line.hidden = !words.every((word) => text.includes(word));
    const shown = entries.filter(({ line }) => !line.hidden).length;
    output.value = input.value.trim() ? `${count(shown)} of ${several(entries.length, "row")}` : "";
  } });
  return h("div", { class: "filter" }, h("label", {}, h("span", {}, label), input), output);
}

/** A box that scrolls sideways, and says so where its content is wider. */
function scrolling(label, content) {
  const box = h("div", { class: "scroll" }, content);
  const hint = h("p", { class: "hint", hidden: true, "aria-hidden": "true" }, "Scroll sideways for more →");
  const look = () => {
    const wider = box.scrollWidth > box.clientWidth + 1;
    hint.hidden = !wider;
    box.classList.toggle("more", wider && box.scrollLeft + box.clientWidth < box.scrollWidth - 1);
    if (!wider) for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
    else for (const [name, value] of [["tabindex", 0], ["role", "region"], ["aria-label", label]]) {
      box.setAttribute(name, value);
    }
  };
  box.addEventListener("scroll", look);
  const observer = new ResizeObserver(look);
  observer.observe(box);
  observer.observe(content);
  return [hint, box];
}
