"""The command line: arguments, progress and exit codes; no logic of its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

from planner.errors import BlockedError, PlanError, PlannerError
from planner.pathfaults import path_fault
from planner.terms import Mode  # noqa: TC001  typer reads it when it runs
from planner.words import listed, say, tell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from planner.outlines import Method
    from planner.terms import Language

BLOCKED, WRONG_INPUT, STOPPED = 1, 2, 130
STEPS = 16
"""Steps of a usual run, for the length of the progress bar."""

T = TypeVar("T")

_chosen = os.environ.get("PLANNER_LANGUAGE", "zh")
HELP_LANGUAGE: Language = "en" if _chosen == "en" else "zh"

app = typer.Typer(
    help=say("cli.help", HELP_LANGUAGE), no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)

scenario_app = typer.Typer(help=say("cli.scenario_group", HELP_LANGUAGE), no_args_is_help=True)
app.add_typer(scenario_app, name="scenario")
policy_app = typer.Typer(help=say("cli.policy.group", HELP_LANGUAGE), no_args_is_help=True)
app.add_typer(policy_app, name="policy")

ScenarioFile = Annotated[Path, typer.Argument(help=say("cli.scenario", HELP_LANGUAGE))]
OutFolder = Annotated[Path, typer.Option("--out", help=say("cli.out", HELP_LANGUAGE))]
AsJson = Annotated[bool, typer.Option("--json", help=say("cli.json", HELP_LANGUAGE))]


def _language_of(path: Path) -> Language:
    """Language of a scenario file, found even where the file is wrong otherwise."""
    from planner.glance import language_at

    return language_at(path) or HELP_LANGUAGE


def _fail(error: PlannerError, language: Language) -> NoReturn:
    """Tell every fault with its place and cure, and leave with the exit code of its kind."""
    typer.echo(say("cli.faults", language, count=sum(len(fault.rest) or 1 for fault in error.faults)), err=True)
    for number, fault in enumerate(error.faults, start=1):
        place, what, cure = tell(fault, language)
        typer.echo(f"{number}. {place}" if place else f"{number}.", err=True)
        typer.echo(f"   {what}", err=True)
        typer.echo(f"   → {cure}", err=True)
    blocked = isinstance(error, (BlockedError, PlanError))
    if not blocked:
        typer.echo(say("cli.nothing_written", language), err=True)
    raise typer.Exit(BLOCKED if blocked else WRONG_INPUT)


def _step_in_words(step: str, language: Language) -> str:
    """Say a step; what follows a space tells how far it is, such as 3/12."""
    name, _, part = step.partition(" ")
    return f"{say(f'step.{name}', language)} {part}".rstrip()


def _with_progress(language: Language, work: Callable[[Callable[[str], None]], T]) -> T:
    """Run `work` with a progress bar on a terminal, and plain lines elsewhere."""
    if not sys.stderr.isatty():
        return work(lambda step: typer.echo(_step_in_words(step, language), err=True))
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=STEPS)

        def show(step: str) -> None:
            progress.update(task, description=_step_in_words(step, language), advance=" " not in step)

        return work(show)


def _guarded(path: Path, work: Callable[[Callable[[str], None]], T]) -> T:
    language = _language_of(path)
    try:
        done = _with_progress(language, work)
    except PlannerError as error:
        _fail(error, language)
    except OSError as error:
        _fail(BlockedError(path_fault(path, error)), language)
    except KeyboardInterrupt:
        typer.echo(say("cli.stopped", language), err=True)
        raise typer.Exit(STOPPED) from None
    if "planner._compiled" in sys.modules:
        _tell_where_kernels_are(language)
    return done


def _tell_where_kernels_are(language: Language) -> None:
    """Say so where compiled kernels are not kept beside the code, for the next run may have to wait for them."""
    from planner._compiled import cache_note

    note, folder = cache_note()
    if note:
        typer.echo(say(f"cli.{note}", language, folder=folder), err=True)


@app.command(help=say("cli.new", HELP_LANGUAGE))
def new(
    folder: Annotated[Path, typer.Argument(help=say("cli.folder", HELP_LANGUAGE))],
    *,
    sample: Annotated[bool, typer.Option("--sample", help=say("cli.sample", HELP_LANGUAGE))] = False,
    excel: Annotated[bool, typer.Option("--excel", help=say("cli.excel", HELP_LANGUAGE))] = False,
) -> None:
    """Write a commented scenario, as text or workbook, and table templates, or the embedded sample."""
    from planner.templates import write_new

    try:
        scenario = write_new(folder, sample=sample, excel=HELP_LANGUAGE if excel else None)
    except PlannerError as error:
        _fail(error, HELP_LANGUAGE)
    typer.echo(say("cli.new_done", HELP_LANGUAGE, folder=folder, scenario=scenario))


@app.command(help=say("cli.check", HELP_LANGUAGE))
def check(scenario: ScenarioFile, *, out: OutFolder = Path("maps"), as_json: AsJson = False) -> None:
    """Read everything a scenario names and tell all faults and doubts."""
    from planner import checklines, pipeline

    found = _guarded(scenario, lambda show: pipeline.check(scenario, out, show=show))
    wrong = bool(found["faults"])
    _print(found, checklines.lines, as_json=as_json, err=wrong)
    raise typer.Exit(WRONG_INPUT if wrong else BLOCKED if found["blocked"] else 0)


@app.command(help=say("cli.run", HELP_LANGUAGE))
def run(
    scenario: ScenarioFile,
    *,
    out: OutFolder = Path("maps"),
    as_json: AsJson = False,
    inputs: Annotated[bool, typer.Option("--inputs/--no-inputs", help=say("cli.inputs", HELP_LANGUAGE))] = True,
    documents: Annotated[
        bool, typer.Option("--documents/--no-documents", help=say("cli.documents", HELP_LANGUAGE))
    ] = True,
    live: Annotated[bool, typer.Option("--live/--no-live", help=say("cli.live", HELP_LANGUAGE))] = True,
) -> None:
    """Measure, plan and write one scenario."""
    from planner import pipeline, summary

    outcome = _guarded(
        scenario,
        lambda show: pipeline.run(scenario, out, keep_inputs=inputs, documents=documents, live=live, show=show),
    )
    _print(outcome.record, summary.run_lines, as_json=as_json)
    if not as_json:
        language = outcome.record["language"]
        if not inputs:
            typer.echo(say("cli.no_inputs", language))
        typer.echo(say("cli.written", language, folder=outcome.folder, map=outcome.folder / "map.html"))
        papers = [name for name in ("map.pdf", "proposal.docx", "site_pages.docx") if (outcome.folder / name).exists()]
        if papers:
            typer.echo(say("cli.papers", language, files=listed(papers, language)))
    raise typer.Exit(outcome.exit_code)


@app.command(help=say("cli.audit", HELP_LANGUAGE))
def audit(
    scenario: ScenarioFile,
    *,
    out: OutFolder = Path("maps"),
    as_json: AsJson = False,
    inputs: Annotated[bool, typer.Option("--inputs/--no-inputs", help=say("cli.inputs", HELP_LANGUAGE))] = True,
) -> None:
    """Judge every community and write the ledger."""
    from planner import auditlines, pipeline

    outcome = _guarded(scenario, lambda show: pipeline.audit(scenario, out, keep_inputs=inputs, show=show))
    _print(outcome.record, auditlines.lines, as_json=as_json)
    if not as_json:
        folder = outcome.folder
        typer.echo(say("audit.written", outcome.record["language"], folder=folder, ledger=folder / "ledger.xlsx"))


@app.command(help=say("cli.fetch.verb", HELP_LANGUAGE))
def fetch(
    scenario: ScenarioFile,
    *,
    from_file: Annotated[Path | None, typer.Option("--from", help=say("cli.fetch.from", HELP_LANGUAGE))] = None,
    boundary: Annotated[Path | None, typer.Option(help=say("cli.fetch.boundary", HELP_LANGUAGE))] = None,
    coordinates: Annotated[str | None, typer.Option(help=say("cli.fetch.coordinates", HELP_LANGUAGE))] = None,
    again: Annotated[bool, typer.Option("--again", help=say("cli.fetch.again", HELP_LANGUAGE))] = False,
    complete: Annotated[bool, typer.Option("--complete", help=say("cli.fetch.complete", HELP_LANGUAGE))] = False,
    overpass: Annotated[str | None, typer.Option(help=say("cli.fetch.overpass", HELP_LANGUAGE))] = None,
    nominatim: Annotated[str | None, typer.Option(help=say("cli.fetch.nominatim", HELP_LANGUAGE))] = None,
    as_json: AsJson = False,
) -> None:
    """Get the roads and the boundary of a place."""
    from planner import fetch as fetching
    from planner import pipeline

    def work(show: Callable[[str], None]) -> Mapping[str, Any]:
        servers = {"overpass_url": overpass, "nominatim_url": nominatim}
        wish = fetching.wish_of(from_file, boundary, coordinates, again=again, complete=complete, **servers)
        return pipeline.fetch(scenario, wish, show=show)

    found = _guarded(scenario, work)
    _print(found, fetching.lines, as_json=as_json)
    if not as_json:
        typer.echo(say("fetch.written", found["language"], folder=found["folder"]))


@app.command(help=say("cli.isochrones.verb", HELP_LANGUAGE))
def isochrones(
    scenario: ScenarioFile,
    *,
    minutes: Annotated[str | None, typer.Option(help=say("cli.isochrones.minutes", HELP_LANGUAGE))] = None,
    km: Annotated[str | None, typer.Option(help=say("cli.isochrones.km", HELP_LANGUAGE))] = None,
    mode: Annotated[Mode, typer.Option(help=say("cli.isochrones.mode", HELP_LANGUAGE))] = "walk",
    exact: Annotated[bool, typer.Option("--exact", help=say("cli.isochrones.exact", HELP_LANGUAGE))] = False,
    from_site: Annotated[
        bool, typer.Option("--from-site", help=say("cli.isochrones.from_site", HELP_LANGUAGE))
    ] = False,
    candidates: Annotated[
        bool, typer.Option("--candidates", help=say("cli.isochrones.candidates", HELP_LANGUAGE))
    ] = False,
    out: OutFolder = Path("maps"),
    as_json: AsJson = False,
) -> None:
    """Draw service areas."""
    from planner import areaoutputs, areastudy, pipeline

    method: Method = "exact" if exact else "fast"
    wish = areastudy.Wish(mode=mode, method=method, towards_site=not from_site, candidates=candidates)

    def work(show: Callable[[str], None]) -> pipeline.Outcome:
        return pipeline.isochrones(scenario, out, areastudy.with_cutoffs(wish, minutes, km), show=show)

    outcome = _guarded(scenario, work)
    _print(outcome.record, areaoutputs.lines, as_json=as_json)
    if not as_json:
        folder = outcome.folder
        typer.echo(say("isochrones.written", outcome.record["language"], folder=folder, map=folder / "map.html"))


@app.command(help=say("cli.candidates.verb", HELP_LANGUAGE))
def candidates(scenario: ScenarioFile, *, out: OutFolder = Path("maps"), as_json: AsJson = False) -> None:
    """Find candidate sites."""
    from planner import candidateoutputs, pipeline

    outcome = _guarded(scenario, lambda show: pipeline.candidates(scenario, out, show=show))
    _print(outcome.record, candidateoutputs.lines, as_json=as_json)
    if not as_json:
        for line in candidateoutputs.last_lines(outcome.record, scenario, outcome.folder):
            typer.echo(line)


@app.command(help=say("cli.frontier.verb", HELP_LANGUAGE))
def frontier(
    scenario: ScenarioFile,
    *,
    steps: Annotated[int, typer.Option(min=2, max=50, help=say("cli.frontier.steps", HELP_LANGUAGE))] = 9,
    standard: Annotated[str | None, typer.Option(help=say("cli.frontier.standard", HELP_LANGUAGE))] = None,
    out: OutFolder = Path("maps"),
    as_json: AsJson = False,
) -> None:
    """Set cost against coverage."""
    from planner import frontieroutputs, pipeline

    def work(show: Callable[[str], None]) -> pipeline.Outcome:
        return pipeline.frontier(scenario, out, standard=standard, steps=steps, show=show)

    outcome = _guarded(scenario, work)
    _print(outcome.record, frontieroutputs.lines, as_json=as_json)
    if not as_json:
        folder = outcome.folder
        values = {"folder": folder, "picture": folder / "frontier.svg"}
        typer.echo(say("frontier.written", outcome.record["language"], **values))
    raise typer.Exit(outcome.exit_code)


@app.command(help=say("cli.compare", HELP_LANGUAGE))
def compare(
    scenarios: Annotated[list[Path], typer.Argument(help=say("cli.scenarios", HELP_LANGUAGE))],
    *,
    out: OutFolder = Path("maps"),
    as_json: AsJson = False,
) -> None:
    """Set results side by side."""
    from planner import finished, summary

    found = _guarded(scenarios[0], lambda _show: finished.compare(scenarios, out))
    if as_json:
        typer.echo(found.to_json())
        return
    language = _language_of(scenarios[0])
    for result in found.results:
        if result.stale:
            typer.echo(say("cli.compare_stale", language, scenario=result.path))
    for line in summary.compare_lines(found, language):
        typer.echo(line)
    folder = out / "compare"
    typer.echo(say("cli.compared", language, page=folder / "compare.html", file=folder / "compare.xlsx"))


@app.command(help=say("cli.verify.verb", HELP_LANGUAGE))
def verify(
    result: Annotated[Path, typer.Argument(help=say("cli.verify.result", HELP_LANGUAGE))],
    *,
    witness: Annotated[str | None, typer.Option(help=say("cli.verify.witness", HELP_LANGUAGE))] = None,
    as_json: AsJson = False,
) -> None:
    """Recompute a result by a second path and compare every figure."""
    from planner import verify as verifying

    found = _guarded(result / "scenario.toml", lambda show: verifying.verify(result, show, witness=witness))
    _print(found, verifying.lines, as_json=as_json)
    raise typer.Exit(0 if found["same"] else WRONG_INPUT)


@scenario_app.command(help=say("cli.convert", HELP_LANGUAGE))
def convert(
    source: Annotated[Path, typer.Argument(help=say("cli.convert_from", HELP_LANGUAGE))],
    target: Annotated[Path, typer.Argument(help=say("cli.convert_to", HELP_LANGUAGE))],
) -> None:
    """Turn a scenario into a workbook, or back."""
    from planner import conversion

    language = _language_of(source)
    try:
        conversion.convert(source, target, language)
    except PlannerError as error:
        _fail(error, language)
    typer.echo(say("cli.converted", language, file=target, source=source))


@policy_app.command("list", help=say("cli.policy.list", HELP_LANGUAGE))
def list_policies(*, as_json: AsJson = False) -> None:
    """List the policy packs."""
    from planner import policyview

    _print(policyview.list_packs(HELP_LANGUAGE), policyview.list_lines, as_json=as_json)


@policy_app.command("show", help=say("cli.policy.show", HELP_LANGUAGE))
def show_policy(
    name: Annotated[str, typer.Argument(help=say("cli.policy.name", HELP_LANGUAGE))], *, as_json: AsJson = False
) -> None:
    """Show what a policy pack asks for."""
    from planner import policyview

    try:
        found = policyview.show_pack(name, HELP_LANGUAGE)
    except PlannerError as error:
        _fail(error, HELP_LANGUAGE)
    _print(found, policyview.show_lines, as_json=as_json)


def _print(
    found: Mapping[str, Any],
    lines: Callable[[Mapping[str, Any]], Iterator[str]],
    *,
    as_json: bool,
    err: bool = False,
) -> None:
    import json

    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for line in lines(found):
        typer.echo(line, err=err)


def main() -> None:
    """Run the command line; a console that lacks Chinese letters must not crash it."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        app()
    except KeyboardInterrupt:
        typer.echo(say("cli.stopped", HELP_LANGUAGE), err=True)
        sys.exit(STOPPED)
