"""What a run says at its end: what was explained and what was not, each case by name, and the closing line."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from bench.real_requests.case import Act, Case, in_order
from bench.real_requests.replay import Outcome, Verdict
from bench.real_requests.rules import MOST_EXPLAINED, RULES
from bench.real_requests.script import Kind, amount_of, script_of


def report(outcomes: Sequence[Outcome]) -> list[str]:
    return [*_explained(outcomes), *_liberties(outcomes), *_unexplained(outcomes), closing_line(outcomes)]


def closing_line(outcomes: Sequence[Outcome]) -> str:
    counts = Counter(outcome.verdict for outcome in outcomes)
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict)


def is_good(outcomes: Sequence[Outcome]) -> bool:
    """Nothing unexplained, and no more explained than the rules allow."""
    counts = Counter(outcome.verdict for outcome in outcomes)
    return not counts[Verdict.UNEXPLAINED] and counts[Verdict.EXPLAINED] <= MOST_EXPLAINED * len(outcomes)


def _explained(outcomes: Sequence[Outcome]) -> list[str]:
    by_rule: defaultdict[str, list[str]] = defaultdict(list)
    for outcome in outcomes:
        if outcome.verdict is Verdict.EXPLAINED and outcome.why:
            by_rule[outcome.why].append(outcome.case.name)
    lines = [
        f"explained, {rule.name} ({rule.why}): {len(by_rule[rule.name])}: {' '.join(sorted(by_rule[rule.name]))}"
        for rule in RULES
        if by_rule[rule.name]
    ]
    explained = sum(map(len, by_rule.values()))
    if explained > MOST_EXPLAINED * len(outcomes):
        lines.append(f"more than {MOST_EXPLAINED:.0%} are explained: {explained} of {len(outcomes)}")
    return lines


def _unexplained(outcomes: Sequence[Outcome]) -> list[str]:
    return [
        f"unexplained, {outcome.case.name} ({outcome.number or 'no request'}): {outcome.why}"
        for outcome in outcomes
        if outcome.verdict is Verdict.UNEXPLAINED
    ]


def _liberties(outcomes: Sequence[Outcome]) -> list[str]:
    """Where a matched case was repeated with other means than the log's, by name."""
    found: dict[str, list[str]] = defaultdict(list)
    for outcome in outcomes:
        if outcome.verdict is Verdict.MATCHED:
            for liberty in liberties(outcome.case):
                found[liberty].append(outcome.case.name)
    return [f"matched, {liberty}: {len(names)}: {_some(names)}" for liberty, names in sorted(found.items())]


def liberties(case: Case) -> list[str]:
    """What the replay of this case took upon itself; the docs say why."""
    events = in_order(case)
    actions = script_of(case, events)
    director = any(event.role == "DIRECTOR" for event in events)
    amounts = case.amount is not None and amount_of(case, director=director) != max(
        round(case.amount, 2), 0.01
    )
    checks = {
        "approvals of one second put into the policy's order": tuple(events) != case.events,
        "amount moved to the log's side of the director's limit": amounts,
        "given back after the final approval by those who pay": any(
            a.kind is Kind.GIVE_BACK for a in actions
        ),
        "payment handled without having been requested": any(action.kind is Kind.SKIP for action in actions),
        "changed by its requester while in approval": _changed_in_approval(case),
    }
    return [liberty for liberty, taken in checks.items() if taken]


def _changed_in_approval(case: Case) -> bool:
    pairs = zip(case.events, case.events[1:], strict=False)
    return any(now.act is Act.SUBMITTED and before.act.is_approval for before, now in pairs)


def _some(names: Sequence[str]) -> str:
    shown = " ".join(sorted(names)[:5])
    return shown if len(names) <= 5 else f"{shown} …"
