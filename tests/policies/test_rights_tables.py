from pathlib import Path

from steadydesk.policies.rights_tables import permissions_table, renew, visibility_table

DOCS = Path(__file__).parents[2] / "docs" / "visibility.md"


def test_the_page_has_the_tables_of_the_code() -> None:
    """Renew it with the one line that fails here."""
    document = DOCS.read_text(encoding="utf-8")
    assert renew(document) == document
    assert visibility_table() in document
    assert permissions_table() in document


def test_the_matrix_says_what_the_rules_say() -> None:
    table = visibility_table().splitlines()
    assert "| cancel | x | x |  |  |  | x |  |  |" in table
    assert "| work note |  |  |  |  | x | x |  |  |" in table
    assert table[0].startswith("| verb | requester | requested for | watcher | approver |")
