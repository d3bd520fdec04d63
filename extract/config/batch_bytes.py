"""Bytes of a fixture by its includes, and the number of fixtures whose response stays in bounds."""

from extract.config.includes import include_parts, part_path

MEGABYTE = 10**6
# Part of the bound that is used: the next fixtures may be larger than the last ones.
USED = 0.9
# JSON of a chunk. DuckDB takes about ten times as much memory while it commits one.
_CHUNK_MEGABYTES = 100

# Average JSON of a finished match in bytes, by the path of an include, without nested includes.
_FIXTURE = 700
_BYTES = {
    "participants": 700,
    "scores": 1_200,
    "statistics": 7_000,
    "events": 7_000,
    "periods": 600,
    "lineups": 9_500,
    "lineups.player": 18_000,
    "lineups.details": 77_000,
    "lineups.xglineup": 77_000,
    "xgfixture": 9_500,
    "formations": 200,
    "coaches": 900,
    "referees": 300,
    "referees.referee": 1_300,
    "sidelined": 1_000,
    "sidelined.sideline": 3_000,
    "metadata": 500,
    "predictions": 6_000,
    "pressure": 20_000,
    "comments": 24_000,
    "tvstations": 50_000,
    "trends": 300_000,
    "odds": 1_350_000,
    "premiumodds": 1_350_000,
    "inplayodds": 90_000,
}
# An include that is one object, and any other one that the table lacks.
_OBJECT = 400


def expected_bytes(include: str) -> float:
    """The expected JSON of a fixture with an include, in bytes.

    Args:
        include: as the API writes it.
    """
    paths: set[str] = set()
    for part in include_parts(include):
        names = part_path(part).split(".")
        paths.update(".".join(names[:depth]) for depth in range(1, len(names) + 1))
    return float(_FIXTURE + sum(map(_bytes, paths)))


def _bytes(path: str) -> int:
    parent, _, name = path.rpartition(".")
    if parent and name == "type":
        # An object of 150 bytes in each row of about as many.
        return _bytes(parent)
    return _BYTES.get(path, _OBJECT)


def fitting_batch_size(batch_size: int, megabytes: float, fixture_bytes: float) -> int:
    """The number of fixtures in a request whose response stays below a bound; at least 1.

    Args:
        batch_size: the most that the API accepts.
        megabytes: the bound.
        fixture_bytes: JSON of one fixture.
    """
    return max(1, min(batch_size, int(min(1e6, USED * megabytes * MEGABYTE / fixture_bytes))))


def fitting_chunk_size(chunk_size: int, fixture_bytes: float) -> int:
    """The number of fixtures in a chunk that can be committed in little memory; at least 1.

    Args:
        chunk_size: the configured one.
        fixture_bytes: JSON of one fixture.
    """
    return max(1, min(chunk_size, int(_CHUNK_MEGABYTES * MEGABYTE / fixture_bytes)))
