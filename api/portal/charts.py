"""Charts as SVG, drawn here: bars and lines with axes, in the colours of the style sheet; no script, no styles."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

WIDTH, HEIGHT = 480, 234
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 8, 26, 48
_MOST_WORDS = 6
"""Words below the axis; of more buckets only every so many are named."""

_STEPS = (1, 2, 5, 10)
_WANTED_LINES = 5
_LEAST = 1e-9
"""Less than this is nothing."""

_FINEST = 0.1
"""The axis writes one digit after the point at most."""


@dataclass(frozen=True)
class Series:
    """A value for each label of its chart; None where there is none."""

    name: str
    values: Sequence[float | None]


@dataclass(frozen=True)
class Chart:
    """What is drawn, and what the table behind it says.

    ``key`` is unique on the page. ``across`` and ``up`` name the axes. ``written`` is a value in words.
    ``whole``: only whole numbers are on the axis. ``reference`` draws a line across at this value, and names it.
    """

    key: str
    title: str
    description: str
    across: str
    up: str
    labels: Sequence[str]
    series: Sequence[Series]
    written: Callable[[float], str]
    whole: bool = False
    top: float | None = None
    reference: tuple[float, str] | None = None

    @property
    def rows(self) -> list[tuple[str, list[float | None]]]:
        """Label and values of each bucket, for the table."""
        return [
            (label, [series.values[place] for series in self.series])
            for place, label in enumerate(self.labels)
        ]

    @property
    def is_empty(self) -> bool:
        """Nothing was measured, or nothing was there to be counted."""
        values = [value for series in self.series for value in series.values if value is not None]
        return not values or (self.whole and not any(values))


def bars(chart: Chart) -> Markup:
    """A group of bars for each label, one bar for each series."""
    plot = _Plot(chart)
    return plot.framed([*_bars(plot), *plot.words()])


def lines(chart: Chart) -> Markup:
    """A line with a mark at each value for each series; where a value is missing, the line has a gap."""
    plot = _Plot(chart)
    return plot.framed([*_lines(plot), *plot.words(), *plot.reference_line()])


def ticks(most: float, *, whole: bool = False) -> list[float]:
    """Values of the axis from 0 to ``most`` or a little above, at steps of 1, 2 or 5 times a power of ten."""
    if most < _LEAST:
        return [0, 1]
    size = 10 ** math.floor(math.log10(most / _WANTED_LINES))
    step = next(size * step for step in _STEPS if size * step * _WANTED_LINES >= most * (1 - 1e-9))
    step = max(step, _FINEST)
    if whole:
        step = max(1, round(step))
    count = math.ceil(most / step * (1 - 1e-9))
    return [step * place for place in range(count + 1)]


class _Plot:
    """Where things stand in the picture."""

    def __init__(self, chart: Chart) -> None:
        self.chart = chart
        values = [value for series in chart.series for value in series.values if value is not None]
        most = max([*values, chart.reference[0] if chart.reference else 0], default=0)
        self.ticks = ticks(chart.top or most, whole=chart.whole)
        self.slot = (WIDTH - _LEFT - _RIGHT) / max(len(chart.labels), 1)

    def x(self, place: float) -> float:
        """The left edge of the slot of a label; with .5 more its middle."""
        return _LEFT + self.slot * place

    def y(self, value: float) -> float:
        return HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * min(value / self.ticks[-1], 1)

    def framed(self, drawn: Sequence[Markup]) -> Markup:
        """The picture with its name and description for those who do not see it."""
        chart = self.chart
        return Markup(
            '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-labelledby="{}-name {}-text">'
            '<title id="{}-name">{}</title><desc id="{}-text">{}</desc>{}{}</svg>'
        ).format(
            WIDTH, HEIGHT, chart.key, chart.key, chart.key, chart.title, chart.key, chart.description,
            _joined(self._axes()), _joined(drawn),
        )  # fmt: skip

    def words(self) -> Iterator[Markup]:
        """The names of some of the buckets, below the axis, and what they are."""
        labels = self.chart.labels
        every = max(1, math.ceil(len(labels) / _MOST_WORDS))
        for place in range(0, len(labels), every):
            yield _text(self.x(place + 0.5), HEIGHT - _BOTTOM + 20, labels[place], "middle")
        yield _text((_LEFT + WIDTH - _RIGHT) / 2, HEIGHT - 6, self.chart.across, "middle", "axis")

    def reference_line(self) -> Iterator[Markup]:
        if self.chart.reference is None:
            return
        value, words = self.chart.reference
        yield Markup('<line class="reference" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(
            _LEFT, WIDTH - _RIGHT, *[_at(self.y(value))] * 2
        )
        yield _text(WIDTH - _RIGHT, self.y(value) - 4, words, "end", "axis")

    def _axes(self) -> Iterator[Markup]:
        yield _text(2, 14, self.chart.up, "start", "axis")
        for value in self.ticks:
            y = _at(self.y(value))
            yield Markup('<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(
                _LEFT, WIDTH - _RIGHT, y, y
            )
            yield _text(_LEFT - 6, self.y(value) + 4, self.chart.written(value), "end")


def _bars(plot: _Plot) -> Iterator[Markup]:
    chart = plot.chart
    width = plot.slot * 0.76 / len(chart.series)
    for which, series in enumerate(chart.series, 1):
        for place, value in enumerate(series.values):
            if value is None:
                continue
            x, y = plot.x(place + 0.12) + width * (which - 1), plot.y(value)
            yield Markup(
                '<rect class="bar s{}" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>'
            ).format(
                which, _at(x), _at(y), _at(width), _at(plot.y(0) - y), _said(chart, series, place, value)
            )
            if len(chart.series) == 1 and len(series.values) <= _MOST_WORDS:
                yield _text(x + width / 2, y - 4, chart.written(value), "middle", "value")


def _lines(plot: _Plot) -> Iterator[Markup]:
    for which, series in enumerate(plot.chart.series, 1):
        for stretch in _stretches(series.values):
            points = " ".join(f"{_at(plot.x(place + 0.5))},{_at(plot.y(value))}" for place, value in stretch)
            yield Markup('<polyline class="line s{}" points="{}"/>').format(which, points)
        for place, value in enumerate(series.values):
            if value is not None:
                yield _mark(which, plot, place, value, _said(plot.chart, series, place, value))


def _mark(which: int, plot: _Plot, place: int, value: float, said: str) -> Markup:
    """A dot for the first series, a square for the second."""
    x, y = plot.x(place + 0.5), plot.y(value)
    if which == 1:
        return Markup('<circle class="mark s1" cx="{}" cy="{}" r="3"><title>{}</title></circle>').format(
            _at(x), _at(y), said
        )
    return Markup(
        '<rect class="mark s{}" x="{}" y="{}" width="6" height="6"><title>{}</title></rect>'
    ).format(which, _at(x - 3), _at(y - 3), said)


def _stretches(values: Sequence[float | None]) -> Iterator[list[tuple[int, float]]]:
    """The values that follow each other without a gap, with their places."""
    stretch: list[tuple[int, float]] = []
    for place, value in enumerate([*values, None]):
        if value is not None:
            stretch.append((place, value))
        elif stretch:
            yield stretch
            stretch = []


def _said(chart: Chart, series: Series, place: int, value: float) -> str:
    return f"{chart.labels[place]} · {series.name}: {chart.written(value)}"


def _text(x: float, y: float, words: str, anchor: str, kind: str = "tick") -> Markup:
    return Markup('<text class="{}" x="{}" y="{}" text-anchor="{}">{}</text>').format(
        kind, _at(x), _at(y), anchor, words
    )


def _joined(parts: Iterator[Markup] | Sequence[Markup]) -> Markup:
    return Markup("").join(parts)


def _at(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
