"""Event types of grants: access and the like that somebody has for a time."""

from steadydesk.contracts.event_type import EventType, event

GRANT_EVENTS: tuple[EventType, ...] = (
    event(
        "grant.started",
        ("Granted", "Gewährt"),
        "A person now has what was ordered for a time.",
        "The holder and the requester.",
        fields="holder entitlement request line expires",
        subject=(
            "{{ number }}: granted",
            "{{ number }}: gewährt",
        ),
        text=(
            """{% if entitlement %}{{ entitlement }} is granted{% else %}What was ordered is
            granted{% endif %}{% if expires %} until {{ expires }}{% endif %}.""",
            """{% if entitlement %}{{ entitlement }} ist gewährt{% else %}Das Bestellte ist
            gewährt{% endif %}{% if expires %} bis {{ expires }}{% endif %}.""",
        ),
    ),
    event(
        "grant.expiring",
        ("Ends soon", "Endet bald"),
        "A grant comes to its end; it can be extended by a request.",
        "The holder, and who ordered it.",
        fields="holder entitlement request expires days",
        subject=(
            "{{ number }} ends soon",
            "{{ number }} endet bald",
        ),
        text=(
            """{% if entitlement %}{{ entitlement }}{% else %}What was granted{% endif %}
            ends{% if expires %} on {{ expires }}{% endif %}. Ask for an extension on its page if it is
            still needed.""",
            """{% if entitlement %}{{ entitlement }}{% else %}Das Gewährte{% endif %} endet{% if expires %}
            am {{ expires }}{% endif %}. Wird es weiter gebraucht, beantragen Sie auf der Seite eine
            Verlängerung.""",
        ),
    ),
    event(
        "grant.extended",
        ("Extended", "Verlängert"),
        "The end of a grant moved by an approved request.",
        "The holder.",
        fields="holder entitlement request before expires",
        subject=(
            "{{ number }} extended",
            "{{ number }} verlängert",
        ),
        text=(
            """{% if entitlement %}{{ entitlement }}{% else %}What was granted{% endif %} is
            extended{% if expires %} until {{ expires }}{% endif %}.""",
            """{% if entitlement %}{{ entitlement }}{% else %}Das Gewährte{% endif %} ist
            verlängert{% if expires %} bis {{ expires }}{% endif %}.""",
        ),
    ),
    event(
        "grant.revoked",
        ("Revoked", "Entzogen"),
        "What was granted is taken back, and that was verified where the target can tell.",
        "The holder, and who ordered it.",
        fields="holder actor entitlement request because reason text",
        subject=(
            "{{ number }}: revoked",
            "{{ number }}: entzogen",
        ),
        text=(
            """{% if entitlement %}{{ entitlement }}{% else %}What was granted{% endif %} is taken
            back.{% if because %} {{ because }}{% endif %}{% if text %}

            The reason given:

            {{ text }}{% endif %}""",
            """{% if entitlement %}{{ entitlement }}{% else %}Das Gewährte{% endif %} ist
            zurückgenommen.{% if because %} {{ because }}{% endif %}{% if text %}

            Als Grund wurde angegeben:

            {{ text }}{% endif %}""",
        ),
    ),
    event(
        "grant.failed",
        ("Grant in trouble", "Störung bei einer Gewährung"),
        "A grant could not be given, or not be taken back; a person has it as a task.",
        "The group that has the task.",
        fields="holder entitlement request task problem attempts",
        subject=(
            "{{ number }}: needs a person",
            "{{ number }}: braucht einen Menschen",
        ),
        text=(
            """{% if entitlement %}{{ entitlement }}{% else %}What was granted{% endif %} could not be
            given or taken back by itself.{% if task %} {{ task }} asks a person to do it.{% endif %}""",
            """{% if entitlement %}{{ entitlement }}{% else %}Das Gewährte{% endif %} ließ sich nicht
            selbsttätig gewähren oder zurücknehmen.{% if task %} {{ task }} bittet einen Menschen
            darum.{% endif %}""",
        ),
    ),
)
