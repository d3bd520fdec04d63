"""A local simulator of the Sportmonks Football API v3.

    from simulator import Simulator

    with Simulator(seed=7) as api:
        requests.get(f"{api.base_url}/football/states", headers={"Authorization": api.token})

It never connects to the real API, and `extract` does not import it.
"""

from simulator.api.behaviour import Behaviour
from simulator.simulator import Simulator
from simulator.world.world import World

__all__ = ["Behaviour", "Simulator", "World"]
