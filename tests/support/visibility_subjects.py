"""The records of the visibility matrix, and why each of its actors sees them."""

from datetime import timedelta
from typing import Any

from sqlalchemy import insert

from steadydesk.contracts.assertion import SERVICE_ACTOR
from steadydesk.contracts.delegation import NewDelegation
from steadydesk.contracts.request_commands import TellRequest
from steadydesk.policies.assertion import unsigned
from steadydesk.records.tables.grant import grant_register
from tests.support.api_desk import ApiDesk
from tests.support.visibility_matrix import Subject

SILENT = "2035-06-01"

MORE_PEOPLE: dict[str, Any] = {
    "people": [
        {"user_name": "wanda.watcher", "name": "Wanda", "manager": "dora.director"},
        {"user_name": "dirk.delegate", "name": "Dirk", "manager": "dora.director"},
        {"user_name": "lena.limited", "name": "Lena", "manager": "dora.director"},
        {
            "user_name": "olaf.owner",
            "name": "Olaf",
            "roles": ["process_owner@hr"],
            "manager": "dora.director",
        },
        {"user_name": "adam.admin", "name": "Adam", "roles": ["administrator"], "manager": "dora.director"},
        {"user_name": "otto.operator", "name": "Otto", "roles": ["operator"], "manager": "dora.director"},
        {"user_name": "stan.stranger", "name": "Stan", "manager": "dora.director"},
        {"user_name": "lars.left", "name": "Lars", "manager": "dora.director"},
        {
            "user_name": "kim.kept",
            "name": "Kim",
            "groups": ["facilities-desk"],
            "manager": "dora.director",
        },
        {
            "user_name": "kim.second",
            "name": "Kim",
            "same_person_as": "kim.kept",
            "manager": "dora.director",
        },
        {"user_name": "nora.next", "name": "Nora", "manager": "mona.manager"},
    ]
}


async def delegate(desk: ApiDesk) -> None:
    """Mona is stood for by Dirk, by Lena at expenses only, and Helga by Kim. Lars leaves with a token in his pocket."""
    now = desk.services.clock()
    mona, helga = "mona.manager", "helga.hrlead"
    for whom, who, policies in (
        (mona, "dirk.delegate", None),
        (mona, "lena.limited", ["expense"]),
        (helga, "kim.kept", None),
    ):
        new = NewDelegation(
            delegator=await desk.person(whom),
            delegate=await desk.person(who),
            policies=policies,
            begins_at=now - timedelta(minutes=1),
            ends_at=now + timedelta(days=30),
        )
        await desk.post(whom, "/delegations", new.model_dump(mode="json"))
    await desk.post("adam.admin", f"/people/{await desk.person('lars.left')}/deactivate")


async def matrix_subjects(desk: ApiDesk) -> dict[str, Subject]:
    subjects = {
        "plain": await plain(desk),
        "restricted": await restricted(desk),
        "left behind": await left_behind(desk),
        "silent": await silent(desk, "kim.kept"),
        "silent about another account": await silent(desk, "kim.second"),
        "finance": await finance(desk),
    }
    for about in subjects.values():
        await complain(desk, about)
    return subjects


async def complain(desk: ApiDesk, about: Subject) -> None:
    """Whoever asked for it says something of it. IT management answers for what is not restricted, with the process
    owners of its function; for the rest the groups that it names.
    """
    seen = about.relations
    rita = {"rita", "acting for rita"}
    if "hr desk" in seen:
        author, hear = "hanna.hr", {"hr desk", "hr owner", "acting for helga", "finance desk"}
    elif "hr owner" in seen:
        author = "rita.requester" if "rita" in seen else "helga.hrlead"
        hear = {"hr owner", "acting for helga"} | (rita & seen.keys())
    else:
        author, hear = (
            "rita.requester",
            rita | {"it owner"} | ({"finance owner"} if "finance desk" in seen else set()),
        )
    words = {"kind": "complaint", "text": "It takes too long"}
    about.feedback = (await desk.post(author, f"/records/{about.line}/feedback", words))["id"]
    about.hear = frozenset(hear)


async def subject(desk: ApiDesk, who: str, view: dict[str, Any], **relations: set[str]) -> Subject:
    """The numbers of a request as ``who`` sees them, and a grant that it made."""
    number = view["number"]
    view = await desk.get(who, f"/requests/{number}")
    grant = f"GRA{int(number.removeprefix('REQ')):07d}"
    async with desk.services.engine.begin() as connection:
        await connection.execute(
            insert(grant_register).values(
                number=grant,
                request=number,
                line=view["items"][0]["number"],
                step="none",
                holder=await desk.person("ralf.requester"),
                entitlement={"en": "x"},
                state="active",
                approved_by=[],
                granted_at=desk.services.clock(),
            )
        )
    found = Subject(
        number,
        view["items"][0]["number"],
        next((task["number"] for task in view["tasks"]), ""),
        next((gate["id"] for gate in view["approvals"]), ""),
        grant,
    )
    for name, why in relations.items():
        found.relations[name.replace("_", " ")] = why
    return found


async def decide(desk: ApiDesk, who: str, number: str) -> None:
    inbox = (await desk.get(who, "/approvals?state=requested"))["items"]
    (gate,) = [gate["id"] for gate in inbox if gate["number"] == number]
    await desk.post(who, f"/approvals/{gate}/decision", {"decision": "approved"})


async def plain(desk: ApiDesk) -> Subject:
    """Rita orders a laptop for Ralf; Wanda watches, Mona and a budget owner approved, the desk has the task."""
    view = await desk.order(
        "rita.requester", "new-laptop", "ralf.requester", model="light", holder="ralf.requester"
    )
    number = view["number"]
    await desk.post("rita.requester", f"/requests/{number}/watch", {"person": "wanda.watcher"})
    await decide(desk, "mona.manager", number)
    await decide(desk, "bert.budget", number)
    return await subject(
        desk,
        "rita.requester",
        view,
        finance_owner={"approver"},
        rita={"requester"},
        acting_for_rita={"requester"},
        ralf={"requested_for"},
        watcher={"watcher"},
        approver={"approver"},
        delegate={"approver"},
        it_desk={"fulfilment_group"},
        it_owner={"process_owner"},
    )


async def restricted(desk: ApiDesk) -> Subject:
    view = await desk.order("rita.requester", "hr-conversation", topic="health")
    hr = {"restricted_group", "fulfilment_group"}
    return await subject(
        desk,
        "rita.requester",
        view,
        rita={"requester"},
        acting_for_rita={"requester"},
        hr_owner=hr,
        acting_for_helga=hr,
    )


async def left_behind(desk: ApiDesk) -> Subject:
    """Nora's case, once she has left: not her manager's to see, and not the leavers' list's, which is Hanna's."""
    view = await desk.order("nora.next", "hr-conversation", topic="health")
    hr = {"restricted_group", "fulfilment_group", "requester"}
    found = await subject(desk, "nora.next", view, hr_owner=hr, acting_for_helga=hr)
    nora = await desk.person("nora.next")
    await desk.post("adam.admin", f"/people/{nora}/deactivate")
    word = TellRequest(assertion=unsigned(), event="person_left", subject=nora)
    at = desk.services.clock()
    await desk.services.sender.send(
        found.request, "tell", word, update_id=f"left:{nora}", actor=SERVICE_ACTOR, at=at
    )
    return found


async def silent(desk: ApiDesk, about: str) -> Subject:
    """Hanna of HR prepares Kim's leaving, who must not know yet: neither as a member of a group that it names, nor as
    the delegate of who decides, whichever of their accounts it is ``about``. The process owners of HR are not named.
    """
    view = await desk.order("hanna.hr", "leaver", person=about, last_day=SILENT)
    named = {"restricted_group"}
    return await subject(
        desk,
        "hanna.hr",
        view,
        hr_desk={"requester", "restricted_group"},
        hr_owner={"restricted_group", "approver"},
        acting_for_helga={"restricted_group", "approver"},
        finance_desk=named,
    )


async def finance(desk: ApiDesk) -> Subject:
    view = await desk.order(
        "rita.requester",
        "expense-payment",
        purpose="Train",
        amount=10,
        spent_on="2026-11-12",
        ask_budget_owner=False,
        iban="DE02120300000000202051",
    )
    await decide(desk, "felix.finance", view["number"])
    await decide(desk, "mona.manager", view["number"])
    return await subject(
        desk,
        "rita.requester",
        view,
        rita={"requester"},
        acting_for_rita={"requester"},
        approver={"approver"},
        delegate={"approver"},
        limited_delegate={"approver"},
        finance_desk={"approver", "fulfilment_group"},
        finance_owner={"process_owner"},
    )
