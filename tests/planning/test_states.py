"""The list of states, which dbt and the re-check schedule share."""

from pathlib import Path

import yaml

from extract.config.recheck_schedule import STATE_GROUPS
from simulator.data.reference_data import STATES

PHASE_OF_GROUP = {
    "upcoming": "scheduled",
    "live": "live",
    "suspended": "live",
    "finished": "finished",
    "postponed": "called_off",
    "cancelled": "called_off",
    "deleted": "called_off",
}


def listed() -> list[tuple[int, str, str, str]]:
    project = yaml.safe_load(Path("dbt_project/dbt_project.yml").read_text())
    return [tuple(state) for state in project["vars"]["states"]]


def test_the_list_has_every_state_of_the_api_once() -> None:
    api = [(state["id"], state["developer_name"]) for state in STATES]
    assert [(state_id, code) for state_id, code, _, _ in listed()] == api
    assert len(api) == 25


def test_only_delayed_and_tba_are_fetched_unlike_their_phase() -> None:
    assert STATE_GROUPS.keys() == PHASE_OF_GROUP.keys()
    other = {
        code: (phase, group) for _, code, phase, group in listed() if PHASE_OF_GROUP[group] != phase
    }
    assert other == {"DELAYED": ("scheduled", "live"), "TBA": ("scheduled", "postponed")}


def test_the_schedule_reads_the_list() -> None:
    assert {(state, group) for group, ids in STATE_GROUPS.items() for state in ids} == {
        (state, group) for state, _, _, group in listed()
    }
