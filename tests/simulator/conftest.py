"""One simulator and one large world for all tests of the simulator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import pytest

from simulator import Behaviour, Simulator, World
from simulator.simulator import DEFAULT_CLOCK
from tests.simulator.client import Client


@pytest.fixture(scope="session")
def shared_simulator() -> Iterator[Simulator]:
    """One simulator for all tests; `api` resets it after each."""
    with Simulator(clock=DEFAULT_CLOCK) as api:
        yield api


@pytest.fixture
def api(shared_simulator: Simulator) -> Iterator[Simulator]:
    yield shared_simulator
    control = shared_simulator.control
    control.clear_faults()
    control.set_clock(DEFAULT_CLOCK)
    control.set_quota(3000, 3600)
    control.set_behaviour(**asdict(Behaviour()))
    control.restore_all()


@pytest.fixture
def client(api: Simulator) -> Client:
    return Client(api)


@pytest.fixture(scope="session")
def large_world() -> World:
    return World(seed=3, leagues=3, seasons=1, teams=20, clock="2026-06-20T00:00:00Z")
