"""Charts: what is drawn stands where the axis says, is named, and is valid by itself."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.portal.charts import HEIGHT, WIDTH, Chart, Series, bars, lines, ticks

NASTY = "<script>alert(1)</script> & \"'"


def chart(*series: Series, labels: int, whole: bool = False) -> Chart:
    names = [f"day {place}" for place in range(labels)]
    return Chart("k", NASTY, NASTY, "Day", "Requests", names, series, lambda value: f"{value:g}", whole)


@given(st.floats(min_value=1e-6, max_value=1e9), st.booleans())
def test_ticks_are_few_even_and_reach_the_highest_value(most: float, whole: bool) -> None:
    found = ticks(most, whole=whole)
    assert found[0] == 0
    assert 2 <= len(found) <= 6
    assert found[-1] >= most * (1 - 1e-8)
    step = found[1]
    assert found == pytest.approx([step * place for place in range(len(found))])
    assert step >= 0.1 * (1 - 1e-9), "two lines of the axis would read the same"
    if whole:
        assert all(value == int(value) for value in found)


@given(st.lists(st.none() | st.floats(min_value=0, max_value=1e6), min_size=1, max_size=60))
def test_lines_show_every_value_and_no_other(values: list[float | None]) -> None:
    drawn = ET.fromstring(lines(chart(Series("a", values), Series("b", values), labels=len(values))))
    marks = [one for one in drawn if one.get("class", "").startswith("mark")]
    assert len(marks) == 2 * sum(value is not None for value in values)
    for one in drawn.iter("circle"):
        assert 0 <= float(one.get("cx", "-1")) <= WIDTH
        assert 0 <= float(one.get("cy", "-1")) <= HEIGHT


def test_counts_of_nothing_are_empty_and_a_measured_nothing_is_not() -> None:
    assert chart(Series("a", [None, None]), labels=2).is_empty
    assert chart(Series("a", [0, 0]), labels=2, whole=True).is_empty
    assert not chart(Series("a", [0, None]), labels=2).is_empty
    assert not chart(Series("a", [0, 1]), labels=2, whole=True).is_empty


def test_the_higher_value_has_the_higher_bar() -> None:
    drawn = ET.fromstring(bars(chart(Series("a", [1, 4, 2, None, 0]), labels=5, whole=True)))
    heights = [float(one.get("height", "-1")) for one in drawn.iter("rect")]
    assert heights == pytest.approx([40, 160, 80, 0])
    assert [one.findtext("title") for one in drawn.iter("rect")][1] == "day 1 · a: 4"


def test_names_are_escaped_and_tied_to_the_picture() -> None:
    markup = bars(chart(Series(NASTY, [1]), labels=1))
    drawn = ET.fromstring(markup)
    assert "<script" not in markup
    assert drawn.get("role") == "img"
    assert drawn.get("aria-labelledby") == "k-name k-text"
    assert drawn.findtext("title") == NASTY
    assert not [one for one in drawn.iter() if one.get("style")]
