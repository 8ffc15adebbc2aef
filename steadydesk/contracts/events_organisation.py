"""Event types of the directory, of security and of the configuration: not of one record's process."""

from steadydesk.contracts.event_type import EventType, event

ORGANISATION_EVENTS: tuple[EventType, ...] = (
    event(
        "person.left",
        ("Person left", "Person ausgeschieden"),
        "A person left who is named by an open gate, task or ownership. Without an audience, the message is for "
        "the process itself, which looks for somebody else.",
        "The manager of the person, and the organisation's group for leavers; of a restricted record only the groups "
        "that it names.",
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
        "membership.ended",
        ("Membership ended", "Mitgliedschaft beendet"),
        "Somebody is not in a group any more whose tasks they have. The message is for the process itself, which puts "
        "those tasks back into the group's queue.",
        "Nobody.",
        fields="person group",
        subject=(
            "{{ number }}: a task goes back to its queue",
            "{{ number }}: eine Aufgabe geht zurück in ihre Liste",
        ),
        text=(
            """{% if person %}{{ person }}{% else %}Somebody{% endif %} is not in the group any more; their tasks wait
            for its members.""",
            """{% if person %}{{ person }}{% else %}Jemand{% endif %} ist nicht mehr in der Gruppe; die Aufgaben warten
            auf deren Mitglieder.""",
        ),
        to_process=True,
        public=False,
        about_record=False,
        mandatory=True,
    ),
    event(
        "person.owned",
        ("Ownership without owner", "Verantwortung ohne Person"),
        "A person left, and what they answered for has nobody now.",
        "The manager of the person, and the organisation's group for leavers.",
        fields="person owned",
        subject=(
            "{% if person %}{{ person }}{% else %}Somebody{% endif %} left: find new owners",
            "{% if person %}{{ person }}{% else %}Jemand{% endif %} ist ausgeschieden: Verantwortliche gesucht",
        ),
        text=(
            """{% if person %}{{ person }}{% else %}Somebody{% endif %} left, and nobody answers any more for
            {{ owned }}.

            'steadydesk doctor' lists it until somebody does.""",
            """{% if person %}{{ person }}{% else %}Jemand{% endif %} ist ausgeschieden, und niemand verantwortet
            mehr {{ owned }}.

            „steadydesk doctor“ führt es auf, bis es jemand tut.""",
        ),
        public=False,
        about_record=False,
        mandatory=True,
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
        "Whoever answers for the record and may see it: process owners of its function, owners of what was ordered, "
        "the named groups of a restricted one.",
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
        "break-glass.reported",
        ("Emergency access", "Notfallzugriff"),
        "Somebody opened a record in an emergency. Which one is kept from those who have no sight of it.",
        "Process owners of its function and owners of what was ordered who may not see the record; where nobody "
        "answers for it, the manager of who opened it, else the administrators.",
        fields="actor kind",
        subject=(
            "A confidential record was opened in an emergency",
            "Ein vertraulicher Vorgang wurde im Notfall geöffnet",
        ),
        text=(
            """{% if actor %}{{ actor }}{% else %}Somebody{% endif %} opened a record{% if kind %} of
            {{ kind }}{% endif %} without having sight of it. You answer for such records or for that person, but
            have no sight of this one either: those who have know which one it is, and the reason. It is kept under
            {{ number }}.""",
            """{% if actor %}{{ actor }}{% else %}Jemand{% endif %} hat einen Vorgang{% if kind %} von
            {{ kind }}{% endif %} ohne Einsichtsrecht geöffnet. Sie verantworten solche Vorgänge oder die Person,
            dürfen diesen aber auch nicht sehen: wer ihn sehen darf, weiß, welcher es ist und warum. Festgehalten
            ist es unter {{ number }}.""",
        ),
        public=False,
        about_record=False,
        mandatory=True,
    ),
    event(
        "sight.gained",
        ("Sight gained", "Einsicht erhalten"),
        "Somebody came into a group to which a process model restricts records, or became process owner of a "
        "function: by somebody here, or by the claims of an OIDC token.",
        "The group's manager and the process owners of its functions, or the function's other process owners, but not "
        "who did it; where nobody else answers for it, the manager of who did it, else the other administrators.",
        fields="person actor group kind reason",
        subject=(
            "{% if person %}{{ person }}{% else %}Somebody{% endif %} came to see confidential records",
            "{% if person %}{{ person }}{% else %}Jemand{% endif %} hat Einsicht in vertrauliche Vorgänge erhalten",
        ),
        text=(
            """{% if reason == "claims" %}At sign-in the identity provider{% elif actor %}{{ actor }}{% else
            %}Somebody{% endif %} {% if group %}put {{ person }} into the group {{ group }}, which sees restricted
            records.{% else %}made {{ person }} process owner of {{ kind }}.{% endif %} If that is not right, {% if
            reason == "claims" %}it is taken back at the identity provider{% else %}an administrator takes it
            back{% endif %}.""",
            """{% if reason == "claims" %}Bei der Anmeldung hat der Identitätsanbieter{% else %}{% if actor %}{{ actor
            }}{% else %}Jemand{% endif %} hat{% endif %} {{ person }} {% if group %}in die Gruppe {{ group }}
            aufgenommen, die vertrauliche Vorgänge sieht.{% else %}die Prozessverantwortung für {{ kind }}
            gegeben.{% endif %} Ist das nicht richtig, {% if reason == "claims" %}muss es beim Identitätsanbieter
            zurückgenommen werden{% else %}nimmt die Administration es zurück{% endif %}.""",
        ),
        public=False,
        about_record=False,
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
