"use strict";

// The first page, the search, and lists of matches.

/** The score of a match, its kick-off, or why there is neither. */
function scoreText(match, states) {
  if (known(match.home_score) && known(match.away_score) && ["finished", "live"].includes(match.phase)) {
    return `${match.home_score}–${match.away_score}`;
  }
  if (match.phase === "scheduled" && match.state_code === "NS"
    && known(match.starting_at)) return time(match.starting_at);
  return states[match.state_code] ?? match.state_code ?? "Unknown";
}

/** What is particular about how a match stands or ended; null for a usual one. */
function stateNote(match, states) {
  if (match.phase === "live") return "Live when fetched";
  return ["AET", "FT_PEN", "AWARDED", "WO"].includes(match.state_code) ? states[match.state_code] : null;
}

/** Matches by day. With competitions, if they are of several. */
function matchList(matches, index, withCompetition = false) {
  const days = Map.groupBy(matches, (match) => longDay(match.starting_at));
  return [...days].map(([title, ofDay]) => h("div", { class: "day" }, h("h3", {}, title),
    h("ul", { class: "matches" }, ofDay.map((match) => {
      const season = index.bySeason.get(match.season_id);
      const text = scoreText(match, index.states);
      const played = /^[0-9]+–/.test(text);
      const notes = [stateNote(match, index.states), withCompetition && season?.league, match.group_name,
        known(match.home_xg) && known(match.away_xg) && `xG ${num(match.home_xg, 2)}–${num(match.away_xg, 2)}`];
      const side = (id, name) => h("span", { class: `side ${known(id) && id === match.winner_id ? "winner" : ""}` },
        teamLink(id, name, match.season_id));
      return h("li", {},
        side(match.home_id, match.home),
        h("a", { class: `score ${played ? "" : "open"}`, href: `#/match/${match.fixture_id}`,
          "aria-label": `${match.home} against ${match.away}: ${text}` }, text),
        side(match.away_id, match.away),
        h("span", { class: "note" }, notes.filter(Boolean).join(" · ")));
    }))));
}

async function homePage() {
  const index = await loadIndex();
  const seasons = [...index.bySeason.values()];
  const leaders = Map.groupBy(records(index.leaders), (leader) => leader.season_id);
  // A season with several groups has several leaders, none of which is the season's.
  const leader = (season) => (leaders.get(season.id)?.length === 1 ? leaders.get(season.id)[0] : null);
  const latest = records(index.latest);
  const [live, next] = [records(index.live), records(index.next)];
  return {
    title: "Competitions",
    content: [
      h("h1", { tabindex: -1 }, "Competitions"),
      h("p", { class: "lead" }, seasons.length
        ? `${several(seasons.length, "season")} with ${several(seasons.reduce((sum, season) => sum + season.matches, 0), "match", "matches")}.`
        : ""),
      seasons.length ? h("div", { class: "card" }, dataTable({
        caption: "Competitions and seasons",
        rows: seasons,
        sort: ["", ""],
        filter: "Filter",
        columns: [
          { label: "Competition", head: true, value: (row) => `${row.league} ${row.season}`,
            cell: (row) => [h("a", { href: `#/season/${row.id}` }, row.league), " ",
              h("span", { class: "quiet" }, row.season)] },
          { label: "Leader", text: true, wraps: true, value: (row) => leader(row)?.team ?? null,
            cell: (row) => leader(row) && teamLink(leader(row).team_id, leader(row).team, row.id) },
          { label: "Points", value: (row) => leader(row)?.points ?? null },
          { label: "Played", title: "Finished matches, of those that are stored", value: (row) => row.finished,
            cell: (row) => `${count(row.finished)} of ${count(row.matches)}` },
          { label: "Last match", minor: true, value: (row) => row.last_at, cell: (row) => day(row.last_at) },
          { label: "Last checked", minor: true, value: (row) => row.checked_at,
            cell: (row) => moment(row.checked_at) },
        ],
      })) : empty("No match is stored yet: run the extractor, and then the transform."),
      h("div", { class: "columns" },
        section("Latest results", latest.length ? matchList(latest, index, true) : empty("No match is finished.")),
        h("div", {}, live.length > 0 && section("Live", matchList(live, index, true)),
          section("Next", next.length ? matchList(next, index, true)
            : empty("No match was scheduled when the report was made.")))),
    ],
  };
}

async function searchPage({ id: words = "" }) {
  const text = decodeURIComponent(words).trim();
  const [index, entries] = await Promise.all([loadIndex(), load("search")]);
  const wanted = plain(text).split(/\s+/).filter(Boolean);
  const matches = (name) => wanted.length > 0 && wanted.every((word) => plain(name).includes(word));
  const shown = 100;
  const list = (title, found, item) => found.length > 0 && section(`${title} (${count(found.length)})`,
    h("ul", { class: "found" }, found.slice(0, shown).map((row) => h("li", {}, item(row)))),
    found.length > shown && h("p", { class: "empty" },
      `The first ${shown} are shown: add a word to narrow the search.`));
  const seasons = [...index.bySeason.values()].filter((season) => matches(`${season.league} ${season.season}`));
  const teams = entries.teams.filter(([, name]) => matches(name));
  const players = Map.groupBy(entries.players.filter(([, name]) => matches(name)), ([id]) => id);
  const found = seasons.length + teams.length + players.size;
  return {
    title: `Search: ${text}`,
    crumbs: [["Search"]],
    content: [
      h("h1", { tabindex: -1 }, "Search"),
      h("p", { class: "lead", role: "status" },
        wanted.length ? `${several(found, "result")} for “${clean(text)}”.` : "Enter a part of a name."),
      list("Competitions", seasons, (season) => h("a", { href: `#/season/${season.id}` },
        `${season.league} ${season.season}`)),
      list("Teams", teams, ([id, name]) => teamLink(id, name)),
      list("Players", [...players.values()], (rows) => [playerLink(rows[0][0], rows[0][1]), " ",
        h("span", { class: "quiet" }, [...new Set(rows.map(([, , team]) => team))].join(", "))]),
    ],
  };
}
