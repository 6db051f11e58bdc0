"""What an audit reads beside the inputs of a run: the bureau's own columns, last year, officers, forms to fill in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from planner import bureau, duties, forms
from planner.errors import TableError, attempt
from planner.lastyear import read_last_year
from planner.sourcelist import shown_path
from planner.sources import TableSource

if TYPE_CHECKING:
    from collections.abc import Callable

    from planner.auditschema import FormSection
    from planner.bureau import Bureau
    from planner.duties import Officers
    from planner.errors import Fault
    from planner.formcells import Form
    from planner.formmap import CellMap
    from planner.inputs import Inputs
    from planner.lastyear import LastYear

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class AuditInputs:
    """What the section ``[audit]`` of a scenario names, read and checked.

    Attributes
    ----------
    bureau
        The bureau's own columns.
    last
        Last year; None where nothing of it is named.
    officers
        Who shares out the outlets; None without a table of them.
    forms
        The forms to fill in, with their cells, and the doubts of their cell maps.
    """

    bureau: Bureau
    last: LastYear | None
    officers: Officers | None
    forms: tuple[tuple[Form, CellMap], ...]

    @property
    def doubts(self) -> tuple[Fault, ...]:
        """What is to be looked at in all of them."""
        found = [*self.bureau.doubts, *(self.last.doubts if self.last else ())]
        found += self.officers.doubts if self.officers else ()
        return (*found, *(doubt for _, cells in self.forms for doubt in cells.doubts))


def read(inputs: Inputs, report: Callable[[str], None]) -> AuditInputs:
    """Read what an audit asks for beside the checked inputs.

    Parameters
    ----------
    inputs
        The checked inputs.
    report
        Called with the name of each step as it begins.

    Raises
    ------
    TableError
        With every fault of all of it.
    """
    faults: list[Fault] = []

    def tried(step: Callable[[], T]) -> T | None:
        done, wrong = attempt(step)
        faults.extend(wrong)
        return done

    audit = inputs.scenario.audit

    def source(file: str, sheet: str | None = None) -> TableSource:
        return TableSource(Path(file), shown_path(file, inputs.loaded.folder), sheet=sheet)

    def form_of(section: FormSection) -> tuple[Form, CellMap]:
        return forms.open_mapped(source(section.file, section.sheet), source(section.cells))

    reported = tried(lambda: bureau.read(inputs))
    last = tried(lambda: read_last_year(inputs, report))
    section = audit.officers
    officers = None
    if section is not None:
        shown = shown_path(section.file, inputs.loaded.folder)
        officers = tried(lambda: duties.read_officers(duties.officers_source(section, shown)))
    found = [tried(partial(form_of, section)) for section in audit.form]
    if faults or reported is None:
        raise TableError(*faults)
    return AuditInputs(reported, last, officers, tuple(form for form in found if form is not None))
