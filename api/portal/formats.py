"""Times, durations and money as the reader's language and zone write them."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup

from api.portal.promise import Prospect
from api.portal.words import Words
from steadydesk.policies.written_date import (
    day_begun,
    last_day,
    written_day,
    written_instant,
    written_short_day,
)

_SIGNS = {"EUR": "€", "USD": "$", "GBP": "£", "CHF": "CHF", "JPY": "¥"}
_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))
_SOON = timedelta(days=1)
_MIDNIGHT = time()
_FAR = 2 * 365
"""Days from which on they are told in years."""


@dataclass(frozen=True)
class Formats:
    words: Words
    zone: ZoneInfo
    now: datetime

    def time(self, at: datetime) -> Markup:
        """A ``time`` element: the day and time in the reader's zone, the exact instant in its title."""
        return self._element(at, self.written(at))

    def ago(self, at: datetime) -> Markup:
        """The same in words: 5 minutes ago, in 3 hours; a day and time where that is far away."""
        near = abs(at - self.now) < timedelta(days=7)
        return self._element(at, self.relative(at) if near else self.written(at), relative=near)

    def due(self, at: datetime) -> Markup:
        """When something is due: a tone for soon and late, and words that say so."""
        if at < self.now:
            text, tone = self.words("time.late", span=self.span(self.now - at)), "late"
        elif at - self.now < _SOON:
            text, tone = self.words("time.due_in", span=self.span(at - self.now)), "soon"
        else:
            text, tone = self.words("time.due_at", at=self.written(at)), "calm"
        return Markup('<span class="due due-{}">{}</span>').format(tone, self._element(at, text))

    def until(self, at: datetime) -> Markup:
        """The end of somebody else's time: no duty of the reader's."""
        return Markup('<span class="due">{}</span>').format(
            self._element(at, self.words("time.until", at=self.written(at)))
        )

    def ready(self, prospect: Prospect) -> Markup:
        """When something is said to be ready to those who wait for it: nothing of it is theirs to do."""
        at = prospect.at
        if at < self.now:
            words, tone = self.words("time.was_promised", at=self.written(at)), "late"
        elif prospect.promised:
            words, tone = self.words("time.promised", at=self.written(at)), "calm"
        elif at - self.now < _SOON:
            words, tone = self.words("time.expected_in", span=self.span(at - self.now)), "calm"
        else:
            words, tone = self.words("time.expected_at", at=self.written(at)), "calm"
        return Markup('<span class="due due-{}">{}</span>').format(tone, self._element(at, words))

    def day(self, day: date) -> Markup:
        return Markup('<time datetime="{}">{}</time>').format(day.isoformat(), self._date(day))

    def plain_day(self, day: date) -> str:
        return self._date(day)

    def short_day(self, day: date) -> str:
        """Without its year, where little room is."""
        return written_short_day(day, self.words.language)

    def written(self, at: datetime) -> str:
        return written_instant(at, self.zone, self.words.language)

    def meant(self, at: datetime, zone: ZoneInfo) -> Markup:
        """The day that somebody named where days begin in ``zone``, wherever the reader is; else the instant."""
        return self._element(at, self.plainly_meant(at, zone))

    def plainly_meant(self, at: datetime, zone: ZoneInfo) -> str:
        day = day_begun(at, zone)
        return self.written(at) if day is None else self._date(day)

    def days(self, begins: datetime, ends: datetime) -> str:
        """A period of whole days by its first and its last one; of others the instants."""
        first, after = begins.astimezone(self.zone), ends.astimezone(self.zone)
        if (first.time(), after.time()) != (_MIDNIGHT, _MIDNIGHT):
            return self.words("time.from_to", first=self.written(begins), last=self.written(ends))
        last = after.date() - timedelta(days=1)
        if last == first.date():
            return self._date(last)
        return self.words("time.from_to", first=self._date(first.date()), last=self._date(last))

    def last(self, ends: datetime) -> Markup:
        """The end of something that is good until then: its last day where it ends with one, else the instant."""
        return self._element(ends, self.plain_last(ends, self.zone))

    def plain_last(self, ends: datetime, zone: ZoneInfo) -> str:
        """The same where days begin in ``zone``, wherever the reader is."""
        day = last_day(ends, zone)
        return self.written(ends) if day is None else self._date(day)

    def offset(self) -> str:
        """How far the reader's zone is from UTC now: +01:00."""
        return self.now.astimezone(self.zone).isoformat(timespec="minutes")[-6:]

    def relative(self, at: datetime) -> str:
        apart = at - self.now
        if abs(apart) < timedelta(minutes=1):
            return self.words("time.now")
        key = "time.in" if apart > timedelta(0) else "time.ago"
        return self.words(key, span=self.span(abs(apart)))

    def away(self, day: date) -> str:
        """How far a day is from the reader's own: today, in 3 days; years where it is far."""
        days = (day - self.now.astimezone(self.zone).date()).days
        if near := {-1: "yesterday", 0: "today", 1: "tomorrow"}.get(days):
            return self.words(f"time.{near}")
        unit, count = ("year", round(abs(days) / 365)) if abs(days) >= _FAR else ("day", abs(days))
        return self.words("time.in" if days > 0 else "time.ago", span=self.words(f"time.{unit}", count=count))

    def span(self, length: timedelta) -> str:
        """Its largest unit: 3 days, 1 hour."""
        seconds = int(length.total_seconds())
        for size, unit in _UNITS:
            if seconds >= size:
                return self.words(f"time.{unit}", count=round(seconds / size))
        return self.words("time.minute", count=1)

    def money(self, amount: float, currency: str | None) -> str:
        sign = _SIGNS.get(currency or "", currency or "")
        return self.words("money.pattern", sign=sign, amount=self.number(amount, digits=2)).strip()

    def number(self, value: float, digits: int = 0) -> str:
        plain = f"{value:,.{digits}f}"
        thousands, point = self.words("money.thousands"), self.words("money.point")
        return plain.translate({ord(","): thousands, ord("."): point})

    def capped(self, count: int, most: int) -> str:
        """Of what was not counted further than ``most`` it says no more than that there are more."""
        return self.number(count) if count <= most else f"{self.number(most)}+"

    def percent(self, share: float) -> str:
        """A share of 1 as whole per cent."""
        return self.words("portal.percent", number=self.number(share * 100))

    def size(self, count: int) -> str:
        """Bytes as people say them."""
        for size, unit in ((1_000_000, "MB"), (1_000, "kB")):
            if count >= size:
                amount = round(count / size, 1)
                return f"{self.number(amount, digits=0 if amount.is_integer() else 1)} {unit}"
        return f"{count} B"

    def _date(self, day: date) -> str:
        return written_day(day, self.words.language)

    def _element(self, at: datetime, text: str, *, relative: bool = False) -> Markup:
        exact = at.astimezone(ZoneInfo("UTC"))
        mark = Markup(' data-relative=""') if relative else ""
        return Markup('<time datetime="{}" title="{}"{}>{}</time>').format(
            exact.isoformat(timespec="seconds"), f"{exact:%Y-%m-%d %H:%M:%S} UTC", mark, text
        )
