"""Tables of doings have an entry for every kind."""

from typing import get_args

from activities import advance, clock
from steadydesk.contracts.agenda import ErrandKind
from steadydesk.policies.alarms import AlarmKind
from steadydesk.policies.request import Move
from workflows.parts import task_plan


def test_every_move_is_carried_out() -> None:
    assert set(advance._DOINGS) == set(get_args(Move))


def test_every_alarm_does_something() -> None:
    assert set(clock._RINGS) == set(AlarmKind)


def test_every_errand_has_its_activity() -> None:
    assert set(task_plan._ACTIVITIES) == set(ErrandKind)
