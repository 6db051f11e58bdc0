"""The picture of cost against coverage begins with what there is today."""

from __future__ import annotations

import re

import pytest

from planner.chart import HEIGHT, LEFT, WIDTH, Dot, Texts, cost_chart

TEXTS = Texts("title", "subtitle", "cost", "coverage", "today 23.4%", ())
FLOOR = HEIGHT - 70


def drawn(dots: list[Dot], today: int, whole: int) -> tuple[list[tuple[float, float]], dict[str, tuple[float, float]]]:
    """Places of the points, and of all texts."""
    svg = cost_chart(dots, today, whole, TEXTS)
    circles = [(float(x), float(y)) for x, y in re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', svg)]
    texts = {text: (float(x), float(y)) for x, y, text in re.findall(r'x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)<', svg)}
    return circles, texts


def test_nothing_spent_and_todays_coverage_are_the_origin() -> None:
    circles, texts = drawn([Dot(0, 234, "0"), Dot(1_000_000, 600, "3")], 234, 1000)
    assert circles[0] == pytest.approx((LEFT, FLOOR))
    assert texts["today 23.4%"][1] == pytest.approx(FLOOR, abs=5)
    assert "20%" not in texts
    assert {"30%", "40%", "50%", "60%"} <= set(texts)
    assert texts["0"][0] == LEFT


def test_what_rules_ask_for_lies_right_of_today_and_above() -> None:
    circles, texts = drawn([Dot(500_000, 400, "2"), Dot(1_000_000, 600, "3")], 234, 1000)
    assert circles[0][0] == pytest.approx((LEFT + WIDTH - 40) / 2)
    assert circles[0][1] < FLOOR - 50
    assert texts["today 23.4%"][1] == pytest.approx(FLOOR, abs=5)


@pytest.mark.parametrize(("people", "cost"), [(234, 0), (234, 10**6), (235, 10**6), (999, 10**13), (1000, 1)])
def test_everything_lies_within_the_axes(people: int, cost: int) -> None:
    circles, _ = drawn([Dot(0, 234, "0"), Dot(cost, people, "1")], 234, 1000)
    for x, y in circles:
        assert LEFT <= x <= WIDTH - 40
        assert 30 < y <= FLOOR


def test_a_number_next_to_todays_gives_way() -> None:
    _, texts = drawn([Dot(0, 299, "0"), Dot(10**6, 900, "1")], 299, 1000)
    assert "30%" not in texts
    assert "40%" in texts


def test_where_everybody_is_covered_there_is_still_a_picture() -> None:
    circles, _ = drawn([Dot(0, 1000, "0")], 1000, 1000)
    assert len(circles) == 1
    assert circles[0] == pytest.approx((LEFT, FLOOR))
