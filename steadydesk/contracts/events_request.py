"""Event types of an order as a whole: opened, decided, late and ended."""

from steadydesk.contracts.event_type import EventType, event

REQUEST_EVENTS: tuple[EventType, ...] = (
    event(
        "request.opened",
        ("Order received", "Bestellung eingegangen"),
        "An order was accepted and its process runs.",
        "The requester, the person it is for and the watchers.",
        fields="requester actor item expected_at state",
        subject=(
            "{{ number }} received: {{ title }}",
            "{{ number }} eingegangen: {{ title }}",
        ),
        text=(
            """We have received your order{% if item %}: {{ item }}{% endif %}.{% if expected_at %} It is expected
            to be complete by {{ expected_at }}.{% endif %}""",
            """Ihre Bestellung ist eingegangen{% if item %}: {{ item }}{% endif %}.{% if expected_at %} Voraussichtlich
            ist sie bis {{ expected_at }} erledigt.{% endif %}""",
        ),
    ),
    event(
        "request.approved",
        ("Order approved", "Bestellung genehmigt"),
        "Every approval that a line needs was given.",
        "The requester and the person it is for.",
        fields="requester item line expected_at state",
        subject=(
            "{{ number }} approved: {{ title }}",
            "{{ number }} genehmigt: {{ title }}",
        ),
        text=(
            """Your order is approved and is now being fulfilled.{% if expected_at %} It is expected to be
            complete by {{ expected_at }}.{% endif %}""",
            """Ihre Bestellung ist genehmigt und wird jetzt ausgeführt.{% if expected_at %} Voraussichtlich
            ist sie bis {{ expected_at }} erledigt.{% endif %}""",
        ),
    ),
    event(
        "request.rejected",
        ("Order rejected", "Bestellung abgelehnt"),
        "An approval was refused, or the item's pre-approval had ended: the line is closed.",
        "The requester and the person it is for.",
        fields="requester item line gate stage because text state close_code",
        subject=(
            "{{ number }} rejected: {{ title }}",
            "{{ number }} abgelehnt: {{ title }}",
        ),
        text=(
            """Your order was not approved.{% if because %} {{ because }}{% endif %}{% if text %}

            The approver wrote:

            {{ text }}{% endif %}""",
            """Ihre Bestellung wurde nicht genehmigt.{% if because %}
            {{ because }}{% endif %}{% if text %}

            Dazu wurde geschrieben:

            {{ text }}{% endif %}""",
        ),
    ),
    event(
        "request.returned",
        ("Order returned", "Bestellung zurückgegeben"),
        "An approval was refused, or who fulfils the order gave it back: the requester may change and resubmit.",
        "The requester.",
        fields="requester item line gate stage text due state",
        subject=(
            "{{ number }} needs a change from you",
            "{{ number }} braucht eine Änderung von Ihnen",
        ),
        text=(
            """Your order was returned to you: change it and submit it again, or withdraw it{% if due %} by
            {{ due }}{% endif %}.{% if text %}

            The approver wrote:

            {{ text }}{% endif %}""",
            """Ihre Bestellung kam zurück: ändern Sie sie und reichen Sie sie erneut ein, oder ziehen Sie
            sie zurück{% if due %}, bis {{ due }}{% endif %}.{% if text %}

            Dazu wurde geschrieben:

            {{ text }}{% endif %}""",
        ),
    ),
    event(
        "request.recalled",
        ("Order recalled", "Bestellung zurückgeholt"),
        "The requester took an order back out of its approval, to change and resubmit it.",
        "The requester, the person it is for and the watchers.",
        fields="requester actor item line gate due state",
        subject=(
            "{{ number }} was taken back to be changed",
            "{{ number }} wurde zur Änderung zurückgeholt",
        ),
        text=(
            """The order was taken back out of its approval. Change it and submit it again, or withdraw it{% if due %},
            by {{ due }}{% endif %}.""",
            """Die Bestellung wurde aus der Genehmigung zurückgeholt. Ändern Sie sie und reichen Sie sie erneut ein,
            oder ziehen Sie sie zurück{% if due %}, bis {{ due }}{% endif %}.""",
        ),
    ),
    event(
        "request.resubmitted",
        ("Order resubmitted", "Bestellung erneut eingereicht"),
        "A returned order was changed and submitted again.",
        "The requester, the person it is for and the watchers.",
        fields="requester actor item line fields state",
        subject=(
            "{{ number }} was submitted again",
            "{{ number }} wurde erneut eingereicht",
        ),
        text=(
            "The changed order was submitted and goes for approval again.",
            "Die geänderte Bestellung wurde eingereicht und geht erneut in die Genehmigung.",
        ),
    ),
    event(
        "request.expected-date-changed",
        ("Expected date changed", "Voraussichtlicher Termin geändert"),
        "The day on which an order is expected to be complete moved.",
        "The requester and the person it is for.",
        fields="requester item line before expected_at because",
        subject=("{{ number }}: new expected date", "{{ number }}: neuer voraussichtlicher Termin"),
        text=(
            """{% if expected_at %}Your order is now expected to be complete by {{ expected_at }}{% if before %}
            instead of {{ before }}{% endif %}.{% else %}The expected date of your order changed.{% endif %}
            {{ because }}""",
            """{% if expected_at %}Ihre Bestellung ist jetzt voraussichtlich bis {{ expected_at }} erledigt{% if
            before %} statt bis {{ before }}{% endif %}.{% else %}Der voraussichtliche Termin Ihrer Bestellung
            hat sich geändert.{% endif %} {{ because }}""",
        ),
    ),
    event(
        "request.completed",
        ("Order completed", "Bestellung erledigt"),
        "Everything that was ordered is done.",
        "The requester, the person it is for and the watchers.",
        fields="requester item line state close_code",
        subject=(
            "{{ number }} completed: {{ title }}",
            "{{ number }} erledigt: {{ title }}",
        ),
        text=(
            "Your order is complete. If something is missing, say so on its page.",
            "Ihre Bestellung ist erledigt. Fehlt etwas, sagen Sie es auf der Seite der Bestellung.",
        ),
    ),
    event(
        "request.incomplete",
        ("Order closed incomplete", "Bestellung unvollständig geschlossen"),
        "An order ended without all that was ordered.",
        "The requester, the person it is for, the watchers and the item's owner.",
        fields="requester item line state close_code because",
        subject=(
            "{{ number }} could not be completed",
            "{{ number }} konnte nicht vollständig erledigt werden",
        ),
        text=(
            "Your order was closed without being complete.{% if because %} {{ because }}{% endif %}",
            """Ihre Bestellung wurde geschlossen, ohne vollständig erledigt zu sein.{% if because %}
            {{ because }}{% endif %}""",
        ),
    ),
    event(
        "request.cancelled",
        ("Order cancelled", "Bestellung storniert"),
        "An order was cancelled; what was done already is being taken back.",
        "The requester, the person it is for, the watchers and whoever has an open task or gate of it.",
        fields="requester actor item line text state close_code",
        subject=(
            "{{ number }} cancelled: {{ title }}",
            "{{ number }} storniert: {{ title }}",
        ),
        text=(
            """The order was cancelled{% if actor %} by {{ actor }}{% endif %}. What was already done for
            it is taken back.{% if text %}

            The reason given:

            {{ text }}{% endif %}""",
            """Die Bestellung wurde storniert{% if actor %} (durch {{ actor }}){% endif %}. Was dafür schon
            getan war, wird zurückgenommen.{% if text %}

            Als Grund wurde angegeben:

            {{ text }}{% endif %}""",
        ),
    ),
    event(
        "step.failed",
        ("Step failed", "Schritt fehlgeschlagen"),
        "A step of the plan failed and its retries are used up.",
        "The fulfilment group.",
        fields="item line step group attempts problem",
        subject=(
            "{{ number }}: step failed",
            "{{ number }}: Schritt fehlgeschlagen",
        ),
        text=(
            """The step {% if step %}"{{ step }}" {% endif %}failed{% if attempts %} after {{ attempts }}
            attempts{% endif %}. The page of the order says what happens next.""",
            """Der Schritt {% if step %}„{{ step }}“ {% endif %}ist fehlgeschlagen{% if attempts %} (nach
            {{ attempts }} Versuchen){% endif %}. Wie es weitergeht, steht auf der Seite der Bestellung.""",
        ),
    ),
    event(
        "undo.failed",
        ("Undo failed", "Rücknahme fehlgeschlagen"),
        "Something that was done could not be taken back by itself; a person has it as a task.",
        "The fulfilment group.",
        fields="item line step group task attempts problem",
        subject=(
            "{{ number }}: could not be taken back",
            "{{ number }}: Rücknahme fehlgeschlagen",
        ),
        text=(
            """What the step {% if step %}"{{ step }}" {% endif %}did could not be taken back by
            itself.{% if task %} {{ task }} asks a person to do it.{% endif %}""",
            """Was der Schritt {% if step %}„{{ step }}“ {% endif %}getan hat, ließ sich nicht selbsttätig
            zurücknehmen.{% if task %} {{ task }} bittet einen Menschen darum.{% endif %}""",
        ),
    ),
)
