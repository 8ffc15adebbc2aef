"""Rules on templates: known events, known fields, inside the template language."""

from collections.abc import Iterator

from steadydesk.configuration.inspection import Inspection
from steadydesk.configuration.problem import Path, Severity, did_you_mean
from steadydesk.configuration.rules.registry import Finding, rule
from steadydesk.connectors.errors import TemplateRefused
from steadydesk.connectors.template import Template, TemplateForm
from steadydesk.contracts.events import EVENT_TYPES
from steadydesk.contracts.language import LocalisedText

COMMON_FIELDS = frozenset({"number", "subject", "title", "link", "organisation", "recipient"})
"""What every message may say beside the facts of its event."""


@rule("C804", Severity.ERROR, "A template for an event that does not exist", at_key=True)
def unknown_events(inspection: Inspection) -> Iterator[Finding]:
    """It would never be sent."""
    for key in inspection.organisation.templates:
        if key not in EVENT_TYPES:
            yield Finding(("templates", key), f"there is no event '{key}'{did_you_mean(key, EVENT_TYPES)}")


@rule("C805", Severity.ERROR, "A template that cannot be filled")
def unusable_templates(inspection: Inspection) -> Iterator[Finding]:
    """Templates read the fields of their event only, in a small part of Jinja without calls."""
    for key, template in inspection.organisation.templates.items():
        if key not in EVENT_TYPES:
            continue
        fields = COMMON_FIELDS | EVENT_TYPES[key].fields.keys()
        for part, text in (("subject", template.subject), ("text", template.text)):
            for path, source in _sources(("templates", key, part), text):
                try:
                    Template(source, fields, TemplateForm.TEXT)
                except TemplateRefused as refused:
                    yield Finding(path, refused.message)


def _sources(path: Path, text: LocalisedText) -> Iterator[tuple[Path, str]]:
    if isinstance(text, str):
        yield path, text
    else:
        yield from (((*path, language), source) for language, source in text.items())
