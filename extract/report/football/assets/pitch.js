"use strict";

// Both teams on a pitch, by their formations.

const PITCH_LEGEND = "● goal · ▮ yellow card · ✕ sent off, by a red or a second yellow card";

/** The marks of a player on the pitch, by kind, and the same in words. */
function marksOf(player) {
  const out = (player.red_cards ?? 0) + (player.yellow_red_cards ?? 0) > 0;
  return [
    player.goals > 0 && ["goal", "●".repeat(Math.min(player.goals, 5)), several(player.goals, "goal")],
    player.yellow_cards > 0 && ["yellow", "▮", "yellow card"],
    out && ["red", "✕", player.red_cards > 0 ? "red card" : "second yellow card"],
  ].filter(Boolean);
}

/** The last part of a name, as on a shirt. */
function shirtName(name, longest) {
  const last = clean(name ?? "").trim().split(/\s+/).at(-1) ?? "";
  return last.length > longest ? `${last.slice(0, longest - 1)}…` : last;
}

/**
 * Starters with their places: the line from the goalkeeper, and the place in the line, both as
 * shares. From the formation, or by position where the provider has no formation; null if neither
 * is known for all.
 */
function placesOf(starters) {
  const placed = starters.map((player) => {
    const field = /^([0-9]+):([0-9]+)$/.exec(player.formation_field ?? "");
    return { player, line: field ? Number(field[1]) : null, column: field ? Number(field[2]) : 0 };
  });
  if (placed.some((each) => each.line === null)) {
    if (starters.some((player) => !(player.position_id >= 24 && player.position_id <= 27))) return null;
    for (const each of placed) each.line = each.player.position_id - 23;
  }
  const lines = Math.max(...placed.map((each) => each.line));
  return [...Map.groupBy(placed, (each) => each.line).values()].flatMap((inLine) => inLine
    .sort((a, b) => a.column - b.column)
    .map(({ player, line }, at) => ({ player, depth: (line - 0.5) / lines, across: (at + 0.5) / inLine.length })));
}

/** The pitch: lying where there is room, standing on narrow screens. */
function pitch(teams) {
  return responsive((width) => {
    const lying = width >= 640;
    const [long, wide] = lying ? [width, Math.min(width * 0.56, 520)] : [width * 1.55, width];
    // A point by its shares of the length and of the width.
    const at = (along, across) => (lying ? [along * long, across * wide] : [across * wide, along * long]);
    const box = (from, to, near, far) => {
      const [[x1, y1], [x2, y2]] = [at(from, near), at(to, far)];
      return s("rect", { class: "mark", x: Math.min(x1, x2), y: Math.min(y1, y2), width: Math.abs(x2 - x1),
        height: Math.abs(y2 - y1) });
    };
    const [height, total] = lying ? [wide, long] : [long, wide];
    const svg = s("svg", { class: "pitch", role: "group", "aria-label": "Starting elevens on the pitch",
      width: total, height, viewBox: `0 0 ${total} ${height}` });
    const [x, y] = at(0.5, 0.5);
    const [[x1, y1], [x2, y2]] = [at(0.5, 0.02), at(0.5, 0.98)];
    svg.append(s("rect", { class: "grass", width: total, height, rx: 8 }),
      box(0.015, 0.985, 0.02, 0.98), box(0.015, 0.16, 0.22, 0.78), box(0.84, 0.985, 0.22, 0.78),
      s("line", { class: "mark", x1, y1, x2, y2 }), s("circle", { class: "mark", cx: x, cy: y, r: wide * 0.12 }));
    for (const { side, places } of teams) {
      for (const { player, depth, across } of places ?? []) {
        const along = side === "home" ? 0.02 + depth * 0.47 : 0.98 - depth * 0.47;
        const [cx, cy] = at(along, side === "home" ? 0.04 + across * 0.92 : 0.96 - across * 0.92);
        const marks = marksOf(player);
        const label = [player.player_name ?? "Unknown player",
          known(player.jersey_number) && `number ${player.jersey_number}`,
          ...marks.map(([, , words]) => words)].filter(Boolean).join(", ");
        const drawing = [
          s("circle", { class: `shirt ${side}`, cx, cy, r: 14 }),
          s("text", { class: "shirt-number", x: cx, y: cy + 4.5, "text-anchor": "middle" },
            player.jersey_number ?? ""),
          s("text", { class: "shirt-name", x: cx, y: cy + 28, "text-anchor": "middle" },
            shirtName(player.player_name, lying ? 12 : 9), marks.length > 0
              && s("tspan", { class: "shirt-marks" }, marks.map(([kind, mark]) =>
                s("tspan", { class: kind }, ` ${mark}`)))),
          s("title", {}, label)];
        svg.append(known(player.player_id) ? s("a", { href: `#/player/${player.player_id}`,
          "aria-label": label }, drawing) : s("g", {}, drawing));
      }
    }
    return svg;
  });
}
