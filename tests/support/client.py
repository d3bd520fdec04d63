"""The client by itself, without the job."""

from extract.batch_size import BatchSize
from extract.batches import FixtureBatches, NothingStored, Outcome
from extract.client import SportmonksClient
from extract.settings import Settings
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
