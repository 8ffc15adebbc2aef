"""Event types of the directory, of security and of the configuration: not of one record's process."""

from steadydesk.contracts.event_type import EventType, event

ORGANISATION_EVENTS: tuple[EventType, ...] = (
    event(
        "person.left",
        ("Person left", "Person ausgeschieden"),
        "A person left who is named by an open gate, task or ownership. Without an audience, the message is for "
        "the process itself, which looks for somebody else.",
        "The manager of the person, and the organisation's group for leavers.",
        fields="person kind access",
        subject=(
            "{{ number }}: a person who left is named here",
            "{{ number }}: ausgeschiedene Person betroffen",
        ),
        text=(
            """{% if person %}{{ person }}{% else %}Somebody{% endif %} left, and what they owned or owed
            here needs somebody else.""",
            """{% if person %}{{ person }}{% else %}Jemand{% endif %} ist ausgeschieden; was hier bei der
            Person lag, braucht jemand anderen.""",
        ),
        to_process=True,
        public=False,
        about_record=False,
    ),
    event(
        "delegation.made",
        ("Delegation made", "Vertretung eingerichtet"),
        "Somebody may decide for somebody else for a time.",
        "Both, and the manager or administrator who made it.",
        fields="person delegate actor since until",
        subject=(
            "Delegation made",
            "Vertretung eingerichtet",
        ),
        text=(
            """{{ delegate }} may decide for {{ person }}{% if since %} from
            {{ since }}{% endif %}{% if until %} until {{ until }}{% endif %}.""",
            """{{ delegate }} darf für {{ person }} entscheiden{% if since %}, ab
            {{ since }}{% endif %}{% if until %}, bis {{ until }}{% endif %}.""",
        ),
        public=False,
        about_record=False,
        mandatory=True,
    ),
    event(
        "delegation.ended",
        ("Delegation ended", "Vertretung beendet"),
        "Somebody may no longer decide for somebody else.",
        "Both.",
        fields="person delegate actor since until",
        subject=(
            "Delegation ended",
            "Vertretung beendet",
        ),
        text=(
            "{{ delegate }} no longer decides for {{ person }}.",
            "{{ delegate }} entscheidet nicht mehr für {{ person }}.",
        ),
        public=False,
        about_record=False,
        mandatory=True,
    ),
    event(
        "break-glass.used",
        ("Restricted record opened", "Vertraulicher Vorgang geöffnet"),
        "Somebody without sight of a record opened it, giving a reason.",
        "The owner of the record's function.",
        fields="actor text",
        subject=(
            "{{ number }} was opened in an emergency",
            "{{ number }} wurde im Notfall geöffnet",
        ),
        text=(
            """{% if actor %}{{ actor }}{% else %}Somebody{% endif %} opened {{ number }} without having
            sight of it.{% if text %}

            The reason given:

            {{ text }}{% endif %}""",
            """{% if actor %}{{ actor }}{% else %}Jemand{% endif %} hat {{ number }} ohne Einsichtsrecht
            geöffnet.{% if text %}

            Als Grund wurde angegeben:

            {{ text }}{% endif %}""",
        ),
        public=False,
        mandatory=True,
    ),
    event(
        "security.refused",
        ("Command refused", "Befehl abgewiesen"),
        "A command came without a valid signature and changed nothing.",
        "Administrators.",
        fields="kind reason actor",
        subject=(
            "Security: a command was refused",
            "Sicherheit: ein Befehl wurde abgewiesen",
        ),
        text=(
            "A command to {{ number }} came without a valid signature. It changed nothing.",
            "Ein Befehl an {{ number }} kam ohne gültige Signatur. Er hat nichts verändert.",
        ),
        public=False,
        about_record=False,
        mandatory=True,
    ),
    event(
        "configuration.applied",
        ("Configuration applied", "Konfiguration übernommen"),
        "A new version of the organisation's configuration took effect.",
        "Administrators and the owners of what changed.",
        fields="actor version serial",
        subject=(
            "Configuration{% if serial %} {{ serial }}{% endif %} is in effect",
            "Konfiguration{% if serial %} {{ serial }}{% endif %} gilt",
        ),
        text=(
            "A new version of the configuration is in effect. Running processes keep theirs.",
            "Eine neue Version der Konfiguration gilt. Laufende Vorgänge behalten ihre.",
        ),
        about_record=False,
    ),
)
