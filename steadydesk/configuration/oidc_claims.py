"""Whose OIDC tokens are accepted, and the file that says what their claims mean here."""

from pathlib import Path

from pydantic import ValidationError

from steadydesk.configuration.explain import model_problems
from steadydesk.configuration.problem import Place
from steadydesk.configuration.yaml_source import read_file
from steadydesk.contracts.identity import OidcMapping, OidcRules
from steadydesk.egress.errors import Blocked
from steadydesk.egress.guard import split_url
from steadydesk.settings import OIDC_CLAIMS_FILE, Settings

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def read_rules(settings: Settings) -> OidcRules | None:
    """The rules of the configured issuer; None where none is configured.

    ValueError says what is missing or wrong, for the file of claims with ``file:line:column``.
    """
    issuer, audience = settings.oidc_issuer, settings.oidc_audience
    if issuer is None:
        return None
    try:
        parts = split_url(issuer)
    except Blocked as wrong:
        raise ValueError(f"the OIDC issuer {issuer} must be an https address: {wrong.message}") from None
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise ValueError(f"the OIDC issuer {issuer} must be an https address")
    if audience is None:
        raise ValueError("an OIDC issuer needs an audience: set STEADYDESK_OIDC_AUDIENCE")
    file = settings.oidc_claims_file
    by_default = file.absolute() == (settings.state_dir / OIDC_CLAIMS_FILE).absolute()
    mapping = OidcMapping() if by_default and not file.exists() else read_mapping(file)
    return OidcRules(
        issuer=issuer, audience=audience, mapping=mapping, create_people=settings.oidc_create_people
    )


def read_mapping(file: Path) -> OidcMapping:
    """The mapping of a JSON or YAML file; ValueError with a line for each thing that is wrong, and its place."""
    source = read_file(file)
    problems = source.problems
    if not problems:
        try:
            return OidcMapping.model_validate(source.data or {})
        except ValidationError as error:
            problems = model_problems(error, source.places, Place(str(file), 1, 1), OidcMapping)
    raise ValueError("\n".join(f"{problem.place}: {problem.message}" for problem in problems))
