"""The client by itself, without the job."""

from extract.api.client import SportmonksClient
from extract.config.settings import Settings
from extract.source.batch_size import BatchSize
from extract.source.fixture_batches import FixtureBatches
from extract.source.outcome import Outcome
from extract.source.stored_fixtures import NothingStored
from simulator import Simulator

TOKEN = "demo-token"


def client_settings(api: Simulator, **changes: object) -> Settings:
    chosen = Settings()
    values = {"api_token": TOKEN, "base_url": api.base_url, "backoff": 0.01, **changes}
    for name, value in values.items():
        setattr(chosen, name, value)
    return chosen


def fetch_outcomes(
    client: SportmonksClient, ids: list[int], size: int = 50, in_flight: int = 4
) -> dict[int, Outcome]:
    stored = NothingStored()
    batches = FixtureBatches(client, "events;statistics", BatchSize(size), in_flight, stored)
    outcomes = [outcome for batch in batches.fetch(ids) for outcome in batch.outcomes]
    assert len(outcomes) == len({outcome.id for outcome in outcomes})
    return {outcome.id: outcome for outcome in outcomes}
