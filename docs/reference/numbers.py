"""The numbers of the request process, as the code has them: a part of `docs/processes/request.md`."""

import re
from datetime import timedelta

from activities.questions import MOST_REMINDERS, REMINDERS_AFTER_DAYS
from activities.voice import ANSWER_WITHIN, LOW_SCORE
from api.commands import ANSWER_WITHIN as API_ANSWERS_WITHIN
from docs.reference.markdown import table
from steadydesk.contracts.agenda import MOST_HANDLED
from steadydesk.contracts.approval_policy import RESUBMIT_WITHIN, Stage
from steadydesk.contracts.page import LARGEST_PAGE
from steadydesk.contracts.plan import GrantDefinition, Retry, Step
from steadydesk.contracts.sla import BREACH_PERCENT
from steadydesk.policies.waiting_gate import MOST_ESCALATIONS

_MARKS = re.compile(r"(<!-- numbers: [^>]*-->\n).*?(\n<!-- end of numbers -->)", re.DOTALL)


def with_numbers(text: str) -> str:
    """The page with the part between the marks renewed; ValueError where the marks are missing."""
    renewed, count = _MARKS.subn(lambda marks: marks[1] + numbers_table() + marks[2], text)
    if count != 1:
        raise ValueError("the page has no marks '<!-- numbers: … -->' and '<!-- end of numbers -->'")
    return renewed


def numbers_table() -> str:
    return table(("what", "value", "where it is set"), [*_configured(), *_fixed()])


def _configured() -> list[tuple[str, str, str]]:
    stage, retry = Stage.model_fields, Retry()
    grant_reminder = GrantDefinition.model_fields["remind_before"].default
    reminders = stage["remind_at"].get_default(call_default_factory=True, validated_data={})
    return [
        ("due time of an approval stage", _time(stage["due"].default), "stage `due`, business time"),
        ("reminders of an approval", " and ".join(f"{each} %" for each in reminders), "stage `remind_at`"),
        ("longest rest of an approval on questions", _time(stage["ask_limit"].default), "stage `ask_limit`"),
        ("attempts of an automated step", str(retry.attempts), "step `retry.attempts`"),
        (
            "between two attempts",
            f"{_time(retry.first)}, doubling to {_time(retry.longest)}",
            "step `retry`",
        ),
        (
            "time to decide on a failed step, and as long again after its escalation",
            _time(Step.model_fields["decide_within"].default),
            "step `decide_within`, business time",
        ),
        ("time to resubmit", _time(RESUBMIT_WITHIN), "policy `resubmit_within`, business time"),
        (
            "reminder before a grant ends",
            _time(grant_reminder),
            "`remind_before`",
        ),
    ]


def _fixed() -> list[tuple[str, str, str]]:
    every, ends = REMINDERS_AFTER_DAYS, (MOST_REMINDERS + 1) * REMINDERS_AFTER_DAYS
    return [
        (
            "escalations of an approval",
            str(MOST_ESCALATIONS),
            "fixed: one level up each; the fallback group where nobody is above",
        ),
        ("escalations of a task", "2", "fixed: the group's manager, then the owners of the process"),
        ("breach of a promise or an approval", f"{BREACH_PERCENT} %", "fixed"),
        (
            "reminders of a fulfiller's question",
            f"{MOST_REMINDERS}, every {every} business days; the end after {ends}",
            "fixed",
        ),
        ("time to answer a survey", _time(ANSWER_WITHIN), "fixed"),
        ("score that opens a call-back", f"{LOW_SCORE} or less", "fixed"),
        ("wait of an API caller", f"{API_ANSWERS_WITHIN:g} s, then 202", "fixed"),
        ("updates before a process continues as new", f"{MOST_HANDLED:,}", "fixed"),
        ("largest page of a list", str(LARGEST_PAGE), "fixed"),
    ]


def _time(span: timedelta) -> str:
    for size, word in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        count, rest = divmod(int(span.total_seconds()), size)
        if count and not rest:
            # A duration of 24 open hours is no day of anybody's calendar.
            return f"{count} {word}" if count > 1 else f"1 {word[:-1]}"
    return f"{span.total_seconds():g} s"
