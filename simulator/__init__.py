"""A faithful local stand-in of the Sportmonks Football API v3.

    from simulator import Simulator

    with Simulator(seed=7) as api:
        requests.get(f"{api.base_url}/football/states", headers={"Authorization": api.token})

It never talks to the real API and nothing in the extractor imports it.
"""

from simulator.api.behaviour import Settings
from simulator.simulator import Simulator
from simulator.world.world import World

__all__ = ["Settings", "Simulator", "World"]
