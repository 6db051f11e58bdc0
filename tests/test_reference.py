"""The reference of the scenario file: what its script makes of the models, with samples that load."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from make_reference import FILES, FOLDER, SAMPLE, header, reference, samples
from planner.bookkeys import pages
from planner.cli import app
from planner.scenario import load

if TYPE_CHECKING:
    from pathlib import Path

    from planner.terms import Language


@pytest.mark.parametrize("language", FILES)
def test_the_reference_is_what_the_models_say(language: Language) -> None:
    assert FILES[language].read_text(encoding="utf-8") == reference(language), "run docs/make_reference.py"


@pytest.mark.parametrize("language", FILES)
def test_every_section_and_key_has_a_row_with_a_meaning(language: Language) -> None:
    sections = re.split(r"^## ", FILES[language].read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    assert len(sections) == len(pages())
    for page, text in zip(pages(), sections, strict=True):
        rows = re.findall(r"^\| `([^`]+)`<br>(.+?) \| (.+?) \| (.+?) \| (.+?) \| (.+?) \|$", text, flags=re.MULTILINE)
        assert [row[0] for row in rows] == [key.name for key in page.keys]


def test_the_samples_are_one_scenario_without_a_fault() -> None:
    assert load(SAMPLE).faults == ()
    assert list(samples()) == [header(page) for page in pages()]


def blocks(name: str, kind: str) -> list[str]:
    """Blocks of one kind in a document."""
    return re.findall(rf"```{kind}\n(.*?)```", (FOLDER / name).read_text(encoding="utf-8"), flags=re.DOTALL)


def test_the_scenarios_of_the_tutorial_have_no_fault_and_its_commands_are_verbs(tmp_path: Path) -> None:
    english, chinese = "tutorial.md", "tutorial.zh-CN.md"
    for kind in ("toml", "sh"):
        assert blocks(english, kind) == blocks(chinese, kind)
    for name, text in zip(("scenario.toml", "child.toml"), blocks(chinese, "toml"), strict=True):
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert load(tmp_path / name).faults == ()
    verbs = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    called = [line.split()[:2] for block in blocks(chinese, "sh") for line in block.splitlines()]
    assert {program for program, _ in called} == {"planner"}
    assert {verb for _, verb in called} <= verbs
