"use strict";

// Line charts, drawn as SVG in the width of their place.

/** A place that is drawn again when its width changes. */
function responsive(draw) {
  const place = h("div", { class: "chart" });
  let width = 0;
  new ResizeObserver(() => {
    if (place.clientWidth && place.clientWidth !== width) {
      width = place.clientWidth;
      place.replaceChildren(draw(width));
    }
  }).observe(place);
  return place;
}

/** A step for about this many ticks: 1, 2 or 5 times a power of ten. */
function niceStep(span, ticks, smallest) {
  const raw = Math.max(span / ticks, smallest);
  const power = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= raw - 1e-9);
}

function range(from, to, step) {
  const numbers = [];
  for (let at = Math.ceil(from / step - 1e-9) * step; at <= to + 1e-9; at += step) numbers.push(at);
  return numbers;
}

/** The first days of the months in a range, as ticks with their years. */
function monthTicks(from, to) {
  const ticks = [];
  const start = asDate(from);
  for (let month = start.getUTCMonth(); ; month += 1) {
    const at = Date.UTC(start.getUTCFullYear(), month, 1) / 1000;
    if (at > to) return ticks;
    if (at >= from) ticks.push([at, MONTH.format(asDate(at)), asDate(at).getUTCFullYear()]);
  }
}

/**
 * A chart of lines over time.
 *
 * series: {name, kind: "main" or "other", points: [[x, y, part], …], dots: [[x, y, title], …],
 * steps}. Parts, if there are any, are not joined by the line.
 * xTicks: (left, right) → [[x, label, year], …], of which those that fit are shown, with the year
 * where it is another one than that of the tick before. The other axis has
 * `unit`; it begins at `from` or below, or at 1 on top where the lowest is the best.
 */
function lineChart({ label, series, xTicks, unit, smallest = 0.5, from = 0, best = "high", height = 210 }) {
  const all = series.flatMap((line) => [...line.points, ...(line.dots ?? [])]);
  const xs = all.map(([x]) => x);
  const ys = all.map(([, y]) => y);
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [low, high] = best === "low" ? [1, Math.max(...ys, 2)] : [Math.min(from, ...ys.map(Math.floor)),
    Math.max(...ys, from + smallest)];
  const step = niceStep(high - low, 4, smallest);
  const top = best === "low" ? high : low + Math.ceil((high - low) / step - 1e-9) * step;
  const draw = (width) => {
    const margin = { left: 34, right: 12, top: 10, bottom: 24 };
    const inner = [width - margin.left - margin.right, height - margin.top - margin.bottom];
    const x = (value) => margin.left + (right > left ? (value - left) / (right - left) : 0.5) * inner[0];
    const share = (value) => (value - low) / (top - low);
    const y = (value) => margin.top + (best === "low" ? share(value) : 1 - share(value)) * inner[1];
    const svg = s("svg", { role: "img", "aria-label": label, width, height, viewBox: `0 0 ${width} ${height}` });
    for (const at of range(0, top - low, step).map((above) => low + above)) {
      svg.append(
        s("line", { class: "grid", x1: margin.left, x2: width - margin.right, y1: y(at), y2: y(at) }),
        s("text", { class: "tick", x: margin.left - 6, y: y(at) + 4, "text-anchor": "end" },
          num(at, step < 1 ? 1 : 0)));
    }
    let free = 0;
    let shownYear;
    for (const [at, label, year] of xTicks(left, right)) {
      const text = year === shownYear ? label : `${label} ${year}`;
      const half = 4 + text.length * 3.5;
      const center = Math.min(Math.max(x(at), margin.left - 14 + half), width - half);
      if (center - half < free) continue;
      free = center + half + 12;
      shownYear = year;
      svg.append(
        s("line", { class: "grid", x1: x(at), x2: x(at), y1: height - margin.bottom,
          y2: height - margin.bottom + 4 }),
        s("text", { class: "tick", x: center, y: height - 6, "text-anchor": "middle" }, text));
    }
    for (const line of series) {
      for (const [at, value, title] of line.dots ?? []) {
        svg.append(s("circle", { class: `dot ${line.kind}`, cx: x(at), cy: y(value), r: 2.5 },
          s("title", {}, title)));
      }
      const corners = line.points.map(([at, value, part], index) => {
        const joined = index > 0 && line.points[index - 1][2] === part;
        return (line.steps && joined ? `H${x(at).toFixed(1)}V`
          : `${joined ? "L" : "M"}${x(at).toFixed(1)} `) + y(value).toFixed(1);
      });
      svg.append(s("path", { class: `line ${line.kind}`, d: corners.join("") }));
    }
    return svg;
  };
  const legend = series.length > 1 && h("ul", { class: "legend", "aria-hidden": "true" },
    series.map((line) => h("li", { class: line.kind }, line.name)));
  return h("figure", {}, h("figcaption", {}, h("span", {}, unit), legend), responsive(draw));
}

/** The mean of the last values at each place. */
function rolling(values, size) {
  return values.map((_, at) => {
    const window = values.slice(Math.max(0, at - size + 1), at + 1);
    return window.reduce((sum, value) => sum + value, 0) / window.length;
  });
}
