"""Checks what a plan claims, and keeps its certificate: no solver, and no code of one, has a part in it."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array

from planner.certificate import (
    BLOCK,
    SCALE,
    Refused,
    arrays_of,
    bound_of,
    canonical,
    exact_sum,
    lengths_of,
    owners,
    summed,
    under_capacity,
)
from planner.siting import NO_LIMIT, CommunityGoal, Multipliers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from planner.siting import Flows, Goal, Instance, Plan, Travel

    Whole = NDArray[Any]
    Fault = tuple[object, ...]

SCHEMA = 1
PROMISED = ("optimal", "gap")
"""States of a plan that keeps the rules and meets the goals."""


@dataclass(frozen=True, eq=False)
class Certificate:
    """A bound, the multipliers that prove it, and the `fingerprint` of the instance that they were made for."""

    instance: str
    bound: int
    multipliers: Multipliers


def _flow_faults(instance: Instance, opened: NDArray[np.bool_], flows: Flows | None) -> list[Fault]:
    """Whether people go only from rows under capacity to open columns that serve them, and no more than there are."""
    capacity, n_columns = instance.capacity, instance.n_columns
    if capacity is None or flows is None:
        return [] if capacity is None and flows is None else [("flows", "none")]
    arrays, ends = (flows.row, flows.column, flows.people), (instance.n_rows, n_columns, NO_LIMIT)
    if any(array.dtype != np.int64 or array.shape != (len(flows.row),) for array in arrays):
        return [("flows", "shape")]
    if any(((array < 0) | (array >= end)).any() for array, end in zip(arrays, ends, strict=True)):
        return [("flows", "range")]
    limited = np.unique(capacity.rows)
    part = canonical(instance.covers)[limited]
    within = limited[owners(part.indptr)] * n_columns + part.indices
    people = flows.people.astype(object)
    wrong = {
        "closed": ~opened[flows.column],
        "reach": ~np.isin(flows.row * n_columns + flows.column, within),
        "people": summed(instance.n_rows, flows.row, people) > instance.people,
        "limit": summed(n_columns, flows.column, people) > capacity.limit,
    }
    return [("flows", code) for code, where in wrong.items() if where.any()]


def _reached(goal: Goal, limited: NDArray[np.bool_], served: Whole, times: Whole) -> int:
    """People or communities that count for a goal, from the people of each row served and how many columns serve it."""
    within = np.where(times[goal.rows] >= goal.times, goal.weight, 0)
    people = np.where(limited[goal.rows], served[goal.rows], within)
    if isinstance(goal, CommunityGoal):
        return int((summed(goal.whole, goal.unit, people.astype(object)) >= goal.unit_needed).sum())
    return exact_sum(people)


def _travelled(travel: Travel, opened: NDArray[np.bool_]) -> int:
    """Weight x metres to the nearest open column, at most `far_m`, over all points."""
    nearest = np.full(len(travel.weight), travel.far_m)
    np.minimum.at(nearest, owners(travel.start), np.where(opened[travel.column], travel.metres, travel.far_m))
    return exact_sum(travel.weight.astype(object) * nearest)


def _choice_faults(instance: Instance, plan: Plan) -> list[Fault]:
    """Whether the chosen columns keep every rule, meet every goal, and add up to the objective."""
    chosen, rules = [*plan.chosen], instance.rules
    if any(type(k) is not int or not 0 <= k < instance.n_columns for k in chosen) or chosen != sorted(set(chosen)):
        return [("chosen", "columns")]
    if instance.fixed[chosen].any():
        return [("chosen", "standing")]
    opened = instance.fixed.copy()
    opened[chosen] = True
    faults = _flow_faults(instance, opened, plan.flows)
    if faults:
        return faults
    entry = rules.matrix.data.astype(object) * opened[rules.matrix.indices]
    value = summed(len(rules.minimum), owners(rules.matrix.indptr), entry)
    broken = np.flatnonzero((value < rules.minimum) | (value > rules.maximum)).tolist()
    faults += [("rule", rules.names[rule], int(value[rule])) for rule in broken]
    limited, served = under_capacity(instance), np.zeros(instance.n_rows, dtype=np.int64)
    if plan.flows is not None:
        served = summed(instance.n_rows, plan.flows.row, plan.flows.people)
    times = canonical(instance.covers) @ opened.astype(np.int64)
    reached = [(goal, _reached(goal, limited, served, times)) for goal in instance.all_goals]
    missed: list[Fault] = [("goal", goal.label, goal.needed, got) for goal, got in reached if got < goal.needed]
    faults += [] if plan.best_effort else missed
    if plan.status not in PROMISED and not faults and not missed:
        faults.append(("status", plan.status))  # here is a plan that does all that is said to be impossible
    unserved = np.where(instance.loss > 0, instance.people - served, 0)
    objective = exact_sum(np.where(limited, unserved, np.where(times == 0, instance.loss, 0)))
    objective += exact_sum(instance.price[chosen])
    objective += 0 if instance.travel is None else _travelled(instance.travel, opened)
    return faults if objective == plan.objective else [*faults, ("objective", plan.objective, objective)]


def _bound_faults(instance: Instance, plan: Plan, certificate: Certificate) -> list[Fault]:
    """Whether the certificate is this instance's and proves what it says, and no bound is above the objective."""
    faults: list[Fault] = [] if certificate.instance == fingerprint(instance) else [("instance",)]
    try:
        bound = bound_of(instance, certificate.multipliers)
    except Refused as refused:
        return [*faults, refused.args]
    if certificate.bound > bound:
        faults.append(("certified_bound", certificate.bound, bound))
    if plan.objective is not None and not plan.best_effort:
        if plan.bound is not None and plan.bound > plan.objective:
            faults.append(("bound", plan.bound, plan.objective))
        if bound > plan.objective:
            faults.append(("contradiction", bound, plan.objective))
    return faults


def check(instance: Instance, plan: Plan, certificate: Certificate) -> tuple[Fault, ...]:
    """Recompute all that a plan and its certificate claim; `Plan.multipliers` are not looked at.

    Parameters
    ----------
    instance
        The problem.
    plan, certificate
        The claim.

    Returns
    -------
    faults
        None for a claim that holds. A bound above the certified one is the solver's word and no fault: see `bound_of`.
        Each is a code and values: ``status``; ``gap`` (said, objective less bound); ``chosen``, ``flows`` (what);
        ``rule`` (name, value); ``goal`` (label, needed, reached); ``objective``, ``certified_bound`` (said, found);
        ``bound`` (said, objective); ``contradiction`` (bound found, objective); ``instance`` (of another one);
        ``multipliers`` (which, what).
    """
    figures = (plan.objective, plan.bound, certificate.bound)
    promised = plan.status in PROMISED
    if any(value is not None and type(value) is not int for value in figures) or certificate.bound is None:
        return (("status", "figures"),)
    if promised and (plan.best_effort or plan.objective is None or plan.bound is None):
        return (("status", plan.status),)
    faults: list[Fault] = []
    if plan.status == "optimal" and plan.bound != plan.objective:
        faults.append(("status", plan.status))
    if promised and plan.objective is not None and plan.bound is not None:
        over = plan.objective - plan.bound
        if plan.gap is not None and plan.gap != (over / plan.objective if over > 0 else 0.0):
            faults.append(("gap", plan.gap, over))
    if plan.objective is not None:
        faults += _choice_faults(instance, plan)
    elif plan.chosen:
        faults.append(("chosen", "columns"))
    return (*faults, *_bound_faults(instance, plan, certificate))


def _parts(name: str, value: object) -> Iterator[bytes]:
    """Spell out a value, and what it consists of, by name; arrays of numbers as int64, lowest byte first."""
    if isinstance(value, csr_array):
        matrix = canonical(value)
        value = (matrix.shape, matrix.indptr, matrix.indices, matrix.data)
    if is_dataclass(value):
        for field in fields(value):
            yield from _parts(f"{name}.{field.name}", getattr(value, field.name))
    elif isinstance(value, tuple):
        yield f"{name}:{len(value)};".encode()
        for number, item in enumerate(value):
            yield from _parts(f"{name}[{number}]", item)
    elif isinstance(value, np.ndarray) and value.dtype != object:
        yield f"{name}{value.shape};".encode()
        for low in range(0, len(value), BLOCK):
            yield value[low : low + BLOCK].astype("<i8").tobytes()
    else:
        plain = [str(item) for item in value] if isinstance(value, np.ndarray) else value
        yield f"{name}={plain!r};".encode()


def fingerprint(instance: Instance) -> str:
    """Sha256 of all that an instance says: another row, weight, goal, rule or name gives another one."""
    digest = sha256()
    for part in _parts("instance", instance):
        digest.update(part)
    return digest.hexdigest()


def certify(instance: Instance, multipliers: Multipliers) -> Certificate:
    """State the bound that multipliers prove for this instance; raises as `bound_of` does."""
    return Certificate(fingerprint(instance), bound_of(instance, multipliers), multipliers)


def to_json(certificate: Certificate) -> dict[str, Any]:
    """Write a certificate as plain lists: of each array its length, and index and value of what is not 0."""

    def sparse(y: Whole) -> dict[str, Any]:
        at = np.flatnonzero(y)
        return {"length": len(y), "nonzero": np.stack([at, y[at]], axis=1).tolist()}

    found = certificate.multipliers
    arrays = {field.name: [sparse(y) for y in arrays_of(found, field.name)] for field in fields(found)}
    head = {"schema": SCHEMA, "scale": SCALE, "instance": certificate.instance, "bound": certificate.bound}
    return {**head, "multipliers": arrays}


def _read_array(name: str, content: object, length: int) -> Whole:
    """Read one array, strictly: pairs of whole numbers, indices ascending, no zero."""
    if type(content) is not dict or set(content) != {"length", "nonzero"} or type(content["length"]) is not int:
        raise Refused("malformed", name)
    if content["length"] != length:
        raise Refused("multipliers", name, "length")
    pairs = content["nonzero"]
    if type(pairs) is not list or any(type(p) is not list or [*map(type, p)] != [int, int] for p in pairs):
        raise Refused("malformed", name)
    if any(not -(2**63) <= number < 2**63 for pair in pairs for number in pair):
        raise Refused("malformed", name)
    at, values = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    if (np.diff(at, prepend=-1) <= 0).any() or (at >= length).any() or (values == 0).any():
        raise Refused("malformed", name)
    return summed(length, at, values)


def from_json(instance: Instance, content: object) -> Certificate:
    """Read what `to_json` wrote; the instance says how long the arrays must be.

    Raises
    ------
    Refused
        Whatever is wrong with the content.
    """
    keys = {"schema": int, "scale": int, "instance": str, "bound": int, "multipliers": dict}
    if type(content) is not dict or {key: type(value) for key, value in content.items()} != keys:
        raise Refused("malformed", "certificate")
    if (content["schema"], content["scale"]) != (SCHEMA, SCALE):
        raise Refused("malformed", "schema")
    lengths, given, arrays = lengths_of(instance), content["multipliers"], {}
    if set(given) != set(lengths):
        raise Refused("malformed", "multipliers")
    for name, sizes in lengths.items():
        if type(given[name]) is not list or len(given[name]) != len(sizes):
            raise Refused("malformed", name)
        arrays[name] = tuple(_read_array(name, *pair) for pair in zip(given[name], sizes, strict=True))
    single = {name: found[0] for name, found in arrays.items() if name != "units"}
    return Certificate(content["instance"], content["bound"], Multipliers(**single, units=arrays["units"]))
