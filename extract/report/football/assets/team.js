"use strict";

// A team in a season.

const mean = (values) => (values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : null);

/** Matches of a team in one row: all of them, those at home, and those away. */
function splitTable(matches) {
  const rows = [["All", matches], ["Home", matches.filter((match) => match.location === "home")],
    ["Away", matches.filter((match) => match.location === "away")]].map(([name, list]) => {
    const of = (name) => list.map((match) => match[name]).filter(known);
    const sum = (name) => of(name).reduce((total, value) => total + value, 0);
    const result = (result) => list.filter((match) => match.result === result).length;
    return { name, played: list.length, won: result("won"), drawn: result("drawn"), lost: result("lost"),
      goals_for: sum("goals_for"), goals_against: sum("goals_against"), xg: mean(of("xg")),
        xg_against: mean(of("xg_against")),
      shots: mean(of("shots_total")), possession: mean(of("possession")) };
  });
  return dataTable({
    caption: "Finished matches at home and away",
    rows,
    columns: [
      { label: "Matches", head: true, value: (row) => row.name },
      { label: "P", title: "Played", value: (row) => row.played },
      { label: "W", title: "Won", value: (row) => row.won },
      { label: "D", title: "Drawn", value: (row) => row.drawn },
      { label: "L", title: "Lost", value: (row) => row.lost },
      { label: "Goals", value: (row) => row.goals_for, cell: (row) => `${row.goals_for}:${row.goals_against}` },
      { label: "xG", title: "Expected goals per match", value: (row) => row.xg, cell: (row) => num(row.xg, 2) },
      { label: "xGA", title: "Expected goals against per match", value: (row) => row.xg_against,
        cell: (row) => num(row.xg_against, 2) },
      { label: "Shots", title: "Shots per match", minor: true, value: (row) => row.shots,
        cell: (row) => num(row.shots, 1) },
      { label: "Poss. %", title: "Mean possession", minor: true, value: (row) => row.possession,
        cell: (row) => num(row.possession, 1) },
    ],
  });
}

function xgChart(matches, index) {
  const withXg = matches.filter((match) => known(match.xg) && known(match.xg_against) && known(match.starting_at));
  if (!index.stored.xg) return empty("No expected goals are stored: the setting include lacks xGFixture, or the plan has none.");
  if (withXg.length < 2) return empty(withXg.length ? "One match has expected goals: too few for a chart."
    : "The provider has no expected goals for these matches.");
  const line = (column, name, kind) => {
    const means = rolling(withXg.map((match) => match[column]), 5);
    return { name, kind, points: withXg.map((match, at) => [match.starting_at, means[at]]),
      dots: withXg.map((match) => [match.starting_at, match[column],
        `${day(match.starting_at)}, ${match.opponent}: ${num(match[column], 2)}`]) };
  };
  return lineChart({
    label: `Expected goals for and against over ${withXg.length} matches: means of ${num(mean(withXg.map((match) => match.xg)), 2)} and ${num(mean(withXg.map((match) => match.xg_against)), 2)}. The table of matches has the values.`,
    unit: "xG per match; the lines are means of five matches",
    series: [line("xg_against", "xG against", "other"), line("xg", "xG for", "main")],
    xTicks: monthTicks,
  });
}

function positionChart(rows) {
  if (rows.length < 2) return null;
  return section("Position by round", lineChart({
    label: `Position after each round, from ${rows[0].position} after round ${rows[0].round_number} to ${rows.at(-1).position} after round ${rows.at(-1).round_number}.`,
    unit: "Position after each round",
    series: [{ name: "Position", kind: "main", points: rows.map((row) => [row.round_number, row.position]) }],
    xTicks: (from, to) => range(from, to, niceStep(to - from, 10, 1)).map((round) => [round, `R${round}`]),
    smallest: 1,
    best: "low",
  }));
}

function teamMatches(matches, index) {
  return dataTable({
    caption: "Matches",
    rows: [...matches].reverse(),
    sort: ["Date", "descending"],
    filter: "Filter by opponent, round or date",
    columns: [
      { label: "Date", head: true, value: (row) => row.starting_at,
        cell: (row) => matchLink(row.fixture_id, day(row.starting_at)) },
      { label: "Round", text: true, minor: true, value: (row) => row.round },
      { label: "H/A", title: "Home or away", text: true, value: (row) => row.location,
        cell: (row) => (row.location === "home" ? "H" : "A") },
      { label: "Opponent", text: true, wraps: true, value: (row) => row.opponent,
        cell: (row) => teamLink(row.opponent_id, row.opponent, row.season_id) },
      { label: "Result", text: true, value: (row) => row.result,
        cell: (row) => [row.result && badge(LETTERS[row.result]), " ",
        scoreText({ ...row, home_score: row.goals_for, away_score: row.goals_against }, index.states)] },
      { label: "xG", title: "Expected goals", value: (row) => row.xg, cell: (row) => num(row.xg, 2) },
      { label: "xGA", title: "Expected goals against", value: (row) => row.xg_against,
        cell: (row) => num(row.xg_against, 2) },
      { label: "Poss. %", title: "Possession", minor: true, value: (row) => row.possession,
        cell: (row) => num(row.possession) },
      { label: "Shots", title: "Shots, and those on target", minor: true, value: (row) => row.shots_total,
        cell: (row) => (known(row.shots_total) ? `${row.shots_total} (${row.shots_on_target ?? "–"})` : null) },
      { label: "Formation", text: true, minor: true, value: (row) => row.formation },
    ],
  });
}

async function teamPage({ id, query }) {
  const [index, parts] = await Promise.all([loadIndex(), loadParts("team", id)]);
  const [team] = parts ? parts("team") : [];
  const all = parts ? parts("matches") : [];
  if (!team && !all.length) return null;
  const teamName = team?.name ?? all.findLast((match) => match.team_name)?.team_name ?? "Unknown team";
  const seasons = [...index.bySeason.values()].filter((season) => all.some((match) => match.season_id === season.id));
  const newest = (season) =>
    Math.max(...all.filter((match) => match.season_id === season.id).map((match) => match.starting_at ?? 0));
  seasons.sort((a, b) => newest(b) - newest(a));
  const season = seasons.find((each) => String(each.id) === query.get("season")) ?? seasons[0];
  if (!season) {
    return { title: teamName, crumbs: [["Competitions", "#/"], [teamName]],
      content: [h("h1", { tabindex: -1 }, teamName), empty("No match of this team is stored.")] };
  }
  const matches = all.filter((match) => match.season_id === season.id);
  const finished = matches.filter((match) => match.result);
  const table = parts("table").filter((row) => row.season_id === season.id);
  const latest = table.filter((row) => row.is_latest).at(-1);
  const players = parts("players").filter((row) => row.season_id === season.id);
  const coach = [...matches].reverse().find((match) => match.coach_name)?.coach_name;
  const withResult = (result) => finished.filter((match) => match.result === result).length;
  const sum = (column) => finished.reduce((total, match) => total + (match[column] ?? 0), 0);
  return {
    title: `${teamName}, ${season.season}`,
    crumbs: [["Competitions", "#/"], [`${season.league} ${season.season}`, `#/season/${season.id}`], [teamName]],
    content: [
      h("h1", { tabindex: -1 }, teamName),
      freshness(Math.max(...matches.map((match) => match.loaded_at)), season.checked_at),
      seasons.length > 1 && switches("Season",
        seasons.map((each) => [`${each.league} ${each.season}`, `#/team/${id}?season=${each.id}`, each === season])),
      h("div", { class: "tiles" },
        tile("Position", latest ? latest.position : "–",
          latest ? `${several(latest.points, "point")} from ${several(latest.played, "match", "matches")}`
            : "No table"),
        tile("Won, drawn, lost", ["won", "drawn", "lost"].map(withResult).join("–"),
          several(finished.length, "finished match", "finished matches")),
        tile("Goals", `${sum("goals_for")}:${sum("goals_against")}`, signed(sum("goals_for") - sum("goals_against"))),
        tile("Last five", h("span", { class: "form" },
          finished.slice(-5).map((match) => h("a", { href: `#/match/${match.fixture_id}`,
          "aria-label": `${RESULTS[LETTERS[match.result]]}: ${match.opponent}, ${day(match.starting_at)}` },
            badge(LETTERS[match.result])))), "Newest last")),
      h("div", { class: "columns" },
        section("Expected goals", xgChart(finished, index)),
        positionChart(table.filter((row) => row.stage_id === latest?.stage_id))),
      section("Home and away", finished.length ? h("div", { class: "card" },
        splitTable(finished)) : empty("No match is finished.")),
      section("Players", players.length ? [playersNote(index), h("div", { class: "card" }, dataTable({
        caption: "Players of the team in this season",
        rows: players,
        sort: ["", ""],
        filter: "Filter by name",
        columns: [{ label: "Player", head: true, value: (row) => row.player_name,
          cell: (row) => playerLink(row.player_id, row.player_name) }, ...playerColumns()],
      }))] : empty("No players: the setting include lacks lineups and events, or no match is finished or live.")),
      section("Matches", h("div", { class: "card" }, teamMatches(matches, index))),
      section("Club", facts([["Coach in the last match", coach], ["Founded", team?.founded],
        ["Ground", team?.venue], ["City", team?.city],
        ["Capacity", known(team?.capacity) ? count(team.capacity) : null]])),
    ],
  };
}

const tile = (label, value, note) => h("div", { class: "tile" }, h("span", {}, label), h("strong", {}, value),
  h("span", {}, note));
