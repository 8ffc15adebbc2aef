"""What is kept of a form whose session had ended."""

import re
from datetime import UTC, datetime, timedelta

from api.portal.typed_form import NEVER_KEPT, TypedForm, found_in, kept
from tests.support.api_desk import KEYRING
from tests.support.stacks import REPOSITORY

TEXT = "The whole story, typed for an hour."


def test_no_password_is_kept() -> None:
    templates = (REPOSITORY / "api" / "portal" / "templates").rglob("*.html")
    texts = [path.read_text(encoding="utf-8") for path in templates]
    names = {
        name
        for text in texts
        for name in re.findall(r"form\.field\('\w+', '(\w+)',[^}]*kind='password'", text)
    }
    assert names
    assert names <= NEVER_KEPT


def test_what_is_kept_is_good_for_minutes_and_as_we_sealed_it() -> None:
    person, now = "p_aaaaaaaaaaaa", datetime.now(UTC)
    form = TypedForm(path="/x", sender=person, fields={"text": [TEXT]})
    sealed = kept(KEYRING, form, now)
    assert sealed is not None
    assert "hour" not in sealed
    assert found_in(KEYRING, sealed, person, now + timedelta(minutes=14)) == form
    assert found_in(KEYRING, sealed, person, now + timedelta(minutes=16)) is None
    assert found_in(KEYRING, sealed, "p_bbbbbbbbbbbb", now) is None
    for changed in (None, "", "x", sealed[:-4], sealed.replace(".", ".AAAA", 1)):
        assert found_in(KEYRING, changed, person, now) is None
    assert kept(KEYRING, form.model_copy(update={"sender": None}), now) is None
    assert kept(KEYRING, form.model_copy(update={"fields": {"text": ["x" * 200_000]}}), now) is None
    assert kept(KEYRING, None, now) is None
