"""The generated football world: leagues, teams, calendars and matches."""
