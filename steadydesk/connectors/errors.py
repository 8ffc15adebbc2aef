"""Typed errors of connectors. No message of theirs holds a value, a secret or the words of a remote.

ConnectorFault            (`EgressFault` where no connector is concerned; with * from `steadydesk.egress.errors`)
├── Refused               the remote said no: final
├── Unavailable *         nothing happened: try again, not before `retry_after`
├── OutcomeUnknown *      sent, but no usable answer: never blindly again
├── Blocked *             the egress guard forbids the destination: final
├── BadValue              a value cannot be carried where the operation puts it: final
├── NeedsPerson           no machine does this: a person does, by the instruction
└── BadConfiguration *    the configuration, not the call, is wrong: final until it is changed
    ├── SecretForbidden   the secret may not be used by this connector, host or function
    ├── SecretMissing     the secret is defined but cannot be read
    └── TemplateRefused   a template is outside its language, its fields or its limits
"""

from steadydesk.contracts.language import LocalisedText
from steadydesk.egress.errors import BadConfiguration, Blocked, OutcomeUnknown, Unavailable
from steadydesk.egress.errors import EgressFault as ConnectorFault

__all__ = [
    "BadConfiguration",
    "BadValue",
    "Blocked",
    "ConnectorFault",
    "NeedsPerson",
    "OutcomeUnknown",
    "Refused",
    "SecretForbidden",
    "SecretMissing",
    "TemplateRefused",
    "Unavailable",
]


class Refused(ConnectorFault):
    pass


class BadValue(ConnectorFault):
    """`field` names the value; the value itself is not kept."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field


class NeedsPerson(ConnectorFault):
    """`instruction` comes from the configuration and says what the person has to do, in one or several languages."""

    def __init__(self, instruction: LocalisedText) -> None:
        super().__init__("a person has to do this step")
        self.instruction = instruction


class SecretForbidden(BadConfiguration):
    pass


class SecretMissing(BadConfiguration):
    pass


class TemplateRefused(BadConfiguration):
    pass
