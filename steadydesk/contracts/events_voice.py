"""Event types of the customer's voice: surveys, call-backs, suggestions and complaints."""

from steadydesk.contracts.event_type import EventType, event

VOICE_EVENTS: tuple[EventType, ...] = (
    event(
        "survey.requested",
        ("Your opinion is asked for", "Ihre Meinung ist gefragt"),
        "The person an order was for is asked for a score.",
        "The person it was for.",
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
        "The group that has the task, and the item's owner.",
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
        "The organisation's group for suggestions.",
        fields="actor text",
        subject=(
            "{{ number }}: a suggestion",
            "{{ number }}: ein Vorschlag",
        ),
        text=(
            """{% if actor %}{{ actor }}{% else %}Somebody{% endif %} has a suggestion.{% if text %}

            {{ text }}{% endif %}""",
            """{% if actor %}{{ actor }}{% else %}Jemand{% endif %} hat einen Vorschlag.{% if text %}

            {{ text }}{% endif %}""",
        ),
        public=False,
    ),
    event(
        "feedback.complaint",
        ("Complaint", "Beschwerde"),
        "Somebody complained from the page of a record.",
        "The organisation's group for complaints.",
        fields="actor text",
        subject=(
            "{{ number }}: a complaint",
            "{{ number }}: eine Beschwerde",
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
    ),
)
