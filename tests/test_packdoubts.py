"""A doubt about an entry of a pack that ships with the program stands at the key that names the pack, with a cure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from planner import outletgaps
from planner.inputs import read
from planner.packs import shipped
from planner.words import tell
from test_packs import OWN
from town import write_town

if TYPE_CHECKING:
    from planner.errors import Fault

SCENARIO = OWN + 'defaults = {{ tier = "区市" }}\n{more}'

DROPPED = "".join(f'\n[[count]]\nid = "markets-{tier}"\nremove = true\n' for tier in ("town", "village"))


def doubts(folder: Path, policy: str, more: str = DROPPED) -> tuple[Fault, ...]:
    path = write_town(folder, SCENARIO.format(policy=policy, more=more))
    return outletgaps.doubts_of(read(path, lambda _: None))


def test_nobody_is_sent_to_mend_the_program(tmp_path: Path) -> None:
    """W6: 50 markets, and the town has nowhere for them."""
    whole, district = doubts(tmp_path, "weihai-2025")
    for doubt, key in ((whole, "markets"), (district, "markets-district")):
        assert Path(doubt.file).name == "scenario.toml"
        assert doubt.column == "policy"
        assert doubt.row == 4
        _, what, cure = tell(doubt, "zh")
        assert "怎么选都达不到" in what
        assert f"编号写“{key}”" in cure
    english = tell(whole, "en")
    assert "id “markets”" in english[2]


def test_the_cure_can_be_followed(tmp_path: Path) -> None:
    more = DROPPED + '\n[[count]]\nid = "markets"\nmin = 0\n\n[[count]]\nid = "markets-district"\nremove = true\n'
    assert doubts(tmp_path, "weihai-2025", more) == ()


def test_each_place_that_is_short_is_told_there_too(tmp_path: Path) -> None:
    more = DROPPED + '\n[[count]]\nid = "markets"\neach = "town"\n'
    (doubt,) = [one for one in doubts(tmp_path, "weihai-2025", more) if one.rest]
    assert {one.column for one in (doubt, *doubt.rest)} == {"policy"}
    assert doubt.code == "count_short_scopes_in_pack"


def test_a_pack_of_the_bureau_is_mended_where_it_stands(tmp_path: Path) -> None:
    text = Path(str(shipped()["weihai-2025"])).read_text(encoding="utf-8")
    write_town(tmp_path)
    (tmp_path / "ours.toml").write_text(text, encoding="utf-8")
    whole, _ = doubts(tmp_path, "ours.toml")
    assert Path(whole.file).name == "ours.toml"
    assert whole.code == "count_short"
