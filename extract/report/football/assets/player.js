"use strict";

// A player.

const POSITIONS = { 24: "Goalkeeper", 25: "Defender", 26: "Midfielder", 27: "Attacker" };

/** Goals against expected goals, summed over the matches that have them. */
function goalsChart(matches, index) {
  const shots = matches.filter((match) => known(match.xg) && known(match.starting_at));
  if (!index.stored.details) return empty("No expected goals of players are stored: the setting include lacks lineups.details.");
  if (!shots.length) return empty("The provider has no expected goals for these matches.");
  if (shots.length < 2) return empty("One match has expected goals: too few for a chart.");
  const summed = (value) => {
    let total = 0;
    return shots.map((match) => [match.starting_at, (total += value(match) ?? 0), match.season_id]);
  };
  const [goals, xg] = [summed((match) => match.goals), summed((match) => match.xg)];
  return lineChart({
    label: `Goals and expected goals, summed over the ${shots.length} matches with expected goals, of ${matches.length}: ${num(goals.at(-1)[1])} goals and ${num(xg.at(-1)[1], 2)} expected goals. The table of matches has the values.`,
    unit: `Sum over the matches with expected goals: ${shots.length} of ${matches.length}`,
    series: [{ name: "Expected goals", kind: "other", points: xg, steps: true },
      { name: "Goals", kind: "main", points: goals, steps: true }],
    xTicks: monthTicks,
    smallest: 1,
  });
}

function ratingChart(matches) {
  const rated = matches.filter((match) => known(match.rating) && known(match.starting_at));
  if (rated.length < 2) return null;
  const means = rolling(rated.map((match) => match.rating), 5);
  return section("Rating", lineChart({
    label: `Rating in ${rated.length} matches, ${num(mean(rated.map((match) => match.rating)), 2)} on average.`,
    unit: "The provider's rating; the line is a mean of five matches",
    series: [{ name: "Rating", kind: "main", points: rated.map((match, at) => [match.starting_at, means[at], match.season_id]),
      dots: rated.map((match) => [match.starting_at, match.rating,
        `${day(match.starting_at)}, ${match.opponent}: ${num(match.rating, 2)}`]) }],
    xTicks: monthTicks,
    smallest: 1,
    from: 4,
  }));
}

function playerMatches(matches) {
  const score = (row) => (row.location === "away" ? `${row.away_score ?? "–"}–${row.home_score ?? "–"}`
    : `${row.home_score ?? "–"}–${row.away_score ?? "–"}`);
  return dataTable({
    caption: "Matches that the player took part in",
    rows: [...matches].reverse(),
    sort: ["Date", "descending"],
    filter: "Filter by opponent or date",
    columns: [
      { label: "Date", head: true, value: (row) => row.starting_at,
        cell: (row) => matchLink(row.fixture_id, day(row.starting_at)) },
      { label: "Opponent", text: true, wraps: true, value: (row) => row.opponent,
        cell: (row) => [row.location === "away" ? "at\u00a0" : "",
          teamLink(row.opponent_id, row.opponent, row.season_id)] },
      { label: "Min", title: "Minutes", value: (row) => row.minutes,
        cell: (row) => [num(row.minutes), row.is_starter ? "" : h("abbr", { class: "quiet", title: "Came on" },
          " sub")] },
      { label: "G", title: "Goals", value: (row) => row.goals },
      { label: "A", title: "Assists", value: (row) => row.assists },
      { label: "Result", text: true, value: (row) => row.result,
        cell: (row) => [row.result && badge(LETTERS[row.result]), " ", score(row)] },
      { label: "xG", title: "Expected goals", value: (row) => row.xg, cell: (row) => num(row.xg, 2) },
      { label: "Shots", minor: true, value: (row) => row.shots_total },
      { label: "Key p.", title: "Key passes", minor: true, value: (row) => row.key_passes },
      { label: "Yel", title: "Yellow cards", minor: true, value: (row) => row.yellow_cards },
      { label: "Red", title: "Red and second yellow cards", minor: true,
        value: (row) => (row.red_cards ?? 0) + (row.yellow_red_cards ?? 0) },
      { label: "Rating", title: "The provider's rating, up to 10", value: (row) => row.rating,
        cell: (row) => num(row.rating, 2) },
    ],
  });
}

async function playerPage({ id }) {
  const [index, parts] = await Promise.all([loadIndex(), loadParts("player", id)]);
  const [player] = parts ? parts("player") : [];
  const seasons = parts ? parts("seasons") : [];
  if (!player && !seasons.length) return null;
  const matches = parts("matches");
  const name = player?.name ?? seasons[0].player_name;
  const last = index.bySeason.get(matches.at(-1)?.season_id ?? seasons[0]?.season_id);
  const changed = Math.max(...seasons.map((row) => index.bySeason.get(row.season_id)?.changed_at ?? 0));
  return {
    title: name,
    crumbs: [["Competitions", "#/"], last && [`${last.league} ${last.season}`, `#/season/${last.id}`], [name]],
    content: [
      h("h1", { tabindex: -1 }, name),
      changed > 0 && freshness(changed, last?.checked_at ?? null, "the player's seasons"),
      facts([["Position", POSITIONS[player?.position_id]], ["Born",
        player?.date_of_birth && day(Date.parse(player.date_of_birth) / 1000)],
        ["Height", known(player?.height) ? `${player.height} cm` : null]]),
      section("Seasons", seasons.length ? [playersNote(index), h("div", { class: "card" }, dataTable({
        caption: "The player's seasons",
        rows: seasons,
        sort: ["", ""],
        columns: [
          { label: "Season", head: true, value: (row) => row.season_name,
            cell: (row) => h("a", { href: `#/season/${row.season_id}` },
              `${row.season_name ?? "No season"} ${row.league_name ?? "No competition"}`) },
          { label: "Team", text: true, wraps: true, value: (row) => row.team_name,
            cell: (row) => teamLink(row.team_id, row.team_name, row.season_id) },
          ...playerColumns(),
        ],
      }))] : empty("The player has not taken part in a finished or live match that is stored.")),
      h("div", { class: "columns" }, section("Goals against expected goals", goalsChart(matches, index)),
        ratingChart(matches)),
      section("Matches", matches.length ? [h("p", { class: "quiet" },
        "Goals, assists and cards of a match are the provider's statistics of the player, where it has them. Those of a season are counted from the events, and may differ."),
      h("div", { class: "card" }, playerMatches(matches))]
        : empty(index.stored.lineups ? "The player is in no line-up that is stored."
          : "Matches of a player need line-ups: the setting include lacks lineups.")),
    ],
  };
}
