"""Who is left out, by the reason for it, and how many people of which kind live there (sentences 6 and 10)."""

from __future__ import annotations

import pandas as pd

from planner.leftout import deciding, left_by_reason, left_out_groups

MEASURES = pd.DataFrame(
    [
        ("a", "walk", "beyond", "planned"), ("a", "km", "no_candidate", ""), ("b", "walk", "beyond", "planned"),
        ("b", "km", "beyond", "planned"), ("c", "walk", "", "field_check"), ("c", "km", "no_route", "joint"),
        ("d", "walk", "", "field_check"), ("e", "walk", "not_chosen", "mobile"), ("f", "other", "no_route", ""),
    ],
    columns=["unit_id", "standard", "reason", "measure"],
)  # fmt: skip
STATES = {"a": "unmet", "b": "unmet", "c": "unmet", "d": "unassessable", "e": "unmet", "f": "met", "g": "met"}
STANDINGS = pd.DataFrame(
    [*((unit, "", state) for unit, state in STATES.items()), ("f", "other", "unmet")],
    columns=["unit_id", "standard", "state"],
)


def test_a_plan_that_mends_one_standard_and_not_the_other_is_no_measure() -> None:
    found = deciding(MEASURES, ["walk", "km"])
    assert {unit: row["standard"] for unit, row in found.items()} == {
        "a": "km", "b": "walk", "c": "walk", "d": "walk", "e": "walk",
    }  # fmt: skip


def test_every_community_left_out_has_one_reason() -> None:
    found = left_by_reason(MEASURES, STANDINGS, ["walk", "km"])
    assert found == {
        "planned": 1, "no_candidate": 1, "no_route": 1, "off_network": 0, "not_chosen": 1, "beyond": 0,
        "unassessable": 1,
    }  # fmt: skip
    assert sum(found.values()) == sum(state != "met" for state in STATES.values())


def test_people_are_those_of_the_communities_that_fall_short() -> None:
    ledger = pd.DataFrame(
        {"登记失业": [5, None, 7, 1000, 3, 1000, None], "就业困难": ["有"] * 7, "备注": ["甲"] * 7}, index=list(STATES)
    ).astype({"登记失业": "Int64"})
    units = pd.DataFrame({"people": 10, "people_grads": range(1, 8)}, index=list(STATES))
    found = left_out_groups(STANDINGS, ledger, units)
    assert found["reported"] == {"登记失业": 15, "就业困难": None}, "what is no number is not added up"
    assert found["blank"] == {"登记失业": 1, "就业困难": 4}
    assert found["groups"] == {"grads": 1 + 2 + 3 + 5}


def test_what_nobody_gave_stays_blank() -> None:
    units = pd.DataFrame({"people": 10}, index=list(STATES))
    found = left_out_groups(STANDINGS, pd.DataFrame(index=list(STATES)), units)
    assert found == {
        "reported": {"登记失业": None, "就业困难": None}, "blank": {"登记失业": 4, "就业困难": 4}, "groups": {},
    }  # fmt: skip
