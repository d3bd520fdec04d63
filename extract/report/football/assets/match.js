"use strict";

// A match.

// Statistics in the order of the page; others of the mart follow them.
const STATISTICS = [
  ["Attack", ["xg", "possession", "shots_total", "shots_on_target", "shots_off_target", "shots_blocked",
    "shots_inside_box", "shots_outside_box", "hit_woodwork", "big_chances_created", "big_chances_missed",
      "corners", "attacks", "dangerous_attacks", "offsides"]],
  ["Expected goals", ["xgot", "npxg", "xg_open_play", "xg_set_play", "xg_corners", "xg_free_kicks",
    "xg_penalties", "xg_prevented", "shooting_performance", "xpts"]],
  ["Passing", ["passes", "successful_passes", "successful_passes_percentage", "long_passes",
    "successful_long_passes", "successful_long_passes_percentage", "key_passes", "crosses", "accurate_crosses",
      "assists", "ball_safe"]],
  ["Defence and duels", ["tackles", "interceptions", "saves", "duels_won", "successful_headers",
    "dribble_attempts", "successful_dribbles", "successful_dribbles_percentage"]],
  ["Fouls and cards", ["fouls", "yellow_cards", "yellow_red_cards", "red_cards", "penalties"]],
];
const SPELLINGS = { xg: "xG", xgot: "xG on target", npxg: "xG without penalties", xpts: "Expected points",
  possession: "Possession %",
  shots_total: "Shots", xg_prevented: "xG prevented", yellow_red_cards: "Second yellow cards" };
const CORRECTED = { added: "added", removed: "removed", changed: "changed" };
const BEFORE_STATISTICS = ["location", "coach_name", "formation", "xg_against"];

function spell(column) {
  const text = SPELLINGS[column] ?? column.replace(/_percentage$/, " %").replace(/^xg_/, "xG, ").replaceAll("_", " ");
  return text[0] === "x" && text[1] === "G" ? text : text[0].toUpperCase() + text.slice(1);
}

/** Statistics of both teams, side by side with bars. */
function statisticsTable(home, away, match) {
  const columns = Object.keys(home).filter((column) => !BEFORE_STATISTICS.includes(column)
    && (known(home[column]) || known(away[column])));
  if (!columns.length) return null;
  const grouped = STATISTICS.map(([title, names]) => [title, names.filter((name) => columns.includes(name))]);
  const placed = new Set(grouped.flatMap(([, names]) => names));
  const groups = [...grouped, ["Other",
    columns.filter((name) => !placed.has(name))]].filter(([, names]) => names.length);
  const shown = (value) => (known(value) ? num(value, Number.isInteger(value) ? 0 : 2) : "–");
  const bar = (value, total, side) => {
    const inner = h("span", { class: side });
    inner.style.width = `${total > 0 && value > 0 ? (value / total) * 100 : 0}%`;
    return h("span", { class: "track" }, inner);
  };
  return h("div", { class: "statistics" }, groups.map(([title, names]) => h("table", {},
    h("caption", {}, title),
    h("thead", { class: "unseen" }, h("tr", {}, h("th", { scope: "col" }, match.home),
      h("th", { scope: "col" }, "Statistic"), h("th", { scope: "col" }, match.away))),
    h("tbody", {}, names.map((name) => {
      const [own, other] = [home[name], away[name]];
      const total = (own ?? 0) + (other ?? 0);
      return h("tr", {},
        h("td", { class: own > other ? "more home-value" : "home-value" }, shown(own), bar(own ?? 0, total, "home")),
        h("th", { scope: "row" }, spell(name)),
        h("td", { class: other > own ? "more away-value" : "away-value" }, shown(other),
          bar(other ?? 0, total, "away")));
    })))));
}

// Kinds of events by their types, which the provider never changes.
const GOALS = { 14: "", 15: "own goal", 16: "penalty" };
const MARKS = { 14: "goal", 15: "goal", 16: "goal", 17: "missed", 18: "substitution", 19: "yellow", 20: "red",
  21: "red", 22: "missed", 23: "goal", 10: "var", 1697: "var" };

function eventText(event, types) {
  const player = playerLink(event.player_id, event.player_name ?? "Unknown player");
  const other = event.related_player_name && playerLink(event.related_player_id, event.related_player_name);
  const quiet = (...text) => h("span", { class: "quiet" }, text);
  if (event.type_id in GOALS) {
    return [h("strong", {}, player), GOALS[event.type_id] && quiet(` (${GOALS[event.type_id]})`),
      other && quiet(" assist ", other)];
  }
  if (event.type_id === 18) return [player, other && quiet(" for ", other)];
  const name = [types[event.type_id] ?? "Event", types[event.sub_type_id]].filter(Boolean).join(": ");
  return [event.player_name && player, " ", quiet(name, event.rescinded ? " (rescinded)" : "")];
}

/** Events on both sides of the minutes, with the running score. */
function timeline(events, match, types) {
  return h("ol", { class: "timeline" }, events.map((event) => {
    const score = known(event.home_shootout_score) ? `${event.home_shootout_score}–${event.away_shootout_score}`
      : event.is_goal ? `${event.home_score}–${event.away_score}` : null;
    const side = event.location ?? "neither";
    return h("li", { class: `${side} ${score ? "scored" : ""}` },
      h("span", { class: "minute" }, h("span", {}, event.minute_label), " ", score && h("strong", {}, score)),
      h("span", { class: "event" },
        h("span", { class: "unseen" }, `${match[side] ?? "Match"}, ${types[event.type_id] ?? "event"}: `),
        h("span", { class: `mark ${MARKS[event.type_id] ?? "other"}`, "aria-hidden": "true" }), " ",
          eventText(event, types)));
  }));
}

function lineupTable(title, players, coach) {
  const columns = [
    { label: "No.", title: "Number", value: (row) => row.jersey_number },
    { label: "Player", head: true, value: (row) => row.player_name,
      cell: (row) => [playerLink(row.player_id, row.player_name ?? "Unknown player"),
      row.is_captain ? h("abbr", { class: "quiet", title: "Captain" }, " C") : null,
        row.is_starter ? null : h("span", { class: "quiet" }, row.has_played ? " sub" : " bench")] },
    { label: "Min", title: "Minutes", value: (row) => (row.has_played ? row.minutes : null) },
    { label: "G", title: "Goals", value: (row) => row.goals, cell: (row) => row.goals || "" },
    { label: "A", title: "Assists", value: (row) => row.assists, cell: (row) => row.assists || "" },
    { label: "Cards", text: true, minor: true,
      value: (row) => (row.yellow_cards ?? 0) + 2 * ((row.red_cards ?? 0) + (row.yellow_red_cards ?? 0)),
      cell: (row) => [row.yellow_cards ? "Y" : "", row.yellow_red_cards || row.red_cards ? "R" : ""].join("") },
    { label: "xG", title: "Expected goals", value: (row) => row.xg, cell: (row) => num(row.xg, 2) },
    { label: "Rating", title: "The provider's rating, up to 10", value: (row) => row.rating,
      cell: (row) => num(row.rating, 2) },
  ].filter((column) => ["No.", "Player",
    "Min"].includes(column.label) || players.some((row) => known(column.value(row)) && column.value(row) !== 0));
  return h("div", { class: "card dense" }, h("h3", {}, title),
    coach && h("p", { class: "quiet" }, `Coach: ${clean(coach)}`),
    dataTable({ caption: `Line-up: ${title}`, rows: players, sort: ["", ""], columns }));
}

function lineups(match, parts, home, away, index) {
  const players = parts("lineups");
  if (!players.length) {
    return section("Line-ups",
      empty(index.stored.lineups ? "The provider has no line-ups for this match, or has not published them."
      : "No line-ups are stored: the setting include lacks lineups."));
  }
  const of = (side) => players.filter((player) => player.location === side);
  const teams = ["home", "away"].map((side) => ({ side,
    places: placesOf(of(side).filter((player) => player.is_starter)) }));
  const heading = (name, side) => `${clean(name)}${side?.formation ? ` (${side.formation})` : ""}`;
  return section("Line-ups",
    teams.some(({ places }) => places?.length) ? [
      h("p", { class: "keys" }, h("span", { class: "key home" }, heading(match.home, home)),
        h("span", { class: "key away" }, heading(match.away, away))),
      pitch(teams),
      h("p", { class: "pitch-legend" }, PITCH_LEGEND),
      teams.filter(({ places }) => !places?.length).map(({ side }) =>
        empty(`The provider has no places on the pitch for ${clean(match[side])}: the list below has its players.`))]
      : empty("The provider has no places on the pitch for this match."),
    h("div", { class: "columns" }, lineupTable(match.home, of("home"), home?.coach_name),
      lineupTable(match.away, of("away"), away?.coach_name)));
}

function corrections(match, rows) {
  if (!rows.length) return section("Corrections after full time",
    empty("The provider has not changed anything that was fetched after full time."));
  const team = (row) => (row.team_id === match.home_id ? match.home : row.team_id === match.away_id ? match.away
    : null);
  return section("Corrections after full time", h("div", { class: "card" }, dataTable({
    caption: "What the provider changed after full time",
    rows,
    sort: ["Fetched", "ascending"],
    columns: [
      { label: "Fetched", head: true, value: (row) => row.first_seen_at, cell: (row) => moment(row.first_seen_at) },
      { label: "Team", text: true, value: team },
      { label: "What", text: true, value: (row) => [row.type_name ?? row.kind.replaceAll("_", " "),
        row.type_name && CORRECTED[row.kind.split("_").at(-1)],
          row.field && row.field !== "value" ? `(${row.field.replaceAll("_", " ")})`
            : null].filter(Boolean).join(" ") },
      { label: "Before", text: true, value: (row) => row.old_value },
      { label: "After", text: true, value: (row) => row.new_value },
    ],
  })));
}

async function matchPage({ id }) {
  const [index, parts] = await Promise.all([loadIndex(), loadParts("match", id)]);
  const [match] = parts ? parts("match") : [];
  if (!match) return null;
  const season = index.bySeason.get(match.season_id);
  const [home, away] = ["home", "away"].map((location) => parts("sides").find((side) => side.location === location));
  const events = parts("events");
  const round = known(match.round_id) ? `Round ${match.round_name ?? ""}`.trim() : match.stage_name;
  const text = scoreText(match, index.states);
  const shootout = events.filter((event) => known(event.home_shootout_score)).at(-1);
  const side = (name) => h("div", { class: `team ${name}` }, h("span", { class: "name" },
    teamLink(match[`${name}_id`], match[name], match.season_id)),
    match.winner_id !== null && match.winner_id === match[`${name}_id`] && h("span", { class: "unseen" },
      " (winner)"));
  const officials = parts("officials").filter((row) => row.official
    && row.official !== match.referee).map((row) =>
      `${clean(row.official)} (${clean(row.role ?? "official").toLowerCase()})`);
  const absent = parts("absent");
  const absentees = (team) => absent.filter((row) => row.team_id === team).flatMap((row, at) => [at ? ", " : "",
    playerLink(row.player_id, row.player_name ?? "Unknown player"),
    h("span", { class: "quiet" }, ` (${clean(row.reason ?? row.category ?? "reason unknown").toLowerCase()})`)]);
  const statistics = home && away && statisticsTable(home, away, match);
  const name = `${match.home} – ${match.away}`;
  const degrees = known(match.temperature)
    ? `, ${num(match.temperature)} °${(match.temperature_unit ?? "c")[0].toUpperCase()}` : "";
  return {
    title: `${name} ${text}`,
    crumbs: [["Competitions", "#/"], season && [`${season.league} ${season.season}`, `#/season/${season.id}`],
      season && round && [round, `#/season/${season.id}/round/${match.round_id ?? `stage-${match.stage_id}`}`],
        [name]],
    content: [
      h("div", { class: "scoreboard" },
        h("h1", { tabindex: -1, class: "unseen" }, `${name}: ${text}`),
        side("home"),
        h("div", { class: "middle" }, h("strong",
          { class: `score ${text.length > 7 ? "words" : ""}`, "aria-hidden": "true" }, text),
          h("span", { class: "state" }, [index.states[match.state_code] ?? match.state_code,
            known(match.home_score_half_time) && known(match.away_score_half_time) && match.phase !== "scheduled"
              ? `half-time ${match.home_score_half_time}–${match.away_score_half_time}` : null,
            shootout ? `shoot-out ${shootout.home_shootout_score}–${shootout.away_shootout_score}`
              : null].filter(Boolean).join(" · ")),
          known(home?.xg) && known(away?.xg) && h("span", { class: "xg" },
            h("abbr", { title: "Expected goals" }, "xG"), ` ${num(home.xg, 2)}–${num(away.xg, 2)}`)),
        side("away")),
      h("p", { class: "fresh centre" },
        `${longDay(match.starting_at)}${known(match.starting_at) ? `, ${time(match.starting_at)} UTC` : ""}. Fetched ${moment(match.loaded_at)} UTC.`),
      facts([["Ground", [match.venue, match.city].filter((each) => each).join(", ")],
        ["Referee", match.referee], ["Attendance", known(match.attendance) ? count(match.attendance) : null],
        ["Weather", match.weather && `${match.weather}${degrees}`],
          ["Leg", match.leg && match.leg !== "1/1" ? match.leg : null], ["Result", match.result_info]]),
      section("Timeline", events.length ? timeline(events, match,
        index.types) : empty(index.stored.events ? (match.phase === "scheduled" ? "The match has not begun."
          : "The provider has no events for this match.")
        : "No events are stored: the setting include lacks events.")),
      section("Statistics", statistics || empty(index.stored.statistics
        ? "The provider has no statistics for this match."
          : "No statistics are stored: the setting include lacks statistics."),
        statistics && !known(home.xg) && h("p", { class: "quiet" },
          index.stored.xg ? "The provider has no expected goals for this match."
            : "No expected goals: the setting include lacks xGFixture.")),
      lineups(match, parts, home, away, index),
      (officials.length > 0 || absent.length > 0) && section("People",
        facts([["Other officials", officials.join(", ")],
        [`Missing: ${match.home}`,
          absent.some((row) => row.team_id === match.home_id) ? absentees(match.home_id) : null],
        [`Missing: ${match.away}`,
          absent.some((row) => row.team_id === match.away_id) ? absentees(match.away_id) : null]])),
      corrections(match, parts("corrections")),
    ],
  };
}
