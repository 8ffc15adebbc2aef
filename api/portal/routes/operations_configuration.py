"""Configuration versions: which is in force, how two differ, and the approval of a second person."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query
from fastapi.responses import Response

from api.portal.addresses import with_filters
from api.portal.forms import Form, FormState, attempt
from api.portal.guard import pages
from api.portal.operations_page import CONFIGURATION, show_operations
from api.portal.page import OwnerPage, Page, page_for
from api.routes.configuration import approve
from steadydesk.contracts.configuration import ConfigurationVersion, Difference
from steadydesk.policies.configuration import differences
from steadydesk.policies.rights import Permission
from steadydesk.records import configuration
from steadydesk.records.configuration_digest import digest_beginning
from steadydesk.records.engine import Connection, autocommit
from steadydesk.records.views.people import names_of

router = pages()

PER_PAGE = 25
_MOST_CHOICES = 50
_MOST_DIFFERENCES = 150

_FEW_DIFFERENCES = 20
"""As many are read at a glance; of more, each part of the organisation is summed up and opens by itself."""


@dataclass(frozen=True)
class Section:
    """What differs in one part of the organisation, such as its catalogue."""

    name: str
    differences: list[Difference]

    def count(self, kind: str) -> int:
        return sum(one.kind == kind for one in self.differences)


Before = Annotated[int | None, Query(ge=1, le=2**31 - 1)]
Base = Annotated[str | None, Query(max_length=64)]
ConfigurerPage = Annotated[Page, Depends(page_for(Permission.CONFIGURE))]


@router.get("/operations/configuration")
async def list_versions(page: OwnerPage, before: Before = None) -> Response:
    async with autocommit(page.services.engine).connect() as connection:
        found = await configuration.versions(connection, before=before, limit=PER_PAGE)
        names = await names_of(
            connection, [who for one in found for who in (one.proposed_by, one.approved_by)]
        )
    more = str(found[-1].serial) if len(found) == PER_PAGE and found[-1].serial > 1 else None
    return await show_operations(
        page,
        "versions",
        CONFIGURATION,
        versions=found,
        names=names,
        first=CONFIGURATION if before else None,
        next=with_filters(CONFIGURATION, before=more) if more else None,
    )


@router.get("/operations/configuration/{digest}")
async def show_version(digest: str, page: OwnerPage, base: Base = None) -> Response:
    return await _version_page(page, digest, base or None)


@router.post("/operations/configuration/{digest}/approve")
async def approve_version(digest: str, page: ConfigurerPage, posted: Form) -> Response:
    failed = await attempt("approve", posted, approve(digest, page.caller, page.services))
    if failed is None:
        return page.back_to(f"{CONFIGURATION}/{digest}", "approve_version")
    return await _version_page(page, digest, None, failed)


async def _version_page(
    page: Page, digest: str, base: str | None, failed: FormState | None = None
) -> Response:
    """The version against ``base``; without one against the version in force, or for that one the one before."""
    async with autocommit(page.services.engine).connect() as connection:
        known = await configuration.versions(connection, limit=_MOST_CHOICES)
        digest = await _whole(connection, digest, known)
        shown = next((one for one in known if one.digest == digest), None)
        shown = shown or await configuration.version(connection, digest)
        against = await _whole(connection, base, known) if base else _base_of(shown, known)
        old = await configuration.get(connection, against) if against else None
        found = differences(old, await configuration.get(connection, digest))
        names = await names_of(connection, _people_of(shown))
    return await show_operations(
        page,
        "version",
        CONFIGURATION,
        failed=failed,
        version=shown,
        names=names,
        base=against,
        bases=[(one.digest, _words_of(page, one)) for one in known if one.digest != digest],
        sections=sections_of(found),
        folded=len(found) > _FEW_DIFFERENCES,
        most=_MOST_DIFFERENCES,
        count=len(found),
        may_approve=page.caller.may(Permission.CONFIGURE, "*") and shown.waits_for_approval,
        mine=shown.proposer == page.caller.id,
    )


async def _whole(connection: Connection, given: str, known: Sequence[ConfigurationVersion]) -> str:
    """The digest that is meant, as the API takes it; a whole one of the newest versions is not looked up."""
    if any(one.digest == given for one in known):
        return given
    return await digest_beginning(connection, given)


def sections_of(found: Sequence[Difference]) -> list[Section]:
    """By the part of the organisation that differs, in the order of their paths."""
    parts: dict[str, list[Difference]] = {}
    for one in found:
        parts.setdefault(one.path.partition(".")[0], []).append(one)
    return [Section(name, ones) for name, ones in parts.items()]


def _people_of(shown: ConfigurationVersion) -> list[str | None]:
    said = [shown, *shown.again]
    return [who for one in said for who in (one.proposed_by, one.approved_by)]


def _base_of(shown: ConfigurationVersion, known: list[ConfigurationVersion]) -> str | None:
    """The version in force; for that one itself the applied one before it."""
    if not shown.current:
        return next((one.digest for one in known if one.current), None)
    earlier = (one for one in known if one.serial < shown.serial and not one.waits_for_approval)
    return next((one.digest for one in earlier), None)


def _words_of(page: Page, one: ConfigurationVersion) -> str:
    state = "current" if one.current else "waits" if one.waits_for_approval else "former"
    return page.words(
        "operations.version_option", serial=one.serial, state=page.words(f"operations.version_{state}")
    )
