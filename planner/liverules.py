"""The rules of a scenario for the page that counts edited plans: counts, budgets, spacing, all in one form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from planner.countscopes import community_names
from planner.page import without_turns
from planner.rulewords import known, rule_in_words
from planner.siting import NO_LIMIT
from planner.words import listed, say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from planner.rulewords import Known
    from planner.schema import Scenario
    from planner.study import Study

    Whole = NDArray[np.int64]


ANYWHERE = ("siting.", "phase.")
"""What the rules are named after that do not ask where a site is."""


def rules_of(studied: Study, sites: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return the rules of a study's problem, which `planner.siting.Rules` keeps as ``minimum <= a.x <= maximum``.

    Parameters
    ----------
    studied
        The study.
    sites
        site_id -> number of the site in the page.

    Returns
    -------
    rules
        ``name`` in words, ``told``: what a count asks for, instead of its id, ``min`` and ``max`` (None leaves a side
        open), ``terms`` (number of the option in the page, place of the year in `Study.years` from which it counts,
        factor), ``stands`` (number of the site, factor) of what stands today, and whether a site counts ``anywhere``
        alike, as it does for budgets and the number of all sites. A rule about nothing that can be opened or closed is
        left out.
    """
    instance, rules, about = studied.instance, studied.instance.rules, _about(studied)
    number = _new_numbers(studied)
    year = np.unique(instance.year, return_inverse=True)[1]
    found = []
    for row, name in enumerate(rules.names):
        here = slice(rules.matrix.indptr[row], rules.matrix.indptr[row + 1])
        columns, factors = rules.matrix.indices[here].tolist(), rules.matrix.data[here].tolist()
        pairs = list(zip(columns, factors, strict=True))
        terms = [[int(number[instance.option[k]]), int(year[k]), int(a)] for k, a in pairs if not instance.fixed[k]]
        stands = [[sites[instance.site_id[k]], int(a)] for k, a in pairs if instance.fixed[k]]
        words = _in_words(name, about)
        if words and (terms or stands):
            limits = {"min": _limit(rules.minimum[row]), "max": _limit(rules.maximum[row])}
            named = {"name": words, "told": _asked(name, about, studied.inputs.scenario) or words}
            found.append({**named, **limits, "terms": terms, "stands": stands, "anywhere": name.startswith(ANYWHERE)})
    return found


def _asked(name: str, about: Known, scenario: Scenario) -> str:
    """Say what a count asks for, and where: its id is for tables; nothing for other rules, whose names are words."""
    counts = sorted(scenario.count, key=lambda count: len(count.id), reverse=True)
    count = next((one for one in counts if name == one.id or name.startswith(f"{one.id}:")), None)
    if count is None:
        return ""
    language = about.language
    types = listed([about.types.get(kind, kind) for kind in count.types], language)
    kind = "both" if count.min and count.max is not None else "least" if count.max is None else "most"
    told = say(f"rule.count_{kind}", language, types=types, min=count.min, max=count.max)
    told = say("rule.count_new", language, told=told) if count.new_only else told
    scope = name[len(count.id) + 1 :] or count.town or count.district or ""
    scope = about.communities.get(scope, scope)
    return without_turns(say("rule.count_at", language, told=told, scope=scope) if scope else told)


def _in_words(name: str, about: Known) -> str:
    """Name a rule in words; nothing for those that hold by the way in which a plan is written down."""
    try:
        return without_turns(rule_in_words(name, about))
    except KeyError:
        return ""


def _limit(value: np.int64) -> int | None:
    return None if abs(int(value)) >= NO_LIMIT else int(value)


def _new_numbers(studied: Study) -> Whole:
    """By option of the inputs: its number among the new ones, as the page has them."""
    new = (studied.inputs.options["state"] == "new").to_numpy()
    return np.where(new, np.cumsum(new) - 1, -1)


def _about(studied: Study) -> Known:
    frame = studied.inputs.sites.frame
    names = dict(zip(frame["site_id"], frame["name"], strict=True))
    communities = community_names(studied.inputs.demand.frame)
    return known(studied.instance.all_goals, studied.inputs.scenario, names, communities)
