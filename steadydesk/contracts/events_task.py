"""Event types of tasks in a group's queue and of the clocks that run over them."""

from steadydesk.contracts.event_type import EventType, event

TASK_EVENTS: tuple[EventType, ...] = (
    event(
        "task.opened",
        ("New task", "Neue Aufgabe"),
        "A task came into the queue of a group.",
        "The group.",
        fields="requester item line step task group due problem",
        subject=(
            """{% if task %}{{ task }}{% else %}{{ number }}{% endif %}:
            new task{% if step %}: {{ step }}{% endif %}""",
            """{% if task %}{{ task }}{% else %}{{ number }}{% endif %}:
            neue Aufgabe{% if step %}: {{ step }}{% endif %}""",
        ),
        text=(
            """A task of {{ number }} is in the queue{% if group %} of {{ group }}{% endif %}{% if due %},
            due by {{ due }}{% endif %}.""",
            """Eine Aufgabe zu {{ number }} liegt in der Warteschlange{% if group %} von
            {{ group }}{% endif %}{% if due %}, fällig bis {{ due }}{% endif %}.""",
        ),
    ),
    event(
        "task.assigned",
        ("Task assigned", "Aufgabe zugewiesen"),
        "A task was given to a person.",
        "The person who has it now.",
        fields="requester actor assignee item line step task group due",
        subject=(
            "{% if task %}{{ task }}{% else %}{{ number }}{% endif %} is yours",
            "{% if task %}{{ task }}{% else %}{{ number }}{% endif %} wurde Ihnen zugewiesen",
        ),
        text=(
            "A task of {{ number }} is assigned to you{% if due %}, due by {{ due }}{% endif %}.",
            """Eine Aufgabe zu {{ number }} ist Ihnen zugewiesen{% if due %}, fällig bis
            {{ due }}{% endif %}.""",
        ),
    ),
    event(
        "task.question",
        ("Question about your order", "Rückfrage zu Ihrer Bestellung"),
        "A fulfiller asks the requester; the task waits.",
        "The requester and the person it is for.",
        fields="requester actor item line step task text until",
        subject=(
            "{{ number }}: a question to you",
            "{{ number }}: eine Rückfrage an Sie",
        ),
        text=(
            """To go on, we need an answer from you{% if until %} by
            {{ until }}{% endif %}.{% if text %}

            {{ text }}{% endif %}""",
            """Damit es weitergeht, brauchen wir eine Antwort von Ihnen{% if until %} bis
            {{ until }}{% endif %}.{% if text %}

            {{ text }}{% endif %}""",
        ),
    ),
    event(
        "task.answered",
        ("Question answered", "Rückfrage beantwortet"),
        "The requester answered and the task or the approval goes on.",
        "Of an approval whoever asked; of a task whoever has it, else its group.",
        fields="requester actor item line step task stage text",
        subject=(
            "{{ number }}: your question was answered",
            "{{ number }}: Ihre Rückfrage ist beantwortet",
        ),
        text=(
            """{% if actor %}{{ actor }}{% else %}The requester{% endif %} has answered.{% if text %}

            {{ text }}{% endif %}""",
            """{% if actor %}{{ actor }}{% else %}Der Besteller{% endif %} hat geantwortet.{% if text %}

            {{ text }}{% endif %}""",
        ),
    ),
    event(
        "task.reminder",
        ("Answer still missing", "Antwort fehlt noch"),
        "A question or a task still waits and its time comes near.",
        "Whoever is waited for.",
        fields="requester item line step task text due until",
        subject=(
            "Reminder: {{ number }} waits for you",
            "Erinnerung: {{ number }} wartet auf Sie",
        ),
        text=(
            """{{ number }} still waits for you{% if until %}, until {{ until }}{% elif due %}, due by
            {{ due }}{% endif %}.{% if text %}

            {{ text }}{% endif %}""",
            """{{ number }} wartet noch auf Sie{% if until %}, bis {{ until }}{% elif due %}, fällig bis
            {{ due }}{% endif %}.{% if text %}

            {{ text }}{% endif %}""",
        ),
    ),
    event(
        "task.unattended",
        ("Nobody sees to a restricted record", "Niemand kümmert sich um einen vertraulichen Vorgang"),
        "Something of a restricted record is late, and nobody is in the groups that it names. Which record is kept "
        "from everybody else.",
        "The process owners of its function; where there are none, the administrators.",
        fields="kind group",
        subject=(
            "Nobody sees to a confidential record",
            "Niemand kümmert sich um einen vertraulichen Vorgang",
        ),
        text=(
            """A confidential record{% if kind %} of {{ kind }}{% endif %} is late, and the groups that see it,
            {{ group }} among them, have no active member. Please put somebody into that group, who then finds it in
            its queue. This is kept under {{ number }}.""",
            """Ein vertraulicher Vorgang{% if kind %} von {{ kind }}{% endif %} ist überfällig, und die Gruppen, die
            ihn sehen, darunter {{ group }}, haben kein aktives Mitglied. Bitte nehmen Sie jemanden in diese Gruppe
            auf, der ihn dann in deren Arbeitsvorrat findet. Festgehalten ist dies unter {{ number }}.""",
        ),
        public=False,
        about_record=False,
        mandatory=True,
    ),
    event(
        "task.completed",
        ("Task completed", "Aufgabe erledigt"),
        "A task was completed.",
        "The watchers of the order.",
        fields="requester actor assignee item line step task state",
        subject=(
            "{% if task %}{{ task }}{% else %}{{ number }}{% endif %} completed",
            "{% if task %}{{ task }}{% else %}{{ number }}{% endif %} erledigt",
        ),
        text=(
            "A task of {{ number }} was completed{% if step %}: {{ step }}{% endif %}.",
            "Eine Aufgabe zu {{ number }} ist erledigt{% if step %}: {{ step }}{% endif %}.",
        ),
    ),
    event(
        "clock.warning",
        ("Promise at risk", "Zusage in Gefahr"),
        "Much of the promised time has passed.",
        "The fulfilment group or the approvers, whoever is waited for.",
        fields="requester item line task stage clock percent due group",
        subject=(
            "{{ number }}: due soon",
            "{{ number }}: bald fällig",
        ),
        text=(
            """{% if percent %}{{ percent }} % of the promised time has passed{% else %}The promised time
            runs out{% endif %}{% if due %}; due by {{ due }}{% endif %}.""",
            """{% if percent %}{{ percent }} % der zugesagten Zeit sind um{% else %}Die zugesagte Zeit
            läuft ab{% endif %}{% if due %}; fällig bis {{ due }}{% endif %}.""",
        ),
    ),
    event(
        "clock.breached",
        ("Promise broken", "Zusage nicht gehalten"),
        "The promised time has passed.",
        "The manager of the group that is waited for, and the item's owner.",
        fields="requester item line task stage clock due group",
        subject=(
            "{{ number }} is late",
            "{{ number }} ist überfällig",
        ),
        text=(
            """What was promised{% if due %} by {{ due }}{% endif %} is not done{% if group %}; {{ group }}
            has it{% endif %}. Please see to it.""",
            """Was{% if due %} bis {{ due }}{% endif %} zugesagt war, ist nicht erledigt{% if group %};
            zuständig ist {{ group }}{% endif %}. Bitte kümmern Sie sich darum.""",
        ),
    ),
)
