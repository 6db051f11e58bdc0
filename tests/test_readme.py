"""README and its promises: the two commands, and nothing that only this machine has."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from planner.auditschema import AuditSection

ROOT = Path(__file__).parents[1]


def commands(name: str) -> list[str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return re.findall(r"```sh\n(python3 -m venv[^\n]*)\n```", text)


def test_readme_gives_two_commands_and_ci_runs_the_second() -> None:
    run, test = commands("README.md")
    assert "planner run scenarios/sample-2026.toml" in run
    assert test in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def test_both_readmes_give_the_same_commands() -> None:
    assert commands("README.md") == commands("README.zh-CN.md")


def test_the_keys_of_an_audit_are_all_named_and_taken() -> None:
    text = (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```toml\n(\[audit\]\n.*?)```", text, flags=re.DOTALL)
    audit = AuditSection.model_validate(tomllib.loads(block)["audit"])
    assert audit.model_fields_set == set(AuditSection.model_fields)


def test_files_that_readme_names_exist() -> None:
    for name in ("README.md", "README.zh-CN.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        for link in re.findall(r"\]\(([^)#]+)\)", text):
            assert link.startswith("http") or (ROOT / link).exists(), link
