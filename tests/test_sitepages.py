"""One page a planned site: every figure from run.json, blanks left blank, one sheet of A4 each."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from planner.blocks import Form, Heading, Picture
from planner.siteforms import facts, runner_up, verdict
from planner.sitepages import site_pages
from planner.wordfile import write_docx
from planner.words import say
from planner.wordstyles import TEXT_MM, form_mm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from planner.blocks import Document
    from planner.terms import Language

ROW: dict[str, Any] = {
    "site_id": "C11",
    "name": "129号片区社区便民服务中心",
    "type": "gig_station",
    "type_name": "零工驿站",
    "year": 2026,
    "size": None,
    "cost_once_yuan": 172_000,
    "cost_yearly_yuan": 46_800,
    "estimated": True,
    "estimated_once": True,
    "estimated_yearly": False,
    "funding": "地方财政",
    "at_existing": False,
    "people": 23_769,
    "newly_covered": 19_739,
    "only_people": 6_945,
    "lost_people": 7_012,
    "goals_missed": [],
    "rules_broken": [],
    "runner_up_site_id": "C60",
    "runner_up_name": "128号片区党群服务中心",
    "runner_up_type": "gig_station",
    "runner_up_type_name": "零工驿站",
    "runner_up_size": "",
    "runner_up_cost_once_yuan": 63_000,
    "runner_up_cost_yearly_yuan": 60_000,
    "runner_up_keeps_goals": True,
    "runner_up_more_yuan": 185_500,
    "runner_up_more_objective": 185_500,
    "runner_up_lost_people": 1_656,
    "in_time": True,
    "number": 1,
    "district": "拉塞雷纳区",
    "town": "圣华金街道",
    "unit_id": "041001003129",
    "host": "社区便民服务中心",
    "owner": "市人社局",
    "build_method": "扩建",
    "hours": "05:00-18:00",
    "services": "求职登记;岗位推荐",
    "area_m2": 120.5,
    "why": [
        "不建此处，以下目标达不到：城区步行15分钟按人口覆盖、乡村路网5公里按人口覆盖、全域路网3公里按人口覆盖。",
        "不建此处，不符合以下要求：零工驿站（中部滨海区）。",
    ],
}

LONG = ROW | {
    "site_id": "C99",
    "name": "高新技术产业开发区第二街道社区综合便民服务中心（零工市场）",
    "services": "求职登记、岗位推荐、政策咨询、技能培训报名、劳动维权、社保查询、创业指导、失业登记",
    "host": "高新技术产业开发区第二街道办事处社区服务中心",
    "runner_up_name": "高新技术产业开发区第一街道社区党群服务中心（临时）",
    "area_m2": None,
}


def run_of(
    *rows: dict[str, Any], language: Language = "zh", best_effort: bool = False, limited: bool = False
) -> dict[str, Any]:
    return {
        "title": "示例市零工驿站与就业e站布局方案（2026年）",
        "data_date": "2026-06-30",
        "language": language,
        "attribution": "© OpenStreetMap contributors",
        "parameters": {"horizon_years": 5},
        "plan": {"best_effort": best_effort, "opened": list(rows)},
        "standards": [{"served_today": 40 if limited else None}],
        "goals": [{"target": 0.5}],
    }


def picture(name: str = "129号片区社区便民服务中心") -> Picture:
    content = io.BytesIO()
    Image.new("RGB", (155, 85), "white").save(content, "png")
    return Picture(content.getvalue(), f"{name}：服务范围与周边", 15.5, 8.5, "地图")


def told(document: Document) -> Iterator[str]:
    """Every text that is printed."""
    yield from (document.title, document.footer)
    for block in document.blocks:
        match block:
            case Heading():
                yield block.text
            case Form():
                for name, text in (*block.pairs, *block.lines):
                    yield from (name, text)
            case Picture():
                yield block.caption


def values(form: Form) -> dict[str, str]:
    return dict((*form.pairs, *form.lines))


# ---- what it says ----


def test_the_table_says_what_the_record_says() -> None:
    assert values(facts(ROW, "zh")) == {
        "区市、镇街": "拉塞雷纳区 圣华金街道",
        "建设年度": "2026",
        "依托单位": "社区便民服务中心",
        "场所产权": "市人社局",
        "建设方式": "扩建",
        "面积": "120.5平方米",
        "开放时间": "05:00-18:00",
        "资金渠道": "地方财政",
        "一次性投入": "17.2万元（估算）",
        "年运行费用": "4.68万元",
        "可达人口": "23769人",
        "其中新增覆盖": "19739人",
        "独有覆盖人口": "6945人",
        "图上序号": "1（C11）",
        "服务事项": "求职登记;岗位推荐",
        "人口口径": say("sitepages.counted", "zh"),
    }
    english = values(facts(ROW, "en"))
    assert (english["Cost once"], english["Within reach"]) == ("172,000 yuan (estimated)", "23,769")
    assert (english["Area"], english["District, town"]) == ("120.5 m²", "拉塞雷纳区, 圣华金街道")


def test_what_the_bureau_has_not_given_stays_blank() -> None:
    given = ("district", "town", "host", "owner", "build_method", "hours", "services", "funding")
    bare = {**ROW, **dict.fromkeys(given, ""), "area_m2": None}
    blank = [name for name, text in values(facts(bare, "zh")).items() if not text]
    assert blank == ["区市、镇街", "依托单位", "场所产权", "建设方式", "面积", "开放时间", "资金渠道", "服务事项"]
    without = {key: value for key, value in bare.items() if key not in {*given[:-1], "area_m2", "only_people"}}
    assert "" in values(facts(without, "zh")).values()
    assert values(facts(without, "zh"))["独有覆盖人口"] == ""


@pytest.mark.parametrize(("hours", "printed"), [("always", "全天"), ("09:00-17:00", "09:00-17:00"), (None, "")])
def test_hours_as_printed(hours: str | None, printed: str) -> None:
    assert values(facts(ROW | {"hours": hours}, "zh"))["开放时间"] == printed


def test_a_district_without_towns_is_named_once() -> None:
    assert values(facts(ROW | {"town": "拉塞雷纳区"}, "zh"))["区市、镇街"] == "拉塞雷纳区"
    assert values(facts(ROW | {"area_m2": 120.0}, "zh"))["面积"] == "120平方米"


def test_what_is_added_to_an_outlet_of_today_is_called_so() -> None:
    assert values(facts(ROW | {"at_existing": True, "build_method": ""}, "zh"))["建设方式"] == "在现有网点加载"


def test_the_foot_names_plan_date_sources_and_use() -> None:
    document = site_pages(run_of(ROW), {})
    assert document.footer == (
        "示例市零工驿站与就业e站布局方案（2026年）　一点一表一图\n"
        "数据日期：2026-06-30　道路数据：© OpenStreetMap contributors　内部工作用图"
    )
    given = site_pages(run_of(ROW) | {"document": {"maker": "市人社局", "note": "送审稿"}}, {})
    assert given.maker == "市人社局"
    assert given.footer.endswith("　送审稿")


def test_consent_and_who_fills_in_are_left_for_a_pen() -> None:
    form = values(verdict(ROW, years=5, best_effort=False, language="zh"))
    assert form["入选理由"] == "".join(ROW["why"]) + "缺少此处，7012人次失去覆盖（各标准合计）。"
    assert re.sub(r"\s", "", form["产权单位意见"]) == "□同意□不同意负责人（签字）：单位（盖章）：年月日"
    assert re.sub(r"\s", "", form["填报"]) == "填表人：审核人：年月日"


SECOND = "备选为“128号片区党群服务中心”（零工驿站），一次性投入6.3万元、年运行6万元。改选后5年总费用"
KEPT, LOST, NOBODY = "各项目标仍能达到，", "仍有1656人次失去覆盖（各标准合计）", "没有人失去覆盖"
BETTER = "就本方案的选址目标而言优于此处；方案未证明最优，宜延长求解时间后复核。"


@pytest.mark.parametrize(
    ("keeps", "more", "objective", "lost", "printed"),
    [
        ("yes", 185_500, 185_500, 1_656, f"多18.55万元，{KEPT}{LOST}，故未选。"),
        ("yes", 5, 5, 0, f"多0.0005万元，{KEPT}{NOBODY}，故未选。"),
        ("no", -43_000, -43_000, 1_656, f"少4.3万元，部分目标达不到，{LOST}，故未选。"),
        ("no", 0, 0, 0, f"不变，部分目标达不到，{NOBODY}，故未选。"),
        ("yes", 0, 7, 0, f"不变，{KEPT}{NOBODY}，但就本方案的选址目标而言不如此处，故未选。"),
        ("yes", 0, 0, -3, f"不变，{KEPT}{NOBODY}，与此处相当，按固定次序取此处。"),
        ("yes", -10_000, -10_000, 0, f"少1万元，{KEPT}{NOBODY}，{BETTER}"),
    ],
)
def test_why_the_runner_up_is_not_chosen(keeps: str, more: int, objective: int, lost: int, printed: str) -> None:
    row = ROW | {
        "runner_up_keeps_goals": keeps == "yes",
        "runner_up_more_yuan": more,
        "runner_up_more_objective": objective,
        "runner_up_lost_people": lost,
    }
    assert runner_up(row, years=5, best_effort=False, language="zh") == SECOND + printed


def test_a_runner_up_at_the_same_place_none_and_one_not_worked_out() -> None:
    def second(language: Language = "zh", *, best_effort: bool = False, **more: Any) -> str:
        return runner_up(ROW | more, years=5, best_effort=best_effort, language=language)

    here = second(runner_up_site_id="C11", runner_up_type_name="就业e站", runner_up_size="大")
    assert here.startswith("备选为同一地点改设就业e站，大，一次性投入6.3万元")
    assert second(runner_up_site_id="") == (
        "没有备选：规则允许的其他候选点中，没有一处能保住各项目标，也没有一处能减少失去覆盖的人口。"
    )
    assert second(in_time=False).endswith("故未选。（时限内没有全部算完，只按服务范围判断，未计服务能力。）")
    assert "各项目标达到的程度不降低" in second(best_effort=True)
    assert "部分目标达到的程度降低" in second(best_effort=True, runner_up_keeps_goals=False)
    assert second("en") == (
        "The runner-up is “128号片区党群服务中心” (零工驿站): 63,000 yuan once, 60,000 yuan a year. "
        "In its place the plan costs 185,500 yuan more over 5 years; every goal is still met; "
        "cover is still lost 1,656 times (added up over people and standards); so it was not chosen."
    )
    asked = {key: value for key, value in ROW.items() if not key.startswith("runner_up")}
    assert runner_up(asked, years=5, best_effort=False, language="zh") == ""


def test_under_capacity_people_are_those_whom_outlets_can_take() -> None:
    first, *_, under = [block for block in site_pages(run_of(ROW, limited=True), {}).blocks if isinstance(block, Form)]
    assert "缺少此处，少服务7012人次（各标准合计，有服务能力限制的标准按可承接的人数计）。" in values(under)["入选理由"]
    assert "仍少服务1656人次（各标准合计）" in values(under)["落选备选点"]
    more = verdict(ROW | {"runner_up_lost_people": -5}, years=5, best_effort=False, language="zh", limited=True)
    assert "能服务的人数不减少" in values(more)["落选备选点"]
    late = verdict(ROW | {"in_time": False}, years=5, best_effort=False, language="zh", limited=True)
    assert "7012人次失去覆盖" in values(late)["入选理由"]
    assert "未计服务能力" in values(first)["人口口径"]


def test_without_goals_none_is_said_to_be_met() -> None:
    told_so = runner_up(ROW, years=5, best_effort=False, language="zh", aimed=False)
    assert "多18.55万元，仍有1656人次" in told_so
    assert "目标" not in told_so


def numbers_of(value: Any) -> Iterator[Decimal]:
    """Every number of a record, and those that its texts spell."""
    if isinstance(value, dict):
        for held in value.values():
            yield from numbers_of(held)
    elif isinstance(value, list):
        for held in value:
            yield from numbers_of(held)
    elif isinstance(value, str):
        yield from (Decimal(digits) for digits in re.findall(r"\d+", value))
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield abs(Decimal(str(value)))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_number_stands_in_the_record(language: Language) -> None:
    second = ROW | {"site_id": "C12", "number": 2, "runner_up_keeps_goals": False, "runner_up_more_yuan": -43_210}
    run = run_of(ROW, second, language=language)
    held, found = set(numbers_of(run)), 0
    for text in told(site_pages(run, {})):
        for digits, unit in re.findall(r"(\d[\d,]*(?:\.\d+)?)(万元)?", text):
            number = Decimal(digits.replace(",", "")) * (10_000 if unit else 1)
            assert number in held, text
            found += 1
    assert found > 40


# ---- the pages ----


def test_one_page_a_site_and_type_in_the_order_of_building() -> None:
    e_station = ROW | {"type": "e_station", "type_name": "就业e站", "size": "小"}
    document = site_pages(run_of(LONG, ROW, e_station), {"C11": picture()})
    kinds = [type(block).__name__ for block in document.blocks]
    page = ["Heading", "Form", "Picture", "Form"]
    assert kinds == ["Heading", "Form", "Form", "PageBreak", *page, "PageBreak", *page]
    assert [block.text for block in document.blocks if isinstance(block, Heading)] == [
        "高新技术产业开发区第二街道社区综合便民服务中心（零工市场）（零工驿站）",
        "129号片区社区便民服务中心（零工驿站）",
        "129号片区社区便民服务中心（就业e站，小）",
    ]
    assert not document.titled
    assert document.title == "示例市零工驿站与就业e站布局方案（2026年）：一点一表一图"


def test_a_plan_that_opens_nothing_has_no_pages() -> None:
    assert site_pages(run_of(), {}).blocks == ()


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("row", [ROW, LONG])
def test_a_map_is_as_large_as_the_page_leaves_room_for(row: dict[str, Any], language: Language) -> None:
    document = site_pages(run_of(row, language=language), {row["site_id"]: picture()})
    shown = next(block for block in document.blocks if isinstance(block, Picture))
    forms = [block for block in document.blocks if isinstance(block, Form)]
    assert shown.width_cm / shown.height_cm == pytest.approx(15.5 / 8.5)
    assert 4.5 <= shown.height_cm <= 8.5
    assert 10 * shown.height_cm + sum(form_mm(form, language) for form in forms) <= TEXT_MM[1] - 25


def test_names_stay_in_one_line_and_turn_nothing() -> None:
    row = ROW | {"name": "中心\n\u202e二", "host": "甲\t乙", "runner_up_name": "x\r\ny{0}"}
    document = site_pages(run_of(row), {})
    texts = list(told(document))
    assert "中心 二（零工驿站）" in texts
    assert "甲 乙" in texts
    assert any("“x y{0}”" in text for text in texts)


def _writer() -> str | None:
    """Return the LibreOffice that can convert documents, where one is installed."""
    office = shutil.which("soffice")
    return office if office and (Path(office).resolve().parent / "libswlo.so").exists() else None


@pytest.mark.skipif(_writer() is None, reason="needs LibreOffice Writer")
def test_each_site_takes_one_sheet_of_paper(tmp_path: Path) -> None:
    rows = [ROW, LONG, ROW | {"services": "", "area_m2": None, "host": "", "why": []}]
    pictures = {row["site_id"]: picture(row["name"]) for row in rows}
    for language in ("zh", "en"):
        write_docx(tmp_path / f"{language}.docx", site_pages(run_of(*rows, language=language), pictures))
    command = [str(_writer()), f"-env:UserInstallation=file://{tmp_path}/office", "--headless", "--convert-to", "pdf"]
    files = [str(tmp_path / name) for name in ("zh.docx", "en.docx")]
    subprocess.run([*command, "--outdir", str(tmp_path), *files], check=True, capture_output=True, timeout=60)
    for language in ("zh", "en"):
        pages = re.findall(rb"/Type\s*/Page\b(?!s)", (tmp_path / f"{language}.pdf").read_bytes())
        assert len(pages) == len(rows)
