"""Event types of the customer's voice: surveys, call-backs, suggestions and complaints."""

from steadydesk.contracts.event_type import EventType, event

VOICE_EVENTS: tuple[EventType, ...] = (
    event(
        "survey.requested",
        ("Your opinion is asked for", "Ihre Meinung ist gefragt"),
        "The person who ordered is asked for a score.",
        "Who ordered it.",
        fields="requester item until",
        subject=(
            "{{ number }}: how did we do?",
            "{{ number }}: waren Sie zufrieden?",
        ),
        text=(
            """Your order is closed. How did we do? A score from 1 to 5 on its page takes a
            moment{% if until %}; it is open until {{ until }}{% endif %}.""",
            """Ihre Bestellung ist abgeschlossen. Waren Sie zufrieden? Eine Note von 1 bis 5 auf ihrer
            Seite dauert nur einen Augenblick{% if until %}; das geht bis {{ until }}{% endif %}.""",
        ),
        public=False,
    ),
    event(
        "call-back.opened",
        ("Call-back wanted", "Rückruf erwünscht"),
        "A low score opened a task to call the person back.",
        "The group that has the task.",
        fields="requester item task group score text",
        subject=(
            "{{ number }}: please call back",
            "{{ number }}: bitte zurückrufen",
        ),
        text=(
            """{% if requester %}{{ requester }}{% else %}The requester{% endif %} was not
            content{% if score %} (score {{ score }} of 5){% endif %}. Please call back and
            listen.{% if text %}

            The comment:

            {{ text }}{% endif %}""",
            """{% if requester %}{{ requester }}{% else %}Der Besteller{% endif %} war nicht
            zufrieden{% if score %} (Note {{ score }} von 5){% endif %}. Bitte zurückrufen und
            zuhören.{% if text %}

            Der Kommentar:

            {{ text }}{% endif %}""",
        ),
        public=False,
    ),
    event(
        "feedback.suggestion",
        ("Suggestion", "Vorschlag"),
        "Somebody suggested an improvement from the page of a record.",
        "Who answers for it: the groups that a restricted record names, else the organisation's group for suggestions "
        "and the process owners of the function; where nobody is there, these alone, else the administrators.",
        fields="about actor text",
        subject=(
            "{{ about }}: a suggestion",
            "{{ about }}: ein Vorschlag",
        ),
        text=(
            """{% if actor %}{{ actor }}{% else %}Somebody{% endif %} has a suggestion.{% if text %}

            {{ text }}{% endif %}""",
            """{% if actor %}{{ actor }}{% else %}Jemand{% endif %} hat einen Vorschlag.{% if text %}

            {{ text }}{% endif %}""",
        ),
        public=False,
        about_record=False,
    ),
    event(
        "feedback.complaint",
        ("Complaint", "Beschwerde"),
        "Somebody complained from the page of a record.",
        "Who answers for it: the groups that a restricted record names, else the organisation's group for complaints "
        "and the process owners of the function; where nobody is there, these alone, else the administrators.",
        fields="about actor text",
        subject=(
            "{{ about }}: a complaint",
            "{{ about }}: eine Beschwerde",
        ),
        text=(
            """{% if actor %}{{ actor }}{% else %}Somebody{% endif %} complains. Please look into
            it.{% if text %}

            {{ text }}{% endif %}""",
            """{% if actor %}{{ actor }}{% else %}Jemand{% endif %} beschwert sich. Bitte gehen Sie dem
            nach.{% if text %}

            {{ text }}{% endif %}""",
        ),
        public=False,
        about_record=False,
    ),
    event(
        "feedback.unattended",
        ("Nobody reads confidential feedback", "Niemand liest eine vertrauliche Rückmeldung"),
        "Somebody suggested or complained from a restricted record, and nobody is in the groups that it names. Which "
        "record, who and what is kept from everybody else.",
        "The process owners of its function; where there are none, the administrators.",
        fields="kind group",
        subject=(
            "Nobody reads confidential feedback",
            "Niemand liest eine vertrauliche Rückmeldung",
        ),
        text=(
            """Somebody said something of a confidential record{% if kind %} of {{ kind }}{% endif %}, and the groups
            that may read it, {{ group }} among them, have no active member. Please put somebody into that group, who
            then finds it among the feedback. It is kept under {{ number }}.""",
            """Jemand hat sich zu einem vertraulichen Vorgang{% if kind %} von {{ kind }}{% endif %} geäußert, und die
            Gruppen, die das lesen dürfen, darunter {{ group }}, haben kein aktives Mitglied. Bitte nehmen Sie jemanden
            in diese Gruppe auf, der es dann unter den Rückmeldungen findet. Festgehalten ist es unter
            {{ number }}.""",
        ),
        public=False,
        about_record=False,
        mandatory=True,
    ),
)
