"use strict";

// A season: table, matches by round, players and teams.

/** Whether a match counts in the table, as in the mart league_table. */
function counts(match) {
  return match.phase === "finished" && known(match.round_id)
    && ((known(match.home_score) && known(match.away_score))
      || (known(match.winner_id) && [match.home_id, match.away_id].includes(match.winner_id)));
}

/** The result of a match for one side, as in the mart league_table. */
function letterFor(match, side) {
  const [own, other, id, otherId] = side === "home"
    ? [match.home_score, match.away_score, match.home_id, match.away_id]
    : [match.away_score, match.home_score, match.away_id, match.home_id];
  if (known(own) && own === other) return "D";
  if (known(match.winner_id) && match.winner_id === id) return "W";
  if (known(match.winner_id) && match.winner_id === otherId) return "L";
  return own > other ? "W" : "L";
}

/** The counted matches of each team of a group up to a round, in the order of the mart's form. */
function resultsByTeam(matches, numbers, sides, round) {
  const results = new Map();
  for (const match of matches) {
    for (const side of ["home", "away"]) {
      const team = match[`${side}_id`];
      if (!known(team)) continue;
      if (!results.has(team)) results.set(team, []);
      if (!counts(match) || numbers.get(match.round_id) > round || !sides.includes(side)) continue;
      results.get(team).push({
        match, side, letter: letterFor(match, side), round: numbers.get(match.round_id),
        own: match[`${side}_score`] ?? 0, other: match[side === "home" ? "away_score" : "home_score"] ?? 0,
      });
    }
  }
  for (const list of results.values()) {
    list.sort((a, b) => a.round - b.round || a.match.starting_at - b.match.starting_at || a.match.fixture_id - b.match.fixture_id);
  }
  return results;
}

/** A table of the matches at home or away only, with the mart's rules. */
function tableOf(results, names) {
  const rows = [...results].map(([team, list]) => {
    const letters = list.map(({ letter }) => letter).join("");
    const sum = (name) => list.reduce((total, entry) => total + entry[name], 0);
    const of = (letter) => list.filter((entry) => entry.letter === letter).length;
    const row = { team_id: team, team_name: names.get(team), played: list.length, won: of("W"), drawn: of("D"),
      lost: of("L"),
      goals_for: sum("own"), goals_against: sum("other"), form: letters.slice(-5) };
    return { ...row, goal_difference: row.goals_for - row.goals_against, points: 3 * row.won + row.drawn };
  });
  const rank = (a, b) => b.points - a.points || b.goal_difference - a.goal_difference || b.goals_for - a.goals_for;
  rows.sort((a, b) => rank(a, b) || collator.compare(a.team_name, b.team_name));
  rows.forEach((row, at) => { row.position = at && rank(rows[at - 1], row) === 0 ? rows[at - 1].position : at + 1; });
  return rows;
}

/** The last results of a team as links, if they are those that the mart says. */
function formLinks(form, results) {
  const last = (results ?? []).slice(-5);
  if (!form) return "–";
  const same = last.map(({ letter }) => letter).join("") === form;
  return h("span", { class: "form" }, [...form].map((letter, at) => (same
    ? h("a", { href: `#/match/${last[at].match.fixture_id}`,
      "aria-label": `${RESULTS[letter]}: ${last[at].match.home} ${scoreText(last[at].match, {})} ${last[at].match.away}` }, badge(letter))
    : badge(letter))));
}

function leagueTable(caption, rows, results, season) {
  return dataTable({
    caption,
    hideCaption: false,
    rows,
    sort: ["#", "ascending"],
    columns: [
      { label: "#", title: "Position", ascending: true, value: (row) => row.position },
      { label: "Team", head: true, value: (row) => row.team_name,
        cell: (row) => teamLink(row.team_id, row.team_name, season) },
      { label: "P", title: "Played", value: (row) => row.played },
      { label: "W", title: "Won", minor: true, value: (row) => row.won },
      { label: "D", title: "Drawn", minor: true, value: (row) => row.drawn },
      { label: "L", title: "Lost", minor: true, value: (row) => row.lost },
      { label: "GF", title: "Goals for", minor: true, value: (row) => row.goals_for },
      { label: "GA", title: "Goals against", minor: true, value: (row) => row.goals_against },
      { label: "GD", title: "Goal difference", value: (row) => row.goal_difference,
        cell: (row) => signed(row.goal_difference) },
      { label: "Pts", title: "Points", value: (row) => row.points, cell: (row) => h("strong", {}, row.points) },
      { label: "Form", title: "The last five matches, newest last", text: true, value: (row) => row.form,
        cell: (row) => formLinks(row.form, results.get(row.team_id)) },
    ],
  });
}

/** The stages that have a table, by their order, or else by their days. */
function stagesOf(table, rounds) {
  const unknown = Number.MAX_SAFE_INTEGER;
  const keys = new Map(table.map((row) => [row.stage_id, [unknown, unknown]]));
  for (const round of rounds) {
    const key = keys.get(round.stage_id);
    if (!key) continue;
    key[0] = Math.min(key[0], round.stage_order ?? unknown);
    key[1] = Math.min(key[1], round.median_at ?? unknown);
  }
  return [...keys].sort(([one, a], [other, b]) => a[0] - b[0] || a[1] - b[1] || one - other).map(([id]) => id);
}

/** The table with its switches. */
function tableView(season, parts, query) {
  const all = parts("table");
  if (!all.length) return [empty("There is no table: no match of a round is finished, or the competition has no rounds.")];
  const rounds = parts("rounds");
  const stages = stagesOf(all, rounds);
  const stageName = (id) => rounds.find((round) => round.stage_id === id)?.stage ?? `Stage ${id}`;
  const stage = stages.find((id) => String(id) === query.get("stage")) ?? stages.at(-1);
  const rows = all.filter((row) => row.stage_id === stage);
  const numbers = new Map(rows.map((row) => [row.round_id, row.round_number]));
  const names = new Map(rows.map((row) => [row.team_id, row.team_name]));
  // A round without a finished match has no table.
  const existing = [...new Set(numbers.values())].sort((a, b) => a - b);
  const last = existing.at(-1);
  const round = existing.findLast((number) => number <= (Number(query.get("round")) || last)) ?? existing[0];
  const side = ["home", "away"].find((name) => name === query.get("side")) ?? "all";
  const href = (changes) => {
    const values = { stage: stages.length > 1 ? stage : null, side: side === "all" ? null : side,
      round: round === last ? null : round, ...changes };
    const text = new URLSearchParams(Object.entries(values).filter(([, value]) => value !== null)).toString();
    return `#/season/${season.id}${text ? `?${text}` : ""}`;
  };
  const groups = Map.groupBy(rows, (row) => row.group_id);
  const tables = [...groups].map(([group, ofGroup]) => {
    const matches = parts("matches").filter((match) => match.stage_id === stage && match.group_id === group
      && known(match.round_id));
    const results = resultsByTeam(matches, numbers, side === "all" ? ["home", "away"] : [side], round);
    const of = { all: "All matches", home: "Home matches", away: "Away matches" }[side];
    const name = rounds.find((each) => each.group_id === group && known(group))?.group_name;
    const caption = [name, of, round === last ? null : `after round ${round}`].filter(Boolean).join(", ");
    // Another group of the stage may not have begun this round, or any.
    const begun = Math.max(...ofGroup.map((row) => row.round_number).filter((number) => number <= round));
    const shown = side === "all" && begun > 0 ? ofGroup.filter((row) => row.round_number === begun)
      : tableOf(results, names);
    return leagueTable(caption, shown, results, season.id);
  });
  return [
    h("div", { class: "controls" },
      stages.length > 1 && switches("Stage",
        stages.map((id) => [stageName(id), href({ stage: id, round: null }), id === stage])),
      switches("Matches", ["all", "home", "away"].map((name) => [name[0].toUpperCase() + name.slice(1),
        href({ side: name === "all" ? null : name }), name === side])),
      h("label", {}, h("span", {}, "After round"),
        h("select", { id: "round",
          onchange: (event) => { location.hash = href({ round: event.target.value === String(last) ? null
            : event.target.value }); } },
          existing.toReversed().map((number) => h("option", { value: number, selected: number === round },
            number))))),
    h("div", { class: "card" }, tables),
  ];
}

/** The best players of a season by one number, which is summed over a player's teams. */
function leadersList(title, players, column, season) {
  const best = [...Map.groupBy(players, (player) => player.player_id).values()].map((rows) => ({ ...rows[0],
    teams: rows.map((row) => teamLink(row.team_id, row.team_name, season.id)),
    total: rows.reduce((sum, row) => sum + row[column], 0) }))
    .filter((player) => player.total > 0).sort((a, b) => b.total - a.total).slice(0, 5);
  return section(title, best.length ? h("ol", { class: "leaders" }, best.map((player) => h("li", {},
    h("span", {}, playerLink(player.player_id, player.player_name), " ",
      h("span", { class: "quiet" }, player.teams)),
    h("strong", {}, player.total)))) : empty("None yet."));
}

const appearances = (row) => row.appearances ?? row.appearances_seen;
const goalsMinusXg = (row) => (known(row.xg) && known(row.xg_goals) ? row.xg_goals - row.xg : null);

/** The difference, with the number of its matches where some have no expected goals. */
function goalsMinusXgCell(row) {
  const difference = goalsMinusXg(row);
  if (!known(difference)) return null;
  return [signed(Number(difference.toFixed(2))), row.xg_matches !== appearances(row)
    && h("span", { class: "quiet" }, ` (${row.xg_matches})`)];
}

/** Columns of players' numbers in a season. */
const playerColumns = () => [
  { label: "App", title: "Appearances; without line-ups, matches with an event of the player", value: appearances },
  { label: "Min", title: "Minutes", minor: true, value: (row) => row.minutes,
    cell: (row) => known(row.minutes) ? count(row.minutes) : null },
  { label: "Goals", value: (row) => row.goals, cell: (row) => h("strong", {}, row.goals) },
  { label: "Assists", value: (row) => row.assists },
  { label: "xG", title: "Expected goals", value: (row) => row.xg, cell: (row) => num(row.xg, 2) },
  { label: "G−xG", minor: true, value: goalsMinusXg, cell: goalsMinusXgCell,
    title: "Goals minus expected goals, in the matches that have these; their number in brackets where others have none" },
  { label: "Shots", minor: true, value: (row) => row.shots_total },
  { label: "Key p.", title: "Key passes", minor: true, value: (row) => row.key_passes },
  { label: "Rating", title: "Average rating of the provider, weighted by minutes", value: (row) => row.rating,
    cell: (row) => num(row.rating, 2) },
  { label: "Yel", title: "Yellow cards", minor: true, value: (row) => row.yellow_cards },
  { label: "Red", title: "Red and second yellow cards", minor: true,
    value: (row) => row.red_cards + row.yellow_red_cards },
];

function playersNote(index) {
  const note = (text) => h("p", { class: "quiet" }, "Finished and live matches count.", text);
  if (!index.stored.lineups) return note(
    " No line-ups are stored, because the setting include lacks lineups: goals, assists and cards are from the events.");
  if (!index.stored.details) return note(
    " No ratings, shots or expected goals of players are stored: the setting include lacks lineups.details.");
  return note("");
}

function playersView(season, parts, index) {
  const players = parts("players");
  if (!players.length) return [empty("No players: the setting include lacks lineups and events, or no match is finished or live.")];
  return [playersNote(index), h("div", { class: "card" }, dataTable({
    caption: "Players of the season",
    rows: players,
    sort: ["Goals", "descending"],
    filter: "Filter by player or team",
    columns: [
      { label: "Player", head: true, value: (row) => row.player_name,
        cell: (row) => playerLink(row.player_id, row.player_name) },
      { label: "Team", text: true, wraps: true, value: (row) => row.team_name,
        cell: (row) => teamLink(row.team_id, row.team_name, season.id) },
      ...playerColumns(),
    ],
  }))];
}

/** Rounds, and stages without rounds, in order. */
function roundsOf(parts) {
  const found = new Map();
  for (const round of parts("rounds")) {
    const key = known(round.round_id) ? String(round.round_id) : `stage-${round.stage_id}`;
    found.set(key, { ...round, key, title: [round.stage,
      known(round.round_id) ? `Round ${round.round ?? ""}`.trim() : null].filter(Boolean).join(", ") });
  }
  return [...found.values()];
}

/** The matches of a round; those of a stage without rounds by month, because they may be a season's. */
function byMonth(round, matches) {
  if (known(round.round_id)) return [[round.title, matches]];
  const month = (at) => (at === null ? "no date" : LONG_MONTH.format(asDate(at)));
  const months = [...Map.groupBy(matches, (match) => month(match.starting_at))];
  return months.map(([name, list]) => [[round.title, months.length > 1 && name].filter(Boolean).join(", ")
    || "Matches", list]);
}

function matchesView(season, parts, index, wanted) {
  const rounds = roundsOf(parts);
  const groups = new Map(parts("rounds").map((round) => [round.group_id, round.group_name]));
  const matches = parts("matches").map((match) => ({ ...match, season_id: season.id,
    group_name: known(match.group_id) ? groups.get(match.group_id) : null }));
  const keyOf = (match) => (known(match.round_id) ? String(match.round_id) : `stage-${match.stage_id}`);
  const played = matches.filter((match) => match.phase === "finished").at(-1);
  const current = rounds.find((round) => round.key === wanted) ?? rounds.find((round) => played
    && round.key === keyOf(played)) ?? rounds[0];
  const at = rounds.indexOf(current);
  const link = (round, text, id) => (round ? h("a",
    { href: `#/season/${season.id}/round/${round.key}`, id, "aria-label": `${text}: ${round.title}` }, text)
    : h("span", { class: "quiet" }, text));
  const shown = matches.filter((match) => keyOf(match) === current.key);
  return [
    h("div", { class: "controls" },
      h("label", {}, h("span", {}, "Round"), h("select",
        { id: "round", onchange: (event) => { location.hash = `#/season/${season.id}/round/${event.target.value}`; } },
        rounds.map((round) => h("option", { value: round.key, selected: round === current }, round.title)))),
      h("nav", { class: "steps", "aria-label": "Rounds" }, link(rounds[at - 1], "← Previous", "previous-round"),
        link(rounds[at + 1], "Next →", "next-round"))),
    byMonth(current, shown).map(([title, list]) => section(title, matchList(list, index))),
  ];
}

function teamsView(season, parts) {
  const names = new Map();
  for (const match of parts("matches")) {
    if (known(match.home_id)) names.set(match.home_id, match.home);
    if (known(match.away_id)) names.set(match.away_id, match.away);
  }
  const teams = [...names].sort((a, b) => collator.compare(a[1], b[1]));
  return [section("Teams", teams.length ? h("ul", { class: "found grid" },
    teams.map(([id, name]) => h("li", {}, teamLink(id, name, season.id))))
    : empty("No teams: the setting include lacks participants."))];
}

async function seasonPage({ id, rest: [view = "table", wanted], query }) {
  const [index, parts] = await Promise.all([loadIndex(), loadParts("season", id)]);
  if (!parts) return null;
  const season = index.bySeason.get(Number(id));
  const name = `${season.league} ${season.season}`;
  const tab = view === "round" ? "matches" : ["table", "matches", "players", "teams"].find((name) => name === view);
  if (!tab) return null;
  const tabs = [["Table", ""], ["Matches", "/matches"], ["Players", "/players"], ["Teams", "/teams"]];
  const content = {
    table: () => h("div", { class: "with-aside" }, h("div", {}, tableView(season, parts, query)),
      h("div", { class: "aside" },
      leadersList("Top scorers", parts("players"), "goals", season),
      leadersList("Most assists", parts("players"), "assists", season),
      h("p", {}, h("a", { href: `#/season/${id}/players` }, "All players")))),
    matches: () => matchesView(season, parts, index, wanted),
    players: () => playersView(season, parts, index),
    teams: () => teamsView(season, parts),
  }[tab]();
  return {
    title: tab === "table" ? name : `${name}, ${tab}`,
    crumbs: [["Competitions", "#/"], [name, tab === "table" ? null : `#/season/${id}`],
      tab === "table" ? null : [tab[0].toUpperCase() + tab.slice(1)]],
    content: [
      h("h1", { tabindex: -1 }, season.league, " ", h("span", { class: "quiet" }, season.season)),
      freshness(season.changed_at, season.checked_at),
      h("nav", { class: "tabs", "aria-label": "Season" }, tabs.map(([text, path]) => h("a", {
        href: `#/season/${id}${path}`, id: `tab-${text}`,
          "aria-current": text.toLowerCase() === tab ? "page" : null }, text))),
      content,
    ],
  };
}
