"""Records for a dashboard, and its numbers counted by hand, one record after the other."""

import random
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from steadydesk.policies.period import Bucket, Period
from steadydesk.records.views.dashboard import Dashboard, Delivered, Waited
from steadydesk.records.views.dashboard_reads import AGE_BANDS
from steadydesk.records.views.visibility import Viewer

NOW = datetime(2026, 4, 9, 10, 30, tzinfo=UTC)
"""Ten days after the clocks of Berlin changed."""

BERLIN = "Europe/Berlin"
FUNCTIONS = ("hr", "it", "facilities")
COMMON: dict[str, Any] = {
    "short_description": {"en": "x"}, "opened_by": "p_o", "caller": "p_o", "version": 1, "restricted": False,
}  # fmt: skip


@dataclass
class Book:
    """What was written, as the rows say it."""

    records: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    gates: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    surveys: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    sights: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def add_request(self, place: int, dice: random.Random) -> None:
        number = f"REQ{place:07d}"
        opened = NOW - timedelta(days=dice.uniform(0, 120))
        closed = opened + timedelta(days=dice.uniform(0, 40))
        is_open = closed > NOW
        function = dice.choice(FUNCTIONS)
        row = {
            **COMMON, "number": number, "kind": "REQ", "owner": number, "function": function, "open": is_open,
            "state": "x", "phase": "x", "opened_at": opened, "closed_at": None if is_open else closed,
            "updated_at": NOW if is_open else closed, "promised_seconds": None, "taken_seconds": None,
        }  # fmt: skip
        self.records.append(row)
        as_kept = {"open": is_open, "changed_at": row["updated_at"]}
        for subject in dice.sample(["p:p_v", "g:v", "f:it", "g:others", "p:p_x"], 2):
            self.sights.append({"subject": subject, "number": number, "why": "requester", **as_kept})
        for why in dice.sample(["approver", "watcher"], dice.randint(0, 2)):
            self.sights.append({"subject": "p:p_boss", "number": number, "why": why, **as_kept})
        self._add_line(row, dice)
        self._add_gate(row, dice)
        if not is_open and dice.random() < 0.5:
            answered = None if dice.random() < 0.2 else dice.randint(1, 5)
            self.surveys.append(
                {"number": number, "person": "p_o", "state": "x", "score": answered, "sent_at": closed,
                 "answered_at": closed if answered else None}
            )  # fmt: skip

    def _add_line(self, row: dict[str, Any], dice: random.Random) -> None:
        phase = dice.choice(["complete", "complete", "incomplete", "approval"])
        promised = dice.choice([3_600.0, 28_800.0])
        delivered = phase == "complete" and not row["open"]
        number = row["number"].replace("REQ", "RITM")
        line = {**row, "number": number, "kind": "RITM", "phase": phase}
        line["promised_seconds"] = promised if delivered else None
        line["taken_seconds"] = promised * dice.choice([0.25, 0.5, 1.0, 1.75]) if delivered else None
        self.records.append(line)

    def _add_gate(self, row: dict[str, Any], dice: random.Random) -> None:
        state = dice.choice(["approved", "rejected", "cancelled", "requested"])
        asked = row["opened_at"]
        ended = asked + timedelta(hours=dice.uniform(0.1, 90))
        self.gates.append(
            {"id": f"{row['number']}-G1", "owner": row["number"], "policy": "x", "stage": "x", "label": {},
             "state": state, "content_hash": "x", "opened_at": asked,
             "closed_at": None if state == "requested" or ended > row["updated_at"] else ended}
        )  # fmt: skip


@dataclass
class ByHand:
    opened: Counter[date]
    closed: Counter[date]
    ages: Counter[int]
    ratios: dict[Any, list[float]]
    hours: dict[Any, list[float]]
    scores: Counter[int]


def by_hand(book: Book, viewer: Viewer, functions: tuple[str, ...], period: Period) -> ByHand:
    seen = {
        row["number"]
        for row in book.sights
        if row["subject"] in viewer.own or (row["subject"] in viewer.delegated and row["why"] == "approver")
    }
    mine = [
        row
        for row in book.records
        if row["owner"] in seen and (not functions or row["function"] in functions)
    ]
    requests = {row["number"]: row for row in mine if row["kind"] == "REQ"}
    into = bucketing(period)
    result = ByHand(Counter(), Counter(), Counter(), defaultdict(list), defaultdict(list), Counter())
    for row in requests.values():
        result.opened[into(row["opened_at"])] += 1
        result.closed[into(row["closed_at"])] += 1
        if row["open"]:
            age = (NOW - row["opened_at"]) / timedelta(days=1)
            result.ages[sum(age >= limit for limit in AGE_BANDS)] += 1
    for row in mine:
        if row["taken_seconds"] is not None and (day := into(row["closed_at"])) is not None:
            for key in (None, day, row["function"]):
                result.ratios[key].append(row["taken_seconds"] / row["promised_seconds"])
    for row in book.gates:
        day = into(row["closed_at"])
        if row["owner"] in requests and row["state"] in ("approved", "rejected") and day is not None:
            waited = (row["closed_at"] - row["opened_at"]) / timedelta(hours=1)
            for key in (None, day):
                result.hours[key].append(waited)
    for row in book.surveys:
        if row["number"] in requests and row["score"] and into(row["answered_at"]) is not None:
            result.scores[row["score"]] += 1
    del result.opened[None], result.closed[None]
    return result


def bucketing(period: Period) -> Callable[[datetime | None], Any]:
    """The first day of the bucket of an instant; None outside of the period."""

    def into(at: datetime | None) -> date | None:
        if at is None:
            return None
        day = at.astimezone(ZoneInfo(period.zone)).date()
        if not period.first <= day <= period.last:
            return None
        return day if period.by is Bucket.DAY else day - timedelta(days=day.weekday())

    return into


def check(found: Dashboard, expected: ByHand) -> None:
    assert dict(found.volume.opened) == dict(expected.opened)
    assert dict(found.volume.closed) == dict(expected.closed)
    assert found.ages.counts == tuple(expected.ages[band] for band in range(len(AGE_BANDS) + 1))
    assert found.satisfaction.scores == tuple(expected.scores[score] for score in range(1, 6))
    days = {key for key in expected.ratios if isinstance(key, date)}
    assert found.delivered_in.keys() == days
    assert found.delivered_by.keys() == expected.ratios.keys() - days - {None}
    for key, rows in {None: found.delivered, **found.delivered_in, **found.delivered_by}.items():
        same_delivery(rows, expected.ratios[key])
    assert found.waited_in.keys() == expected.hours.keys() - {None}
    for key, waits in {None: found.waited, **found.waited_in}.items():
        same_waits(waits, expected.hours[key])


def same_delivery(found: Delivered, ratios: list[float]) -> None:
    assert (found.count, found.kept) == (len(ratios), sum(ratio < 1 for ratio in ratios))
    assert (found.median, found.p90) == (pytest.approx(at(ratios, 50)), pytest.approx(at(ratios, 90)))


def same_waits(found: Waited, hours: list[float]) -> None:
    assert found.count == len(hours)
    assert (found.median, found.p90) == (pytest.approx(at(hours, 50)), pytest.approx(at(hours, 90)))


def at(values: list[float], percent: int) -> float | None:
    """Between the two neighbours, as statistics says it; of one value that value."""
    if len(values) < 2:
        return values[0] if values else None
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
