"""The four policy packs as a bureau would run them: on Jinan's real roads, offices and communities.

The counties of Jinan stand for the districts of Weihai, one of its streets for the pilot street of Jieshou. What the
bureaus report (six items, brands, accreditation, re-employment) is made up by rules that the tests repeat.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import jinan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STREET = "北园街道办事处"
HEAD = """\
name = "{name}"
title = "{title}"
policy = "{policy}"
data_date = 2026-06-30
[roads]
file = '{roads}'
[[sites.table]]
file = "offices.csv"
coordinates = "gcj02"
[[demand.table]]
file = "demand.csv"
coordinates = "gcj02"
"""

# The road file holds the city and its edge alone, so that the bureau asks for less than the pack does; its own
# districts take the place of the pack's in the quotas.
WEIHAI = """
[[goal]]
id = "urban-people"
share = 0.55
[[goal]]
id = "rural-people"
share = 0.10
[[sites.table]]
file = "candidates.csv"
coordinates = "gcj02"
[[grant]]
id = "brands"
quotas = { {quotas} }
[siting]
gap = 0.05
time_limit_s = 60
"""

JIESHOU = """
keep = {{ town = "{street}" }}
[[sites.table]]
file = "candidates.csv"
coordinates = "gcj02"
keep = {{ town = "{street}" }}
"""

HUBEI = """
keep = { district = "历下区" }
[[sites.table]]
file = "candidates.csv"
coordinates = "gcj02"
keep = { district = "历下区" }
[[goal]]
id = "circle-people"
share = 0.85
[[phase]]
year = 2026
shares = { circle-people = 0.75 }
[[phase]]
year = 2027
shares = { circle-people = 0.85 }
[siting]
gap = 0.02
"""

LEDGER = """
[[audit.ledger]]
file = "ledger.csv"
"""

QUOTAS = {"历下区": 3, "历城区": 3, "商河县": 3, "天桥区": 3, "平阴县": 2, "槐荫区": 2, "济阳区": 2, "长清区": 2}
"""The 20 brand communities of clause W4, over counties of Jinan."""

_CANDIDATES = (
    "site_id",
    "name",
    "type",
    "tier",
    "unit_id",
    "status",
    "district",
    "town",
    "host",
    "build_method",
    "lon",
    "lat",
)
SIX = ("有标识", "有专兼职服务人员", "有规范管理制度和服务流程", "有便捷电子设备", "有宣传专栏", "有就业创业活动场所")


def reported(number: int, district: str, seen: dict[str, int]) -> dict[str, str]:
    """What a bureau reports of its community of this number; `seen` counts the communities of each district."""
    place = seen[district] = seen.get(district, 0) + 1
    brand = "" if place > QUOTAS.get(district, 0) else "A" if place == 1 else "B"
    return {
        "是否实施行动": "否" if number % 10 == 9 else "是",
        **{item: "否" if number % (k + 5) == 0 else "是" for k, item in enumerate(SIX)},
        "品牌等级": brand,
        "是否认定充分就业社区": "" if number % 7 == 0 else "是" if number % 3 else "否",
        "实现就业人数": str(number * 9),
        "登记失业和持证人数": str(number * 10),
        "是否无零就业家庭": "是",
    }


def offices(data: Path) -> Iterator[dict[str, str]]:
    """The offices that have a place, in the town of the nearest community: the public list names none."""
    units = [row for row in jinan.demand_rows(data) if row["lon"]]
    for number, row in enumerate(jinan.read_rows(data / "hrss_offices.csv"), start=1):
        if row["valid"] == "True":
            lon, lat = float(row["lon"]), float(row["lat"])
            near = min(units, key=lambda unit: (float(unit["lon"]) - lon) ** 2 + 1.5 * (float(unit["lat"]) - lat) ** 2)
            about = {"district": near["district"], "town": near["town"], "lon": row["lon"], "lat": row["lat"]}
            yield {"site_id": f"H{number}", "name": row["name"], "type": "station", "status": "existing", **about}


def tables(data: Path, folder: Path) -> None:
    """Write people, candidates with three tiers of markets, and what the bureau reports."""
    demand, seen = list(jinan.demand_rows(data)), dict[str, int]()
    jinan.write_rows(folder / "demand.csv", tuple(demand[0]), demand)
    standing = list(offices(data))
    jinan.write_rows(folder / "offices.csv", tuple(standing[0]), standing)
    candidates = []
    for row in jinan.candidate_rows(data):
        code = row["site_id"][1:]
        tier = "镇街" if row["host"] == "" else "村居" if int(code[-3:]) % 3 else "区市"
        candidates.append({**row, "type": "", "tier": tier, "unit_id": code})
    jinan.write_rows(folder / "candidates.csv", _CANDIDATES, ({k: row[k] for k in _CANDIDATES} for row in candidates))
    ledger = [
        {"社区代码": row["unit_id"], "镇街": row["town"], **reported(number, row["district"], seen)}
        for number, row in enumerate(demand, start=1)
        if row["lon"]
    ]
    jinan.write_rows(folder / "ledger.csv", tuple(ledger[0]), ledger)


def write(data: Path, folder: Path, name: str) -> Path:
    """Write the run of one pack and return its scenario file."""
    folder.mkdir(parents=True, exist_ok=True)
    tables(data, folder)
    rest = {
        "weihai-2025": WEIHAI.replace("{quotas}", ", ".join(f'"{k}" = {n}' for k, n in QUOTAS.items())) + LEDGER,
        "jieshou-3km": JIESHOU.format(street=STREET) + LEDGER + f'keep = {{ "镇街" = "{STREET}" }}\n',
        "hubei-15min": HUBEI,
        "hebei-full-employment": LEDGER,
    }[name]
    head = HEAD.format(
        name=name,
        title=f"试算 {name}",
        policy=name,
        roads=(data / "roads.osm.pbf").as_posix(),
    )
    path = folder / "scenario.toml"
    path.write_text(head + rest, encoding="utf-8", newline="\n")
    return path
