"use strict";

// Data files are scripts, because a page that is opened from disk may load nothing else. Each calls
// `receive` with its name and its content.

const received = new Map();
const requested = new Map();

function receive(name, content) {
  received.set(name, content);
}

/** Loads a data file once. */
function load(name) {
  if (!requested.has(name)) {
    requested.set(name, new Promise((resolve, reject) => {
      const script = h("script", { src: `data/${name}.js` });
      script.addEventListener("load", () => resolve(received.get(name)));
      script.addEventListener("error", () => {
        requested.delete(name);
        reject(new Error(`The file data/${name}.js is missing.`));
      });
      document.head.append(script);
    }));
  }
  return requested.get(name);
}

/** The rows of a table as objects. Rows lack the nulls at their end. */
function records({ columns, rows }) {
  return rows.map((row) => Object.fromEntries(columns.map((column, at) => [column, row[at] ?? null])));
}

/** The index: seasons, and what the warehouse has. */
async function loadIndex() {
  const index = await load("index");
  index.bySeason ??= new Map(records(index.seasons).map((season) => [season.id, season]));
  return index;
}

/** The parts of a season, team, match or player; null if there is none with this id. */
async function loadParts(kind, id) {
  const index = await loadIndex();
  // Longer numbers are not exact, and no id has a zero before it.
  if (!/^[1-9][0-9]{0,14}$/.test(id ?? "")) return null;
  if (kind === "season" && !index.bySeason.has(Number(id))) return null;
  const buckets = index.buckets[kind];
  const content = await load(`${kind}-${buckets ? Number(id) % buckets : Number(id)}`);
  if (!content) return null;
  return (part) => {
    const found = content[part];
    return found ? records({ columns: found.columns, rows: found.rows[id] ?? [] }) : [];
  };
}
