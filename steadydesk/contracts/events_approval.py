"""Event types of approval gates."""

from steadydesk.contracts.event_type import EventType, event

_OUTCOMES = {"approved": ("Approved", "Genehmigt"), "rejected": ("Not approved", "Nicht genehmigt")}

APPROVAL_EVENTS: tuple[EventType, ...] = (
    event(
        "approval.requested",
        ("Approval requested", "Genehmigung erbeten"),
        "A gate opened and waits for a decision.",
        "Those who may decide, and who stands in for them.",
        fields="requester item line gate policy stage due fields",
        subject=(
            "{{ number }} needs your approval: {{ title }}",
            "{{ number }} braucht Ihre Genehmigung: {{ title }}",
        ),
        text=(
            """{% if requester %}{{ requester }} asks{% else %}You are asked{% endif %} for your
            approval{% if due %} by {{ due }}{% endif %}. Decide on the page; an answer to this mail
            decides nothing.""",
            """{% if requester %}{{ requester }} bittet{% else %}Sie werden gebeten{% endif %} um Ihre
            Genehmigung{% if due %} bis {{ due }}{% endif %}. Entscheiden Sie auf der Seite; eine
            Antwort auf diese Mail entscheidet nichts.""",
        ),
    ),
    event(
        "approval.reminder",
        ("Approval still open", "Genehmigung noch offen"),
        "A decision is still missing and its due time comes near.",
        "Those who may decide and have not.",
        fields="requester item line gate policy stage due percent",
        subject=(
            "Reminder: {{ number }} waits for your approval",
            "Erinnerung: {{ number }} wartet auf Ihre Genehmigung",
        ),
        text=(
            "Your decision is still missing{% if due %}; it is due by {{ due }}{% endif %}.",
            "Ihre Entscheidung fehlt noch{% if due %}; sie wird bis {{ due }} gebraucht{% endif %}.",
        ),
    ),
    event(
        "approval.expired",
        ("Approval expired", "Genehmigung abgelaufen"),
        "Nobody decided in time and the policy's outcome took effect.",
        "The requester, and those who could still decide.",
        fields="requester item line gate policy stage outcome because",
        subject=(
            "{{ number }}: nobody decided in time",
            "{{ number }}: nicht rechtzeitig entschieden",
        ),
        text=(
            "The time for a decision has passed.{% if because %} {{ because }}{% endif %}",
            "Die Zeit für eine Entscheidung ist abgelaufen.{% if because %} {{ because }}{% endif %}",
        ),
    ),
    event(
        "approval.escalated",
        ("Approval escalated", "Genehmigung eskaliert"),
        "Nobody decided in time, and the next ones up are asked.",
        "Those who are asked now, and those who were asked before.",
        fields="requester item line gate policy stage due fields",
        subject=(
            "{{ number }}: approval escalated to you",
            "{{ number }}: Genehmigung an Sie eskaliert",
        ),
        text=(
            """An approval was not decided in time and goes up the line{% if due %}; it is due by
            {{ due }}{% endif %}.""",
            """Eine Genehmigung wurde nicht rechtzeitig entschieden und geht eine Stufe höher{% if due %};
            sie wird bis {{ due }} gebraucht{% endif %}.""",
        ),
    ),
    event(
        "approval.decided",
        ("Approval decided", "Genehmigung entschieden"),
        "A gate was decided.",
        "The requester, the person it is for and the watchers.",
        fields="requester item line gate policy stage outcome",
        outcomes=_OUTCOMES,
        subject=(
            """{{ number }}: {% if outcome == "approved" %}approved{% elif outcome == "rejected" %}not
            approved{% else %}approval decided{% endif %}""",
            """{{ number }}: {% if outcome == "approved" %}genehmigt{% elif outcome == "rejected" %}nicht
            genehmigt{% else %}Genehmigung entschieden{% endif %}""",
        ),
        text=(
            """The approval{% if stage %} "{{ stage }}"{% endif %} is decided{% if outcome == "approved" %}:
            approved{% elif outcome == "rejected" %}: not approved{% endif %}.""",
            """Die Genehmigung{% if stage %} „{{ stage }}“{% endif %} ist entschieden{% if outcome == "approved"
            %}: genehmigt{% elif outcome == "rejected" %}: nicht genehmigt{% endif %}.""",
        ),
    ),
    event(
        "approval.voided",
        ("Approval void", "Genehmigung hinfällig"),
        "A material field changed, so a given or pending approval no longer holds.",
        "Those who had approved or could decide, and the requester.",
        fields="requester item line gate policy stage fields",
        subject=(
            "{{ number }} changed: please approve again",
            "{{ number }} geändert: bitte erneut genehmigen",
        ),
        text=(
            """The order changed{% if fields %} ({{ fields }}){% endif %}, so the approval no longer holds.
            The page shows the difference; approving again takes one step.""",
            """Die Bestellung wurde geändert{% if fields %} ({{ fields }}){% endif %}, die Genehmigung gilt
            nicht mehr. Die Seite zeigt den Unterschied; erneut genehmigen ist ein Schritt.""",
        ),
    ),
    event(
        "approval.question",
        ("Question before approval", "Rückfrage vor der Genehmigung"),
        "An approver asks the requester before deciding.",
        "The requester.",
        fields="requester actor item line gate policy stage text until",
        subject=(
            "{{ number }}: a question to you",
            "{{ number }}: eine Rückfrage an Sie",
        ),
        text=(
            """{% if actor %}{{ actor }}{% else %}An approver{% endif %} asks before
            deciding{% if until %}; please answer by {{ until }}{% endif %}.{% if text %}

            {{ text }}{% endif %}""",
            """{% if actor %}{{ actor }}{% else %}Jemand{% endif %} fragt vor der Entscheidung
            zurück{% if until %}; bitte antworten Sie bis {{ until }}{% endif %}.{% if text %}

            {{ text }}{% endif %}""",
        ),
    ),
    event(
        "approval.cancelled",
        ("Approval no longer needed", "Genehmigung nicht mehr nötig"),
        "A gate was closed because its order was cancelled or the stage is not needed any more.",
        "Those who could decide.",
        fields="requester item line gate policy stage reason",
        subject=(
            "{{ number }}: approval no longer needed",
            "{{ number }}: Genehmigung nicht mehr nötig",
        ),
        text=(
            "You need not decide any more.",
            "Sie müssen nicht mehr entscheiden.",
        ),
    ),
)
