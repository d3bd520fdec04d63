"""Compares the content of payloads with the stored ones whose text differs.

Threads that send requests must not use the database, and DuckDB reads all payloads for each query.
So it is done for many fixtures at once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from extract.payload.content_hash import content_hash
from extract.payload.fixture import Fixture, StoredVersion
from extract.source.outcome import Batch, Outcome, OutcomeName
from extract.source.stored_fixtures import StoredFixtures


def compare_with_stored(outcomes: Sequence[Outcome], stored: StoredFixtures) -> Iterator[Batch]:
    """The outcomes of payloads that differ in content, with the versions that they replace.

    A payload with the content of the stored one is not to be stored: `stored` becomes `unchanged`.

    Args:
        outcomes: with payloads whose text differs from the stored one.
        stored: the stored payloads.
    """
    if not outcomes:
        return
    versions = {version.id: version for version in stored.versions([o.id for o in outcomes])}
    for outcome in outcomes:
        # Nothing is stored any more if someone has deleted it in the meantime.
        version = versions.pop(outcome.id, None)
        sent = outcome.fixture
        if version and sent and _has_same_content(sent, version):
            name: OutcomeName = "unchanged" if outcome.name == "stored" else outcome.name
            yield Batch([replace(outcome, name=name, fixture=None)])
        else:
            yield Batch([outcome], replaced=[version] if version else [])


def _has_same_content(sent: Fixture, stored: StoredVersion) -> bool:
    return content_hash(sent.payload) == content_hash(stored.payload.encode())
