"""Retry schedules, outcomes, preferences and fan-out decisions, as tables and against a second opinion."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steadydesk.contracts.delivery import Channel, DeliveryState
from steadydesk.contracts.events import EVENT_TYPES
from steadydesk.policies.delivery import (
    LEASE,
    LONGEST_SEND,
    SCHEDULES,
    Addressee,
    Outcome,
    Planned,
    after_try,
    delivery_id,
    given_up,
    plan_people,
    subscribes,
    wanted,
)
from steadydesk.policies.delivery_payload import record_link

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
OPENED = EVENT_TYPES["request.opened"]


@pytest.mark.parametrize(
    ("channel", "outcome", "attempts", "state", "wait"),
    [
        (Channel.MAIL, Outcome.SENT, 1, DeliveryState.SENT, None),
        (Channel.MAIL, Outcome.REFUSED, 1, DeliveryState.DEAD, None),
        (Channel.MAIL, Outcome.NOT_ALLOWED, 1, DeliveryState.SUPPRESSED, None),
        (Channel.MAIL, Outcome.UNKNOWN, 1, DeliveryState.UNCONFIRMED, None),
        (Channel.MAIL, Outcome.AWAY, 1, DeliveryState.QUEUED, timedelta(minutes=1)),
        (Channel.MAIL, Outcome.AWAY, 11, DeliveryState.QUEUED, timedelta(days=1)),
        (Channel.MAIL, Outcome.AWAY, 12, DeliveryState.DEAD, None),
        (Channel.WEBHOOK, Outcome.UNKNOWN, 1, DeliveryState.QUEUED, timedelta(seconds=5)),
        (Channel.WEBHOOK, Outcome.AWAY, 2, DeliveryState.QUEUED, timedelta(minutes=5)),
        (Channel.WEBHOOK, Outcome.AWAY, 10, DeliveryState.DEAD, None),
        (Channel.PROCESS, Outcome.UNKNOWN, 1, DeliveryState.QUEUED, timedelta(seconds=1)),
        (Channel.PROCESS, Outcome.AWAY, 5000, DeliveryState.QUEUED, timedelta(minutes=5)),
    ],
)
def test_what_a_try_leads_to(
    channel: Channel, outcome: Outcome, attempts: int, state: DeliveryState, wait: timedelta | None
) -> None:
    standing = after_try(channel, outcome, attempts=attempts, now=NOW)
    assert standing.state is state
    assert standing.next_at == (NOW + wait if wait is not None else None)


def test_the_schedules_last_for_days() -> None:
    days = {channel: sum(schedule.waits, timedelta()) for channel, schedule in SCHEDULES.items()}
    assert timedelta(days=3) < days[Channel.WEBHOOK] < timedelta(days=4)
    assert timedelta(days=4) < days[Channel.MAIL] < timedelta(days=6)


def test_a_claim_outlasts_every_send() -> None:
    margin = LEASE - LONGEST_SEND
    assert margin > timedelta(seconds=45)


@given(
    channel=st.sampled_from([Channel.MAIL, Channel.WEBHOOK, Channel.PROCESS]),
    attempts=st.integers(1, 20),
    asked=st.none() | st.timedeltas(timedelta(0), timedelta(days=1)),
)
def test_a_target_that_asks_for_time_gets_it(
    channel: Channel, attempts: int, asked: timedelta | None
) -> None:
    plain = after_try(channel, Outcome.AWAY, attempts=attempts, now=NOW)
    patient = after_try(channel, Outcome.AWAY, attempts=attempts, now=NOW, retry_after=asked)
    assert patient.state is plain.state
    if plain.next_at is not None:
        assert patient.next_at == max(plain.next_at, NOW + (asked or timedelta(0)))


def test_only_mails_stay_unconfirmed_when_a_worker_dies() -> None:
    assert given_up(Channel.MAIL, NOW).state is DeliveryState.UNCONFIRMED
    assert given_up(Channel.WEBHOOK, NOW).next_at == NOW
    assert given_up(Channel.PROCESS, NOW).state is DeliveryState.QUEUED


def test_the_exact_line_comes_before_the_general_one_and_yes_is_the_default() -> None:
    said = {("*", "mail"): False, ("request.opened", "mail"): True, ("request.opened", "in_app"): False}
    assert wanted(OPENED, Channel.MAIL, said)
    assert not wanted(OPENED, Channel.IN_APP, said)
    assert not wanted(EVENT_TYPES["task.opened"], Channel.MAIL, said)
    assert wanted(EVENT_TYPES["task.opened"], Channel.IN_APP, said)
    assert wanted(EVENT_TYPES["break-glass.used"], Channel.MAIL, said)


addressees = st.lists(
    st.builds(
        Addressee,
        person=st.sampled_from([f"p_{letter * 12}" for letter in "abcdef"]),
        email=st.sampled_from([None, "a@x.example", "A@x.example", "b@x.example", "c@x.example"]),
        active=st.booleans(),
        service_account=st.booleans(),
        sees=st.booleans(),
        preferences=st.dictionaries(
            st.tuples(st.sampled_from(["*", "request.opened"]), st.sampled_from(["mail", "in_app"])),
            st.booleans(),
        ),
    ),
    max_size=6,
    unique_by=lambda one: one.person,
)


@given(people=addressees, mail=st.booleans())
def test_fan_out_tells_who_may_see_and_nobody_twice(people: list[Addressee], mail: bool) -> None:
    planned = plan_people(OPENED, people, mail=mail)
    assert len(planned) == len(set(planned))
    by_person = {one.person: one for one in people}
    sent = [plan for plan in planned if plan.suppressed is None]
    for plan in sent:
        one = by_person[plan.recipient]
        assert one.active
        assert one.sees
        assert not one.service_account
        assert wanted(OPENED, plan.channel, one.preferences)
    mailed = [by_person[plan.recipient].email for plan in sent if plan.channel is Channel.MAIL]
    assert len({(email or "").lower() for email in mailed}) == len(mailed)
    assert mail or not mailed
    reached = {plan.recipient for plan in sent}
    for one in people:
        told = one.active and one.sees and not one.service_account
        if told and wanted(OPENED, Channel.IN_APP, one.preferences):
            assert one.person in reached


def test_who_may_not_see_the_record_is_suppressed_with_the_reason() -> None:
    blind = Addressee("p_a", "a@x.example", active=True, service_account=False, sees=False)
    assert plan_people(OPENED, [blind], mail=True) == [Planned(Channel.MAIL, "p_a", "may not see the record")]


def test_subscriptions_take_keys_families_and_everything_public() -> None:
    assert subscribes(["request.opened"], OPENED)
    assert subscribes(["request.*"], OPENED)
    assert subscribes(["*"], OPENED)
    assert not subscribes(["task.*", "request.completed"], OPENED)
    assert not subscribes(["*"], EVENT_TYPES["feedback.complaint"])


def test_ids_follow_from_message_channel_and_recipient() -> None:
    first = delivery_id("m1", Channel.MAIL, "p_a")
    assert first == delivery_id("m1", Channel.MAIL, "p_a")
    others = [("m2", Channel.MAIL, "p_a"), ("m1", Channel.WEBHOOK, "p_a"), ("m1", Channel.MAIL, "p_b")]
    assert len({first, *(delivery_id(*each) for each in others)}) == 4


def test_links_lead_to_records_or_to_the_start() -> None:
    assert record_link("https://d.example/", "REQ0000001") == "https://d.example/records/REQ0000001"
    assert record_link("https://d.example", "d_delegation") == "https://d.example"
