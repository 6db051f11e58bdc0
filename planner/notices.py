"""Notices of who is responsible, one for the wall of each outlet (clause H8).

「专员信息、服务内容、服务制度在辖区服务网点公示“上墙”」. One page of HTML that needs nothing else, for printing on
A4: a first sheet for the bureau, then one for every outlet. It holds no script, and every text of a table is escaped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from planner.duties import rows_of
from planner.words import say

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from planner.duties import Duties
    from planner.terms import Language

_SEPARATORS = re.compile(r"[;；、\n]+")
_MANY, _MORE = 8, 30
"""Services from which on they stand in two columns, or in three, so that a notice keeps to its page."""

_BLANK = '<span class="blank"></span>'
_STYLE = """
@page { size: A4 portrait; margin: 18mm 20mm; }
* { box-sizing: border-box; }
body { margin: 0; color: #000; background: #fff; font: 14pt/1.45 FangSong, "仿宋", STFangsong, SimSun, serif; }
section { max-width: 170mm; margin: 0 auto; padding: 2mm 0; break-after: page; page-break-after: always; }
section:last-of-type { break-after: auto; page-break-after: auto; }
h1 { font: bold 28pt/1.4 SimHei, "Noto Sans CJK SC", sans-serif; text-align: center; margin: 0 0 2mm; }
h2 { font: bold 16pt/1.4 SimHei, "Noto Sans CJK SC", sans-serif; margin: 3.5mm 0 .5mm; border-bottom: .3mm solid #000; }
p, ul, dl { margin: .5mm 0; overflow-wrap: anywhere; }
ul { padding-left: 1.4em; } ul.many { columns: 2; font-size: 12pt; } ul.more { columns: 3; font-size: 10.5pt; }
dl { display: grid; grid-template-columns: 6em 1fr; } dd { margin: 0; } dt::after { content: "："; }
.outlet { text-align: center; font-size: 18pt; } .foot { margin-top: 5mm; font-size: 11pt; color: #333; }
.blank { display: inline-block; min-width: 60mm; height: 1em; border-bottom: .2mm solid #000; }
table { width: 100%; border-collapse: collapse; font-size: 10.5pt; }
th, td { border: .2mm solid #000; padding: .5mm 1.5mm; text-align: left; overflow-wrap: anywhere; }
""".strip()


@dataclass(frozen=True)
class Head:
    """What stands on every notice.

    Attributes
    ----------
    date
        Data date.
    maker
        Who made it, empty where not given.
    basis
        What it rests on, as sentences with their own 依据 or 注意: each document and its state.
    """

    date: dt.date
    maker: str = ""
    basis: Sequence[str] = ()


def notices(duties: Duties, outlets: pd.DataFrame, head: Head, language: Language) -> str:
    """Return all notices as one page of HTML.

    Parameters
    ----------
    duties
        Who is responsible for which outlet; each outlet gets a notice, in this order.
    outlets
        Column site_id, and as far as the bureau gives them services, rules (服务制度) and hours, as it wrote them.
    head
        What stands on each.
    language
        Of the words.
    """
    known = {row["site_id"]: row for row in rows_of(outlets)}
    rows = [row for row in rows_of(duties.table) if row["site_id"]]
    sheets = [_overview(rows, head, language), *(_sheet(row, known[row["site_id"]], head, language) for row in rows)]
    body = "\n".join(f"<section>\n{sheet}\n</section>" for sheet in sheets)
    title = escape(say("notice.title", language))
    return (
        f'<!DOCTYPE html>\n<html lang="{"zh-CN" if language == "zh" else "en"}">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{title}</title>\n<style>\n{_STYLE}\n</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def write_notices(duties: Duties, outlets: pd.DataFrame, head: Head, path: Path, language: Language) -> None:
    """Write all notices; see `notices`. Same content, same bytes."""
    path.write_text(notices(duties, outlets, head, language), encoding="utf-8", newline="\n")


def _overview(rows: Sequence[Mapping[str, Any]], head: Head, language: Language) -> str:
    """Write the first sheet: how it was shared out, and who has what."""
    names = ("district", "town", "officer", "site_id", "outlet", "people", "firms")
    bare = sum(row["officer"] == "" for row in rows)
    told = [say("notice.count", language, outlets=len(rows))]
    told += [say("notice.bare", language, bare=bare)] if bare else []
    cells = [[_text(row[name]) for name in names] for row in rows]
    lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in line)}</tr>\n" for line in cells)
    titles = "".join(f"<th>{escape(say(f'duties.{name}', language))}</th>" for name in names)
    return "\n".join(
        [
            f"<h1>{escape(say('notice.all', language))}</h1>",
            *(f"<p>{escape(line)}</p>" for line in told),
            f"<p>{escape(say('duties.rule', language))}</p>",
            f"<table>\n<thead><tr>{titles}</tr></thead>\n<tbody>\n{lines}</tbody>\n</table>",
            _foot(head, language, basis=True),
        ]
    )


def _sheet(row: Mapping[str, Any], outlet: Mapping[str, Any], head: Head, language: Language) -> str:
    """Write the notice of one outlet."""
    place = " ".join(filter(None, (row["district"], row["town"], row["outlet"])))
    return "\n".join(
        [
            f"<h1>{escape(say('notice.title', language))}</h1>",
            f'<p class="outlet">{escape(place)}</p>',
            *_part("officer", language, _officer(row, language)),
            *_part("services", language, _list(_given(outlet, "services"))),
            *_part("rules", language, _rules(_given(outlet, "rules"), language)),
            *_part("visits", language, _visits(row, language)),
            *_part("people", language, _people(row, head, language)),
            *_part("hours", language, f"<p>{escape(_given(outlet, 'hours')) or _BLANK}</p>"),
            _foot(head, language, basis=False),
        ]
    )


def _part(name: str, language: Language, content: str) -> Iterator[str]:
    yield f"<h2>{escape(say(f'notice.{name}', language))}</h2>"
    yield content


def _given(outlet: Mapping[str, Any], name: str) -> str:
    """Return what the bureau wrote, empty where it wrote nothing."""
    value = outlet.get(name, "")
    return "" if pd.isna(value) else str(value)


def _text(value: Any) -> str:
    """Return a cell as text that is safe in HTML; empty for none."""
    return "" if pd.isna(value) else escape(str(value))


def _officer(row: Mapping[str, Any], language: Language) -> str:
    named = {"name": row["officer"], "number": row["number"], "phone": row["phone"]}
    given = {name: text for name, text in named.items() if text or name != "number"}
    lines = (
        f"<dt>{escape(say(f'notice.{name}', language))}</dt><dd>{_text(text) or _BLANK}</dd>"
        for name, text in given.items()
    )
    return f"<dl>{''.join(lines)}</dl>"


def _list(text: str) -> str:
    """Return a list of what stands between separators; a line to write on for nothing."""
    items = [item.strip() for item in _SEPARATORS.split(text) if item.strip()]
    if not items:
        return f"<p>{_BLANK}</p>"
    many = ' class="more"' if len(items) >= _MORE else ' class="many"' if len(items) >= _MANY else ""
    return f"<ul{many}>{''.join(f'<li>{escape(item)}</li>' for item in items)}</ul>"


def _rules(own: str, language: Language) -> str:
    """Return what the clause asks of every officer, and the bureau's own rules where it gives them."""
    duty = f"<p>{escape(say('notice.duty', language))}</p>"
    return duty + (f"<p>{escape(own)}</p>" if own else "")


def _visits(row: Mapping[str, Any], language: Language) -> str:
    if pd.isna(row["firms"]):
        return f"<p>{_BLANK}</p>"
    firms, visits = int(row["firms"]), int(row["visits_monthly"])
    told = say("notice.visits_made", language, firms=firms, visits=visits) if firms else ""
    return f"<p>{escape(told or say('notice.visits_none', language))}</p>"


def _people(row: Mapping[str, Any], head: Head, language: Language) -> str:
    told = say("notice.people_near", language, people=f"{int(row['people']):,}", date=head.date.isoformat())
    return f"<p>{escape(told)}</p>"


def _foot(head: Head, language: Language, *, basis: bool) -> str:
    """Write who made it and of which day; on the bureau's own sheet also what it rests on."""
    rests = list(head.basis) if basis else []
    ends = [f"{say('notice.maker', language)}：{head.maker}"] if head.maker else []
    ends.append(f"{say('notice.date', language)}：{head.date.isoformat()}")
    return f'<p class="foot">{"<br>".join(map(escape, [*rests, *ends]))}</p>'
