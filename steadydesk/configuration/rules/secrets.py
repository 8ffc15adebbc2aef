"""Rules on secrets: none stands in the configuration, and each is used only where it may be."""

import math
import re
from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

from steadydesk.configuration.inspection import Inspection
from steadydesk.configuration.problem import Path, Severity, did_you_mean
from steadydesk.configuration.rules.registry import Finding, rule
from steadydesk.contracts.organisation import ConnectorDefinition
from steadydesk.contracts.plan import Value

_REFERENCE = re.compile(r"secret://([a-z][a-z0-9-]{0,62})")
_TELLING_KEY = re.compile(
    r"pass(word|wd|phrase)?$|token|secret|api[-_]?key|private[-_]?key|credential", re.IGNORECASE
)
_TELLING_VALUE = re.compile(
    r"^(whsec_|sk_(live|test)_|xox[abprs]-|gh[pousr]_|glpat-|AKIA|eyJ[A-Za-z0-9_-]{10,}\.|Bearer |Basic )"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----|://[^/\s:@]+:[^/\s@]+@"
)
_LITERAL = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")
"""A text in CEL."""
_DENSE = re.compile(r"[A-Za-z0-9+/_=-]{24,}")
_DENSE_BITS = 4.0
"""Bits per character from which a long word is taken for a key: prose and identifiers stay below."""


@rule("C704", Severity.ERROR, "A secret that stands in the configuration")
def literal_secrets(inspection: Inspection) -> Iterator[Finding]:
    """Everybody who reads the configuration would have it; define it under 'secrets' and write secret://name."""
    for path, key, value in _literals(inspection):
        if _REFERENCE.fullmatch(value):
            continue
        if _TELLING_VALUE.search(value) or _looks_random(value) or (_TELLING_KEY.search(key) and value):
            yield Finding(
                path, f"'{key}' holds what looks like a secret; define it under 'secrets', write secret://…"
            )


@rule("C705", Severity.ERROR, "A secret used outside of its scope")
def foreign_secrets(inspection: Inspection) -> Iterator[Finding]:
    """A secret names the connectors, hosts and functions that may use it; the connector checks it again."""
    organisation = inspection.organisation
    for key, connector in organisation.connectors.items():
        for path, _, value in _texts(connector.config, ("connectors", key, "config")):
            match = _REFERENCE.fullmatch(value)
            if match is None:
                continue
            secret = organisation.secrets.get(match[1])
            if secret is None:
                hint = did_you_mean(match[1], organisation.secrets)
                yield Finding(path, f"there is no secret '{match[1]}'{hint}")
                continue
            used_by = {item.function for _, item, _, call in inspection.calls() if call.connector == key}
            yield from (
                Finding(path, f"the secret '{match[1]}' may not be used by {what}")
                for what in _refusals(
                    key, connector, used_by, secret.connectors, secret.hosts, secret.functions
                )
            )


@rule("C707", Severity.ERROR, "A secret reference where none is read")
def misplaced_references(inspection: Inspection) -> Iterator[Finding]:
    """Only the configuration of a connector is read for secrets: anywhere else the text itself would be sent."""
    for path, _, value in _values(inspection):
        if "secret://" in value:
            message = (
                "what a step says is taken as it stands; refer to a secret in the connector's 'config', "
                "such as auth: {scheme: bearer, secret: secret://name}"
            )
            yield Finding(path, message)


def _refusals(
    key: str,
    connector: ConnectorDefinition,
    used_by: set[str],
    connectors: list[str],
    hosts: list[str],
    functions: list[str],
) -> Iterator[str]:
    if key not in connectors:
        yield f"the connector '{key}'"
    host = _host(connector)
    if host is not None and host.lower() not in {entry.lower() for entry in hosts}:
        yield f"the host '{host}'"
    for function in sorted(used_by - set(functions)):
        yield f"the function '{function}', whose items call '{key}'"


def _host(connector: ConnectorDefinition) -> str | None:
    address = connector.config.get("base_url") or connector.config.get("url")
    if isinstance(address, str):
        try:
            return urlsplit(address).hostname
        except ValueError:
            return None  # What is no address, C701 tells.
    host = connector.config.get("host")
    return host if isinstance(host, str) else None


def _literals(inspection: Inspection) -> Iterator[tuple[Path, str, str]]:
    for key, connector in inspection.organisation.connectors.items():
        yield from _texts(connector.config, ("connectors", key, "config"))
    yield from _values(inspection)


def _values(inspection: Inspection) -> Iterator[tuple[Path, str, str]]:
    """The texts that steps hand on, to other systems, other requests or people."""
    for path, _, _, call in inspection.calls():
        for name, value in call.values.items():
            yield from _given(value, (*path, "values", name), name)
    for path, _, step in inspection.steps():
        for name, value in step.variables.items():
            yield from _given(value, (*path, "variables", name), name)
        yield from _texts(step.instruction, (*path, "instruction"), "instruction")
        if step.undo is not None:
            yield from _texts(step.undo.instruction, (*path, "undo", "instruction"), "instruction")


def _given(value: Value, path: Path, name: str) -> Iterator[tuple[Path, str, str]]:
    yield from _texts(value.value, (*path, "value"), name)
    source = (value.cel or "").strip()
    for literal in _LITERAL.finditer(source):
        text = (literal[1] or literal[2] or "").strip()
        # A word within a longer expression is often no value at all, such as one that is compared with.
        yield (*path, "cel"), name if literal[0] == source else "cel", text


def _texts(value: object, path: Path, key: str = "") -> Iterator[tuple[Path, str, str]]:
    """Every text below ``value``: its place, the nearest key that names it, and itself."""
    if isinstance(value, str):
        yield path, key, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _texts(inner, (*path, str(name)), str(name))
    elif isinstance(value, list | tuple):
        for position, inner in enumerate(value):
            yield from _texts(inner, (*path, position), key)


def _looks_random(text: str) -> bool:
    return any(
        _entropy(word) >= _DENSE_BITS and any(letter.isdigit() for letter in word)
        for word in _DENSE.findall(text)
    )


def _entropy(word: str) -> float:
    """Shannon entropy of the characters, in bits per character."""
    counts = Counter(word).values()
    return -sum(count / len(word) * math.log2(count / len(word)) for count in counts)
