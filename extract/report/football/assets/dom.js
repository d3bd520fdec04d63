"use strict";

// Elements and formats. Text reaches the page as text nodes and attributes, never as markup.

// Characters that hide or reorder text: controls, and marks of direction.
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;
const clean = (text) => String(text).replace(CONTROLS, "\ufffd");
/** A text as it is searched: without accents, in small letters. */
const plain = (text) => clean(text).toLowerCase().normalize("NFD").replace(/\p{M}/gu, "");

function build(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : clean(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : clean(child));
  }
  return element;
}

/** An element of HTML: attributes that begin with "on" are listeners. */
function h(tag, attributes = {}, ...children) {
  return build(document.createElement(tag), attributes, children);
}

/** An element of SVG. */
function s(tag, attributes = {}, ...children) {
  return build(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

const format = (options) => new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", ...options });
const DAY = format({ day: "numeric", month: "short", year: "numeric" });
const LONG_DAY = format({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
const TIME = format({ hour: "2-digit", minute: "2-digit" });
const MONTH = format({ month: "short" });
const LONG_MONTH = format({ month: "long", year: "numeric" });

const asDate = (seconds) => new Date(seconds * 1000);
// With spaces that do not break.
const day = (seconds) => (seconds === null ? "no date" : DAY.format(asDate(seconds)).replaceAll(" ", "\u00a0"));
const longDay = (seconds) => (seconds === null ? "No date yet" : LONG_DAY.format(asDate(seconds)));
const time = (seconds) => (seconds === null ? "" : TIME.format(asDate(seconds)));
const moment = (seconds) => (seconds === null ? "never" : `${day(seconds)}, ${time(seconds)}`);
const signed = (number) => (number > 0 ? `+${number}` : number < 0 ? `−${-number}` : "0");
const known = (value) => value !== null && value !== undefined;
const count = (number) => number.toLocaleString("en-GB");
const several = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;

/** A number as text; a dash for an unknown one. */
function num(value, digits = 0) {
  return known(value) ? value.toFixed(digits).replace("-", "−") : "–";
}

const teamLink = (id, name, season) =>
  known(id) ? h("a", { href: `#/team/${id}${known(season) ? `?season=${season}` : ""}` }, name) : name;
const playerLink = (id, name) => (known(id) ? h("a", { href: `#/player/${id}` }, name) : name);
const matchLink = (id, ...children) => h("a", { href: `#/match/${id}` }, children);

/** A section with a heading. */
function section(title, ...children) {
  return h("section", {}, h("h2", {}, title), children);
}

const empty = (...text) => h("p", { class: "empty" }, text);

/** Names and values, without those that are unknown. */
function facts(pairs) {
  const shown = pairs.filter(([, value]) => known(value) && value !== "");
  return h("dl", { class: "facts" }, shown.map(([name, value]) =>
    h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

/** When the data of a page, or of what is named, were fetched. */
function freshness(changed, checked, of = "") {
  const text = `Newest change${of && ` of ${of}`} fetched ${moment(changed)} UTC`;
  return h("p", { class: "fresh" }, known(checked) ? `${text}; last checked ${moment(checked)} UTC.` : `${text}.`);
}

/** A row of links, of which one is the current one. */
function switches(label, links) {
  return h("nav", { class: "switches", "aria-label": label }, links.map(([text, href, current]) =>
    h("a", { href, id: `to-${label}-${text}`.replace(/\W+/g, "-"), "aria-current": current ? "true" : null }, text)));
}

const RESULTS = { W: "Won", D: "Drawn", L: "Lost" };
const LETTERS = { won: "W", drawn: "D", lost: "L" };

/** A result as a letter on its colour. */
function badge(letter) {
  return h("span", { class: `result ${RESULTS[letter].toLowerCase()}` },
    h("span", { "aria-hidden": "true" }, letter), h("span", { class: "unseen" }, RESULTS[letter]));
}
