"""Every sentence in both languages, and a sentence for every fault that the code can raise."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from planner.words import _NAMED, LANGUAGES, _named, sentences

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PLANNER = Path(__file__).parents[1] / "planner"


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def faults_of(sentence: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with a sentence."""
    if set(sentence) != set(LANGUAGES) or not all(sentence.values()):
        yield "a language without words"
    elif fields(sentence["zh"]) != fields(sentence["en"]):
        yield "not the same fields"
    elif re.search("[\u4e00-\u9fff]", re.sub("“[^”]*”|\\([^)]*\\)", "", sentence["en"])):
        yield "Chinese in English"


def test_both_languages_say_the_same() -> None:
    """One test of all sentences: as a test each, thousands of them took longer than all that they look at."""
    assert len(sentences()) > 3000
    assert {key: wrong for key, both in sentences().items() if (wrong := list(faults_of(both)))} == {}


RUNS_ON = re.compile(
    r"\{(?:name|type|place|scope|district|town|grade|group|part_of|whole_of)\}"
    r"\{(?:count|number|people|communities|part|whole|sites|met|money|yuan|share|rate)\b"
)
"""A name with a figure right behind it."""


def test_no_figure_runs_on_from_a_name() -> None:
    """Names may end in digits: 5 outlets of a type 就业驿站2.0 must not be read as 就业驿站2.05."""
    assert RUNS_ON.search("{type}{count}个"), "what it looks for"
    assert [key for key, both in sentences().items() if RUNS_ON.search(both["zh"] + "\n" + both["en"])] == []


@pytest.mark.parametrize(
    ("zh", "en"), [("一", ""), ("{a}", "{b}"), ("{a}", "a"), ("一", "一"), ("一", "一 (一)"), ("“一”", "“一” 一")]
)
def test_a_sentence_that_says_otherwise_is_found(zh: str, en: str) -> None:
    assert list(faults_of({"zh": zh, "en": en}))
    assert list(faults_of({"zh": zh}))
    assert not list(faults_of({"zh": "一“二”{a}", "en": "one “二” (三) {a}"}))


def called(names: set[str]) -> set[str]:
    """First arguments, where they are plain text, of all calls of some functions in the code."""
    found = set()
    for path in PLANNER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name in names and isinstance(node.args[0].value, str):
                    found.add(node.args[0].value)
    return found


def test_every_fault_has_its_words() -> None:
    codes = called({"Fault", "_fault", "fault", "Wrong"})
    assert len(codes) > 20
    missing = {code for code in codes for part in ("what", "cure") if f"fault.{code}.{part}" not in sentences()}
    assert missing == set()


def test_every_sentence_asked_for_exists() -> None:
    keys = {key for key in called({"say"}) if "." in key}
    assert len(keys) > 20
    assert keys <= set(sentences())


def test_every_step_has_its_words() -> None:
    steps = called({"report", "begin", "clock", "say"}) - {key for key in called({"say"}) if "." in key}
    assert len(steps) > 8
    assert {f"step.{step}" for step in steps if step} <= set(sentences())


def test_keys_of_a_scenario_are_told_by_their_labels_and_their_toml_names() -> None:
    """A planner with a workbook must not be sent to a spelling of TOML; `book.*` are the words of the workbook."""
    spelt = re.compile(r"\[\[?[a-z_]+(\.[a-z_]+)?\]|`[a-z_.]+ = |[a-z_]+ = (\"|\[|\{)|⟨|⟩")
    of_toml = {"fault.value_table.cure", "fault.graph_needs_networkx.cure"}
    of_toml |= {"fault.raster_extra.cure", "fault.book_path.cure"}
    found = {
        key for key, both in sentences().items() for text in both.values() if spelt.search(re.sub("{[^{}]*}", "", text))
    }
    # in a map of columns `name = "header"` is right in a cell and in TOML
    maps = {key for key in found if any("columns" in text for text in sentences()[key].values())}
    assert {key for key in found - maps if not key.startswith("book.")} == of_toml


def test_a_name_of_no_key_is_an_error() -> None:
    found = sentences()
    assert _NAMED.sub(lambda name: _named(name, "zh", found), "⟨unplaced=town⟩") == "“放在镇街驻地”（town）"
    assert _NAMED.sub(lambda name: _named(name, "en", found), "⟨areas⟩") == "section “Areas” (areas)"
    for unknown in ("⟨areas.nothing⟩", "⟨nothing⟩", "⟨unplaced=nothing⟩"):
        with pytest.raises(KeyError):
            _NAMED.sub(lambda name: _named(name, "zh", found), unknown)


def test_no_word_of_the_live_map_calls_a_plan_approved() -> None:
    """What a run found is a result of counting: who signs it, and whether, the program does not know."""
    told = {key: re.sub(r"{\w+}", "", "".join(both.values())) for key, both in sentences().items()}
    told = {key: text for key, text in told.items() if re.match(r"live(map|page)?\.", key)}
    assert len(told) > 250
    assert [key for key, text in told.items() if re.search(r"签批|批准|\b(?i:signed|approved)\b", text)] == []
