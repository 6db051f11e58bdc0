"""What a frontier leaves behind: tables, a picture, a record, and sentences for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from planner import owners, provenance, record, report
from planner.chart import Dot, Texts, cost_chart
from planner.editoutputs import edits_named
from planner.figures import gap_percent, money, percent, permille_down
from planner.frontierrecord import SCHEMA
from planner.phases import ONE_YEAR, years_of
from planner.schema import limits_of
from planner.standards import standard_name
from planner.words import listed, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from planner.frontier import Point
    from planner.frontierstudy import FrontierStudy
    from planner.terms import Language

SUFFIX = "-frontier"
"""What the name of the result folder has after the scenario's."""

MARK = "frontier.json"
"""The file by which a whole result is known."""

RESULT_FILES = frozenset({"frontier.csv", "frontier_sites.csv", "frontier.svg", MARK})
"""Names of everything that a result holds; without points there is no picture."""

NAMES_SHOWN = 12
"""New facilities of one point that are named in the terminal; the rest are in the table."""


def write(studied: FrontierStudy, folder: Path, begin: Callable[[str], None]) -> dict[str, Any]:
    """Write the tables, the picture and the record.

    Parameters
    ----------
    studied
        The frontier.
    folder
        An empty folder.
    begin
        Called with the name of each step as it begins.

    Returns
    -------
    record
        The content of frontier.json.
    """
    begin("files")
    inputs = studied.inputs
    found = _record(studied) | owners.part(inputs.loaded, folder.parent / (inputs.scenario.name + SUFFIX), MARK)
    report.write_csv(_point_table(found), folder / "frontier.csv")
    report.write_csv(studied.sites.drop(columns="option"), folder / "frontier_sites.csv")
    if found["points"]:
        svg = _chart(found)
        (folder / "frontier.svg").write_text(svg, encoding="utf-8", newline="\n")
    report.write_json(found, folder / MARK)
    return found


def per_person(cost_yuan: int, newly: int) -> int | None:
    """Cost for each person newly covered, in whole yuan rounded up; None where nobody is."""
    return -(-cost_yuan // newly) if newly > 0 else None


def _point(studied: FrontierStudy, number: int, point: Point, before: Mapping[str, Any]) -> dict[str, Any]:
    """Figures of one point; `before` is the point before, or what stands today where there is none."""
    rows = studied.sites[studied.sites["point"] == number]
    names = {facility.type: facility.name for facility in studied.inputs.scenario.facility}
    sites = [
        {
            "site_id": row["site_id"],
            "name": row["name"],
            "type": row["type"],
            "type_name": names[row["type"]],
            "size": row["size"],
            "year": int(row["year"]),
            "first_point": int(row["first_point"]),
            "stays": bool(row["stays"]),
        }
        for row in rows.to_dict("records")
    ]
    held = {site["site_id"] for site in sites}
    more, step_yuan = point.people - before["people"], point.cost_yuan - before["cost_yuan"]
    return {
        "point": number,
        "budget_yuan": point.budget_yuan,
        "cost_once_yuan": int(rows["cost_once_yuan"].sum()),
        "cost_yearly_yuan": int(rows["cost_yearly_yuan"].sum()),
        "cost_yuan": point.cost_yuan,
        "people": point.people,
        "share": record.share(point.people, studied.frontier.whole),
        "newly": point.newly,
        "average_yuan_per_newly": per_person(point.cost_yuan, point.newly),
        "step_newly": more,
        "step_yuan": step_yuan,
        "step_yuan_per_newly": per_person(step_yuan, more),
        "most": point.most,
        "gap": point.gap,
        "cost_gap": point.cost_gap,
        "status": point.status,
        "sites": sites,
        "dropped": [site for site in dict.fromkeys(s["site_id"] for s in before["sites"]) if site not in held],
    }


def _points(studied: FrontierStudy) -> list[dict[str, Any]]:
    today = {"people": studied.frontier.today, "cost_yuan": 0, "sites": []}
    found: list[dict[str, Any]] = []
    for number, point in enumerate(studied.frontier.points, start=1):
        found.append(_point(studied, number, point, found[-1] if found else today))
    return found


def _record(studied: FrontierStudy) -> dict[str, Any]:
    inputs, scenario, found = studied.inputs, studied.inputs.scenario, studied.frontier
    years = [year for year in years_of(limits_of(scenario).phases) if year != ONE_YEAR]
    return {
        "schema": SCHEMA,
        **provenance.head(inputs),
        "parameters": {
            **provenance.road_parameters(scenario),
            "horizon_years": scenario.siting.horizon_years,
            "years": years or [scenario.data_date.year],
            "steps": studied.steps,
            "gap": studied.gap,
            "time_limit_s": float(scenario.siting.time_limit_s),
        },
        **({"given": True} if scenario.build is not None else {}),
        "attribution": say("map.attribution", scenario.language),
        "inputs": provenance.input_records(inputs),
        "roads": record.roads_record(inputs.networks) | edits_named(inputs.rerouted),
        "standard": record.standard_facts(studied.standard),
        "people": found.whole,
        "covered_today": found.today,
        "share_today": record.share(found.today, found.whole),
        "status": found.status,
        "points": _points(studied),
    }


def _point_table(found: Mapping[str, Any]) -> pd.DataFrame:
    """One row for each point: the table behind frontier.csv."""
    rows = [
        {
            "point": point["point"],
            "budget_yuan": point["budget_yuan"],
            "cost_once_yuan": point["cost_once_yuan"],
            "cost_yearly_yuan": point["cost_yearly_yuan"],
            "cost_yuan": point["cost_yuan"],
            "people": point["people"],
            "share_permille": permille_down(point["people"], found["people"]) if found["people"] else None,
            "newly": point["newly"],
            "average_yuan_per_newly": point["average_yuan_per_newly"],
            "step_newly": point["step_newly"],
            "step_yuan": point["step_yuan"],
            "step_yuan_per_newly": point["step_yuan_per_newly"],
            "gap": gap_percent(point["gap"]),
            "cost_gap": gap_percent(point["cost_gap"]),
            "status": point["status"],
            "new_sites": len(point["sites"]),
            "sites": ";".join(site["site_id"] for site in point["sites"]),
        }
        for point in found["points"]
    ]
    columns = [
        "point", "budget_yuan", "cost_once_yuan", "cost_yearly_yuan", "cost_yuan", "people", "share_permille", "newly",
        "average_yuan_per_newly", "step_newly", "step_yuan", "step_yuan_per_newly", "gap", "cost_gap", "status",
        "new_sites", "sites",
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns)
    return table.astype(dict.fromkeys(["share_permille", "average_yuan_per_newly", "step_yuan_per_newly"], "Int64"))


def _counted(found: Mapping[str, Any]) -> str:
    """Say how reach was counted."""
    used = found["parameters"]
    return say(
        "note.counted", found["language"], walk_kph=f"{used['walk_kph']:g}", snap_max_m=f"{used['snap_max_m']:g}"
    )


def _proof(found: Mapping[str, Any]) -> str:
    """Say how far the points can be from the best."""
    gap = max(point["gap"] for point in found["points"])
    cost_gap = max(point["cost_gap"] for point in found["points"])
    if not gap and not cost_gap:
        return say("frontier.optimal", found["language"])
    return say("frontier.gap", found["language"], gap=gap_percent(gap), cost_gap=gap_percent(cost_gap))


def _rules(found: Mapping[str, Any]) -> str:
    """Say what the points keep; a plan that the scenario gives binds none of them."""
    return say("frontier.rules_given" if found.get("given") else "frontier.rules", found["language"])


def _chart(found: Mapping[str, Any]) -> str:
    """Draw the points; where nobody is counted, coverage is 0."""
    language: Language = found["language"]
    dots = [
        Dot(point["cost_yuan"], point["people"], say("frontier.count", language, count=len(point["sites"])))
        for point in found["points"]
    ]
    texts = Texts(
        title=say("frontier.title", language, title=found["title"]),
        subtitle=say(
            "frontier.subtitle",
            language,
            standard=standard_name(found["standard"], language),
            date=found["data_date"],
        ),
        cost=say("frontier.cost_axis", language, years=found["parameters"]["horizon_years"]),
        coverage=say("frontier.coverage_axis", language),
        today=say("frontier.today_mark", language, share=percent(found["covered_today"], found["people"])),
        notes=(
            _proof(found),
            _rules(found),
            _counted(found),
            *provenance.source_notes(language, found["inputs"]),
        ),
    )
    return cost_chart(dots, found["covered_today"], max(1, found["people"]), texts)


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Say in sentences what each budget buys, and which sites come first, from frontier.json."""
    language: Language = found["language"]
    yield say("summary.title", language, title=found["title"], date=found["data_date"])
    yield _counted(found)
    standard = standard_name(found["standard"], language)
    today = percent(found["covered_today"], found["people"])
    values = {"covered": found["covered_today"], "people": found["people"]}
    yield say("frontier.today", language, standard=standard, share=today, **values)
    points = found["points"]
    if not points:
        yield say(f"frontier.{found['status']}", language)
        return
    yield say("frontier.range", language, years=found["parameters"]["horizon_years"])
    if points[0]["cost_yuan"]:
        yield say("frontier.floor", language, cost=money(points[0]["budget_yuan"], language))
    for point, following in zip(points, [*points[1:], None], strict=True):
        yield _point_line(found, point, following)
    yield _proof(found)
    yield _rules(found)
    yield ""
    yield say("frontier.order", language)
    for point in points:
        yield from _order_line(point, language)


def _point_line(found: Mapping[str, Any], point: Mapping[str, Any], following: Mapping[str, Any] | None) -> str:
    """Say what a budget buys, and what the next one buys more."""
    language: Language = found["language"]
    average = point["average_yuan_per_newly"]
    text = say(
        "frontier.point" if average is None else "frontier.point_average",
        language,
        cost=money(point["cost_yuan"], language),
        count=len(point["sites"]),
        share=percent(point["people"], found["people"]),
        newly=point["newly"],
        average=average,
    )
    if following is None or following["step_yuan_per_newly"] is None:
        return text
    values = {"more": following["step_newly"], "each": following["step_yuan_per_newly"]}
    return text + say("frontier.next", language, cost=money(following["step_yuan"], language), **values)


def _kind(site: Mapping[str, Any]) -> str:
    return " ".join(part for part in (site["type_name"], site["size"]) if part)


def _order_line(point: Mapping[str, Any], language: Language) -> Iterator[str]:
    """Name the sites that appear first at a point; those that a dearer plan drops again are marked."""
    fresh = [site for site in point["sites"] if site["first_point"] == point["point"]]
    if not fresh:
        return
    names = [
        say("frontier.stays" if site["stays"] else "frontier.replaced", language, name=site["name"], kind=_kind(site))
        for site in fresh[:NAMES_SHOWN]
    ]
    more = say("frontier.more", language, count=len(fresh) - NAMES_SHOWN) if len(fresh) > NAMES_SHOWN else ""
    yield say(
        "frontier.from",
        language,
        cost=money(point["cost_yuan"], language),
        names=listed(names, language) + more,
    )
