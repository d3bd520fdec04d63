"use strict";

// Shows the page that the address names: what follows its # sign.

const main = document.getElementById("content");
const PAGES = new Map(Object.entries({
  "": homePage, season: seasonPage, team: teamPage, match: matchPage, player: playerPage, search: searchPage,
}));
// The number of the newest page, and its path: an older one that is still loading is not shown.
let newest = 0;
let shownPath = null;

function crumbTrail(crumbs) {
  return h("nav", { class: "crumbs", "aria-label": "Breadcrumb" },
    h("ol", {}, crumbs.filter(Boolean).map(([text, href], at, { length }) =>
    h("li", {}, href ? h("a", { href }, text) : h("span", { "aria-current": at === length - 1 ? "page" : null },
      text)))));
}

async function show() {
  const number = (newest += 1);
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [kind, id, ...rest] = path.split("/");
  let page;
  try {
    page = (await PAGES.get(kind)?.({ id, rest, query: new URLSearchParams(query) })) ?? null;
  } catch (error) {
    // An address that is no text, such as %E0%A4%A, has no page.
    if (!(error instanceof URIError)) {
      page = { title: "Not shown", content: [h("h1", { tabindex: -1 }, "This page cannot be shown"),
        empty(error.message, " Write the report again, and reload.")] };
      if (!/^The file data/.test(error.message)) console.error(error);
    }
  }
  if (number !== newest) return;
  page ??= { title: "Not found", content: [h("h1", { tabindex: -1 }, "Not found"),
    empty("This report has no such page. It may be of a match that was withdrawn, or of an older report. ",
      h("a", { href: "#/" }, "All competitions"))] };
  const focused = document.activeElement?.id;
  main.replaceChildren(...[page.crumbs && crumbTrail(page.crumbs),
    ...page.content].flat(Infinity).filter((child) => child instanceof Node));
  document.title = `${clean(page.title)} · Football`;
  if (shownPath === path && focused && main.querySelector(`#${CSS.escape(focused)}`)) {
    main.querySelector(`#${CSS.escape(focused)}`).focus({ preventScroll: true });
  } else if (shownPath !== null) {
    scrollTo(0, 0);
    main.querySelector("h1")?.focus({ preventScroll: true });
  }
  shownPath = path;
  main.dataset.shown = location.hash || "#/";
}

/** The theme: the system's, light or dark. It is kept where the browser keeps such things. */
function startTheme() {
  const button = document.getElementById("theme");
  const themes = ["system", "light", "dark"];
  const kept = () => { try { return localStorage.getItem("theme"); } catch { return null; } };
  const set = (theme) => {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    button.textContent = `Theme: ${theme}`;
    // Storage is off in some browsers for pages from disk: the theme then lasts for the page.
    try { localStorage.setItem("theme", theme); } catch { button.title = "Kept for this page only"; }
  };
  let theme = themes.includes(kept()) ? kept() : "system";
  set(theme);
  button.addEventListener("click", () => set((theme = themes[(themes.indexOf(theme) + 1) % themes.length])));
}

function start() {
  startTheme();
  document.getElementById("skip").addEventListener("click", (event) => {
    event.preventDefault();
    main.focus();
  });
  document.getElementById("search").addEventListener("submit", (event) => {
    event.preventDefault();
    location.hash = `#/search/${encodeURIComponent(document.getElementById("search-words").value)}`;
  });
  addEventListener("hashchange", show);
  loadIndex().then((index) => {
    document.getElementById("made").textContent = `Made ${moment(index.made_at)} UTC. All times are in UTC.`;
  }).catch(() => { document.getElementById("made").textContent = "The data of this report are missing."; });
  show();
}

start();
