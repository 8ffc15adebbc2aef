"""docs/configuration.md says what the models and rules say."""

import re
from pathlib import Path

from steadydesk.configuration.reference import keys_reference, renew, rules_reference
from steadydesk.configuration.rules import RULES

DOCS = Path(__file__).parents[2] / "docs" / "configuration.md"


def _between(begin: str, end: str) -> str:
    match = re.search(
        rf"<!-- {begin}: [^>]*-->\n(.*)\n<!-- {end} -->", DOCS.read_text(encoding="utf-8"), re.DOTALL
    )
    assert match is not None
    return match[1]


def test_the_rules_are_documented() -> None:
    """Renew the part between the marks with `python -m steadydesk.configuration.reference docs/configuration.md`."""
    assert _between("rules", "end of rules") == rules_reference()
    for rule in RULES.values():
        assert rule.title
        assert rule.reason


def test_the_keys_are_documented() -> None:
    assert renew(DOCS.read_text(encoding="utf-8")) == DOCS.read_text(encoding="utf-8")
    assert _between("keys", "end of keys") == keys_reference()
    assert "### CatalogItem" in keys_reference()
    assert "| `promise` | duration | **required** |" in keys_reference()


def test_a_default_is_written_as_in_a_file() -> None:
    assert "| `[fulfiller, process-owner]` |" in keys_reference()
    assert "| `[50, 75]` | Percent of the due time. |" in keys_reference()
