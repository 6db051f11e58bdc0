"""The result folder: whole or not at all, whatever kills the run."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import random
import time
from typing import TYPE_CHECKING

import pytest

from planner import pipeline, results
from planner.errors import BlockedError
from runs import run_scenario
from town import SCENARIO, write_town

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext
    from pathlib import Path

KILLS = 8
WRITING_S = 0.1


def fingerprint(folder: Path) -> str:
    """Hash of every file of a result but its timing."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.name != "timing.json"):
        digest.update(path.relative_to(folder).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_a_killed_run_leaves_the_last_good_result(tmp_path: Path) -> None:
    scenario, out = write_town(tmp_path / "in"), tmp_path / "out"
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["planner.pipeline"])
    run_to_end(context, scenario, out)  # compiles, and starts the server
    good = fingerprint(out / "town")
    started = time.monotonic()
    run_to_end(context, scenario, out)
    whole_s = time.monotonic() - started
    assert fingerprint(out / "town") == good
    moments = random.Random(7)  # noqa: S311  (moments, not secrets)
    states = set()
    for number in range(KILLS):
        # half of the moments anywhere in a run, half from its first written folder on: clocks alone miss that part of
        # a run whenever the machine's pace changes
        seconds = moments.random() * (whole_s if number % 2 else WRITING_S)
        states.add(kill_after(context, scenario, out, seconds, writing=number % 2 == 0))
        folder = out / "town" if (out / "town").exists() else out / ".town.previous"
        assert fingerprint(folder) == good
        pipeline._recover(scenario, out)  # as every verb begins
        assert fingerprint(out / "town") == good
        assert [p.name for p in out.iterdir() if not p.name.endswith(".lock")] == ["town"]
    assert "writing" in states, "no kill hit a run that was writing: the test shows nothing"


def run_to_end(context: ForkServerContext, scenario: Path, out: Path) -> None:
    process = context.Process(target=run_scenario, args=(scenario, out))
    process.start()
    process.join()
    assert process.exitcode == 0


def kill_after(context: ForkServerContext, scenario: Path, out: Path, seconds: float, *, writing: bool) -> str:
    """Kill a run so many seconds after its start, or, if `writing`, after it began to write."""
    folder = out / ".town.writing"
    process = context.Process(target=run_scenario, args=(scenario, out))
    process.start()
    while writing and process.is_alive() and not folder.exists():
        time.sleep(0.001)
    process.join(seconds)
    process.kill()
    process.join()
    return "writing" if folder.exists() else "elsewhere"


@pytest.mark.parametrize("crash_at", ["before the old one moved", "between the two renames", "before the old one went"])
def test_every_moment_of_the_exchange_recovers(tmp_path: Path, crash_at: str) -> None:
    out = tmp_path
    final, previous, writing = out / "town", out / ".town.previous", out / ".town.writing"
    for folder, text in ((final, "old"), (writing, "new")):
        folder.mkdir()
        (folder / "run.json").write_text(text)
    if crash_at != "before the old one moved":
        final.rename(previous)
    if crash_at == "before the old one went":
        writing.rename(final)
    results.recover(out, "town")
    expected = "new" if crash_at == "before the old one went" else "old"
    assert (final / "run.json").read_text() == expected
    assert sorted(p.name for p in out.iterdir() if p.name != ".town.lock") == ["town"]


SUFFIXES = ("", "-isochrones", "-frontier", "-candidates", "-check")


@pytest.mark.parametrize("fault", ["", "minuts = 5\n"])
def test_results_of_every_verb_come_back_whatever_is_run_next(tmp_path: Path, fault: str) -> None:
    path = write_town(tmp_path, SCENARIO.replace("minutes = 5\n", f"minutes = 5\n{fault}", 1))
    for suffix in SUFFIXES:
        (tmp_path / "out" / f".town{suffix}.previous").mkdir(parents=True)
        (tmp_path / "out" / f".town{suffix}.writing").mkdir()
    pipeline._recover(path, tmp_path / "out")
    names = {file.name for file in (tmp_path / "out").iterdir() if not file.name.endswith(".lock")}
    assert names == {f"town{suffix}" for suffix in SUFFIXES}


def test_an_error_while_writing_keeps_the_old_result(tmp_path: Path) -> None:
    with results.result_folder(tmp_path, "town") as folder:
        (folder / "run.json").write_text("old")

    def write_half() -> None:
        with results.result_folder(tmp_path, "town") as folder:
            (folder / "run.json").write_text("half")
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        write_half()
    assert (tmp_path / "town" / "run.json").read_text() == "old"
    assert not (tmp_path / ".town.writing").exists()


def test_a_full_disk_is_told_and_keeps_the_old_result(tmp_path: Path) -> None:
    with results.result_folder(tmp_path, "town") as folder:
        (folder / "run.json").write_text("old")

    def fill_disk() -> None:
        with results.result_folder(tmp_path, "town"):
            raise OSError(28, "No space left on device")

    with pytest.raises(BlockedError) as caught:
        fill_disk()
    assert [fault.code for fault in caught.value.faults] == ["disk_full"]
    assert (tmp_path / "town" / "run.json").read_text() == "old"


def test_a_result_held_open_is_kept_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with results.result_folder(tmp_path, "town") as folder:
        (folder / "run.json").write_text("old")
    monkeypatch.setattr(results, "RETRY_SECONDS", 0.0)
    rename = type(tmp_path).rename

    def held(self: Path, target: Path) -> Path:
        if self.name == "town":
            raise PermissionError("open elsewhere")
        return rename(self, target)

    monkeypatch.setattr(type(tmp_path), "rename", held)

    def write_new() -> None:
        with results.result_folder(tmp_path, "town") as folder:
            (folder / "run.json").write_text("new")

    with pytest.raises(BlockedError) as caught:
        write_new()
    assert [fault.code for fault in caught.value.faults] == ["result_open"]
    assert (tmp_path / "town" / "run.json").read_text() == "old"
    assert (tmp_path / "town.new" / "run.json").read_text() == "new"


def test_two_runs_do_not_write_one_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "RETRY_SECONDS", 0.1)

    def write_twice() -> None:
        with results.result_folder(tmp_path, "town"), results.result_folder(tmp_path, "town"):
            pass

    with pytest.raises(BlockedError) as caught:
        write_twice()
    assert caught.value.faults[0].code == "result_busy"


def test_a_document_that_was_filled_in_by_hand_is_not_replaced(tmp_path: Path) -> None:
    scenario, out = write_town(tmp_path / "in"), tmp_path / "out"
    pipeline.run(scenario, out)
    pipeline.run(scenario, out)  # as written: nothing is lost
    proposal = out / "town" / "proposal.docx"
    proposal.write_bytes(proposal.read_bytes() + b"\0")
    for documents in (True, False):
        with pytest.raises(BlockedError) as blocked:
            pipeline.run(scenario, out, documents=documents)
        assert [(fault.code, fault.values["files"]) for fault in blocked.value.faults] == [
            ("document_edited", "proposal.docx")
        ]
    assert proposal.read_bytes().endswith(b"\0")
    proposal.rename(tmp_path / "filled in.docx")
    pipeline.run(scenario, out, documents=False)
