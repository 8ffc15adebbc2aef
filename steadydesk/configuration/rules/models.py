"""Rules on process models: every state is entered and left, and only inside its phase."""

from collections.abc import Iterator

from steadydesk.configuration.inspection import Inspection
from steadydesk.configuration.problem import Path, Severity, did_you_mean
from steadydesk.configuration.rules.registry import Finding, rule
from steadydesk.contracts.process_model import ProcessModel

FIELDS = frozenset({"assigned_to", "assignment_group", "work_notes", "comments", "close_code", "close_notes"})
"""Fields that a state may require on entry."""


def _models(inspection: Inspection) -> Iterator[tuple[Path, ProcessModel]]:
    for key, model in inspection.organisation.process_models.items():
        yield ("process_models", key), model


@rule("C401", Severity.ERROR, "A state that is never entered", at_key=True)
def unreachable_states(inspection: Inspection) -> Iterator[Finding]:
    """A process enters the first state of a phase; every other one needs a transition that leads to it."""
    for path, model in _models(inspection):
        reached = {model.entry(state.phase) for state in model.states.values()}
        while added := {move.target for move in model.transitions if move.origin in reached} - reached:
            reached |= added
        for key, state in model.states.items():
            if key not in reached:
                entry = model.entry(state.phase)
                message = f"no transition leads from '{entry}', the entry of phase {state.phase}, to '{key}'"
                yield Finding((*path, "states", key), message)


@rule("C402", Severity.ERROR, "A transition between phases")
def crossing_transitions(inspection: Inspection) -> Iterator[Finding]:
    """Only the process itself changes the phase; people move a record between states of one phase."""
    for path, model in _models(inspection):
        for position, move in enumerate(model.transitions):
            ends = [model.states.get(move.origin), model.states.get(move.target)]
            phases = [state.phase for state in ends if state is not None]
            if len(phases) == 2 and phases[0] is not phases[1]:
                message = f"'{move.origin}' is of phase {phases[0]}, '{move.target}' of phase {phases[1]}"
                yield Finding((*path, "transitions", position), message)


@rule("C403", Severity.ERROR, "A transition from or to an unknown state")
def unknown_states(inspection: Inspection) -> Iterator[Finding]:
    """It could never be made."""
    for path, model in _models(inspection):
        for position, move in enumerate(model.transitions):
            for name, state in (("from", move.origin), ("to", move.target)):
                if state not in model.states:
                    hint = did_you_mean(state, model.states)
                    yield Finding(
                        (*path, "transitions", position, name), f"there is no state '{state}'{hint}"
                    )


@rule("C404", Severity.ERROR, "A state that cannot end")
def endless_states(inspection: Inspection) -> Iterator[Finding]:
    """Its only ways on are closed: nobody has the right, or it asks for a field that no record has."""
    for path, model in _models(inspection):
        for position, move in enumerate(model.transitions):
            if not move.rights:
                message = f"nobody may move on from '{move.origin}': give 'rights'"
                yield Finding((*path, "transitions", position, "rights"), message)
        for key, state in model.states.items():
            for position, name in enumerate(state.requires):
                if name not in FIELDS:
                    where = (*path, "states", key, "requires", position)
                    yield Finding(where, f"no record has the field '{name}'{did_you_mean(name, FIELDS)}")


@rule("C405", Severity.ERROR, "A transition of a closed record")
def moves_after_the_end(inspection: Inspection) -> Iterator[Finding]:
    """A closed record stays as it is."""
    for path, model in _models(inspection):
        for position, move in enumerate(model.transitions):
            origin = model.states.get(move.origin)
            if origin is not None and origin.phase.is_closed:
                message = f"'{move.origin}' is closed; a closed record does not move"
                yield Finding((*path, "transitions", position), message)
