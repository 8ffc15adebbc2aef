"""Search attributes: what operators filter by in the Temporal UI. Never personal data.

SQL visibility has ten Keyword slots and three of each other type for the whole namespace.
"""

RECORD_TYPE = "ItsmType"
STATE = "ItsmState"
ASSIGNMENT_GROUP = "ItsmGroup"
SERVICE = "ItsmService"
WAITING_FOR = "ItsmWaitingFor"
DUE = "ItsmDue"
PRIORITY = "ItsmPriority"

SEARCH_ATTRIBUTES: dict[str, str] = {
    RECORD_TYPE: "Keyword",
    STATE: "Keyword",
    ASSIGNMENT_GROUP: "Keyword",
    SERVICE: "Keyword",
    WAITING_FOR: "Keyword",
    DUE: "Datetime",
    PRIORITY: "Int",
}
"""Name to Temporal's indexed value type; registered at start-up, before the first worker polls."""
