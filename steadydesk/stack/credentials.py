"""The demo users with their tokens and passwords (`credentials.json`), and the address they may be used from."""

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel

from steadydesk.configuration.oidc_claims import read_rules
from steadydesk.contracts.identity import DemoUser
from steadydesk.setting_values import is_loopback
from steadydesk.settings import Settings
from steadydesk.stack.failure import StackError
from steadydesk.stack.private_files import write_private
from steadydesk.stack.state_folder import StateFolder


class Credentials(BaseModel):
    """Where the parts answer, and who may use them."""

    api: str
    portal: str
    temporal_ui: str | None = None
    temporal_address: str
    demo_systems: str | None = None
    users: list[DemoUser] = []


def read_credentials(path: Path) -> Credentials | None:
    """The credentials file, or None where there is none; `StackError` when it is damaged."""
    if not path.exists():
        return None
    try:
        return Credentials.model_validate_json(path.read_text())
    except ValueError as error:
        raise StackError(f"{path} is damaged: {error}") from error


def write_credentials(path: Path, credentials: Credentials) -> None:
    """Write with mode 600."""
    write_private(path, credentials.model_dump_json(indent=2) + "\n")


def demo_pending(settings: Settings) -> bool:
    """Whether a start with these settings would load the demo organisation."""
    folder = StateFolder(settings.state_dir)
    if not settings.embedded_database or folder.has_credentials:
        return False
    return settings.demo if folder.is_new else folder.record().demo


def demo_port(settings: Settings) -> int | None:
    """Where the configuration of the demo organisation has its outside systems; None without the demo.

    The first start decides: from then on the configuration names the port.
    """
    if not settings.embedded_database:
        return None
    if demo_pending(settings):
        return settings.demo_port
    known = read_credentials(StateFolder(settings.state_dir).credentials)
    return urlsplit(known.demo_systems).port if known and known.demo_systems else None


def refuse_public_address(settings: Settings) -> None:
    """Raise `StackError` when demo tokens, present or about to be made, would work from other machines."""
    folder = StateFolder(settings.state_dir)
    present = folder.has_credentials
    if is_loopback(settings.api_host) or not (present or demo_pending(settings)):
        return
    has = "has" if present else "would get"
    # A folder that a start has been at keeps what that start chose.
    untouched = folder.is_new and not present
    way_out = "STEADYDESK_DEMO=false" if untouched else "a new state folder with STEADYDESK_DEMO=false"
    raise StackError(
        f"STEADYDESK_API_HOST={settings.api_host} is not loopback, and {settings.state_dir} {has} demo"
        f" users with known tokens; use 127.0.0.1, or {way_out}"
    )


def refuse_wrong_sign_in(settings: Settings) -> None:
    """StackError unless the rules of the OIDC issuer, where one is configured, can be read."""
    try:
        read_rules(settings)
    except ValueError as error:
        raise StackError(str(error)) from None
