"""Every setting with its meaning and default: one model, read from the environment and `.env`."""

import difflib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PositiveInt
from pydantic_settings import BaseSettings, DotEnvSettingsSource, NoDecode, SettingsConfigDict

from steadydesk.setting_values import (
    AnchorSink,
    DatabaseUrl,
    EgressTarget,
    MailSender,
    MailServer,
    Port,
    SplitWords,
    TemporalTarget,
    WebAddress,
    WebBase,
    as_text,
)

PREFIX = "STEADYDESK_"
READY_FILE = f"{PREFIX}READY_FILE"
"""Variable that names the file a started worker or API creates when it is ready to serve."""
OIDC_CLAIMS_FILE = "oidc-claims.json"
TOKEN = f"{PREFIX}TOKEN"
"""Variable with the API token of whoever gives commands on this terminal."""


def http_origin(host: str, port: int) -> str:
    """`http://host:port`, with brackets around an IPv6 address."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Settings(BaseSettings):
    """Read from `STEADYDESK_<NAME>`, then from `.env` in the working folder, then from the defaults here."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_ignore_empty=True, extra="ignore", populate_by_name=True
    )

    state_dir: Path = Field(
        default=Path(".steadydesk"),
        description="Folder with all that the embedded stack keeps: both databases, keys, credentials, logs.",
    )
    api_host: str = Field(
        default="127.0.0.1",
        description="Address that API and portal listen on. With demo credentials only loopback is accepted.",
    )
    api_port: Port = Field(default=8080, description="Port of the API and the portal.")
    temporal_port: Port = Field(
        default=7233, description="Port of the embedded Temporal server (gRPC, loopback only)."
    )
    temporal_ui_port: Port = Field(
        default=8233, description="Port of the embedded Temporal UI (loopback only)."
    )
    temporal_bin: Path | None = Field(
        default=None,
        description="The `temporal` program to run; empty: the one on PATH, else the installed wheel's.",
    )
    temporal_address: TemporalTarget | None = Field(
        default=None,
        validation_alias="TEMPORAL_ADDRESS",
        description="host:port of an existing Temporal server, used instead of the embedded one. The"
        " other TEMPORAL_* variables (TLS, API key, profile) are read from the environment at connect time.",
    )
    namespace: str = Field(
        default="default",
        validation_alias="TEMPORAL_NAMESPACE",
        description="Temporal namespace of all processes.",
    )
    database_url: DatabaseUrl | None = Field(
        default=None,
        repr=False,
        description="PostgreSQL as the service role (postgresql://user:password@host/database);"
        " empty: the embedded PostgreSQL.",
    )
    database_owner_url: DatabaseUrl | None = Field(
        default_factory=lambda data: data.get("database_url"),
        repr=False,
        description="PostgreSQL as the role that owns the schema, used by migrations only."
        " Default: the same as STEADYDESK_DATABASE_URL.",
    )
    demo: bool = Field(
        default=True,
        description="Load the demo organisation, with users and tokens, on the first start of a new state"
        " folder (embedded PostgreSQL only).",
    )
    demo_port: Port = Field(
        default=8090,
        description="Port of what stands in for the outside systems of the demo organisation (loopback only),"
        " taken at its first start; nothing listens there without the demo.",
    )
    retention_days: PositiveInt = Field(
        default=90, description="Days for which Temporal keeps the history of a closed process."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least level that is logged."
    )
    log_format: Literal["console", "json"] = Field(
        default="console", description="Form of the log lines on stderr."
    )
    public_url: WebBase = Field(
        default_factory=lambda data: http_origin(data["api_host"], data["api_port"]),
        description="Base of the links in mails and answers. Default: the address the API listens on.",
    )
    files_url: WebAddress | None = Field(
        default=None,
        description="Base of the addresses that files are downloaded from, such as https://files.example.org:"
        " another host name of this same server, so that browsers send no cookie there. Empty: the portal's own"
        " host, where the cookie comes along and is ignored.",
    )
    temporal_ui_url: WebBase | None = Field(
        default_factory=lambda data: (
            None if data["temporal_address"] else f"http://127.0.0.1:{data['temporal_ui_port']}"
        ),
        description="Base of the links to the Temporal UI. Default: the embedded UI; with TEMPORAL_ADDRESS no links.",
    )
    smtp_url: MailServer | None = Field(
        default=None,
        repr=False,
        description="Mail server (smtp://user:password@host:port; smtps:// for TLS from the start). Empty: no"
        " mail is sent, the in-app list keeps every message.",
    )
    mail_from: MailSender = Field(
        default="Steadydesk <steadydesk@localhost>", description="Sender of all mails."
    )
    egress_allow: Annotated[tuple[EgressTarget, ...], NoDecode, SplitWords] = Field(
        default=(),
        description="Private or loopback targets that outbound calls may reach all the same: hosts, host:port"
        " or networks (10.1.0.0/16), separated by commas. What other settings name needs no entry.",
    )
    worker_metrics_port: int = Field(
        default=0, ge=0, le=65535, description="Loopback port of the worker's Prometheus metrics; 0: off."
    )
    body_limit_bytes: PositiveInt = Field(
        default=1_048_576, description="Largest body of an API request, in bytes."
    )
    attachment_limit_bytes: PositiveInt = Field(
        default=20_971_520, description="Largest attachment, in bytes."
    )
    quota_per_minute: PositiveInt = Field(
        default=600, description="API requests per minute of one token or person; half may come at once."
    )
    task_queue: str = Field(
        default="steadydesk", description="First part of the names of all Temporal task queues."
    )
    keys_file: Path = Field(
        default_factory=lambda data: data["state_dir"] / "keys.json",
        description="JSON file with the keys that sign commands into processes. Default: keys.json of the"
        " state folder, made at the first start.",
    )
    anchor_dir: Path = Field(
        default_factory=lambda data: data["state_dir"] / "anchors",
        description="Folder that receives the signed heads of the audit chains. Default: anchors in the state"
        " folder; choose one outside this machine's reach.",
    )
    anchor_key_file: Path = Field(
        default_factory=lambda data: data["state_dir"] / "anchor-key.json",
        description="JSON file with the Ed25519 key that signs those heads. Default: anchor-key.json of the"
        " state folder, made at the first start; keep it out of the reach of the database's administrators.",
    )
    anchor_minutes: PositiveInt = Field(
        default=60, description="Minutes between two signatures of the audit chains' heads."
    )
    anchor_sinks: Annotated[tuple[AnchorSink, ...], NoDecode, SplitWords] = Field(
        default=("file",),
        description="Where signed heads go, separated by commas: file (STEADYDESK_ANCHOR_DIR),"
        " syslog://host:514 (UDP), syslog+tcp://host:514, syslog+unix:///dev/log, or the https:// address of"
        " a receiver.",
    )
    oidc_issuer: WebBase | None = Field(
        default=None, description="Issuer of accepted OIDC bearer tokens; empty: none accepted."
    )
    oidc_audience: str | None = Field(default=None, description="Audience that OIDC tokens must name.")
    oidc_client_id: str | None = Field(
        default_factory=lambda data: data["oidc_audience"],
        description="Client id with which people sign in to the portal at the issuer (code flow with PKCE)."
        " Default: the audience.",
    )
    oidc_client_secret: str | None = Field(
        default=None, repr=False, description="Secret of that client; empty: a public client, PKCE alone."
    )
    oidc_claims_file: Path = Field(
        default_factory=lambda data: data["state_dir"] / OIDC_CLAIMS_FILE,
        description="JSON or YAML file that says what the claims of OIDC tokens mean here. Default:"
        " oidc-claims.json of the state folder, if it is there.",
    )
    oidc_create_people: bool = Field(
        default=False,
        description="Enter unknown people who come with a valid OIDC token, instead of refusing them.",
    )

    @property
    def embedded_database(self) -> bool:
        return self.database_url is None

    @property
    def embedded_temporal(self) -> bool:
        return self.temporal_address is None

    def workflow_link(self, number: str) -> str | None:
        """Where the Temporal UI shows the process of a record; None where no UI is known."""
        base = self.temporal_ui_url
        return f"{base}/namespaces/{self.namespace}/workflows/{number}" if base else None

    def environment(self) -> dict[str, str]:
        """The variables that give another process these settings, its paths independent of a working folder.

        The owner's database URL stays out: only migrations use it.
        """
        values = {
            name: getattr(self, name) for name in type(self).model_fields if name != "database_owner_url"
        }
        return {variable_of(name): as_text(value) for name, value in values.items() if value is not None}


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()


def variable_of(name: str) -> str:
    """The environment variable that sets the field `name`."""
    alias = Settings.model_fields[name].validation_alias
    return alias if isinstance(alias, str) else PREFIX + name.upper()


def variables_of_env_file() -> list[str]:
    """The names that stand in the `.env` of the working folder."""
    return [name.upper() for name in DotEnvSettingsSource(Settings).env_vars]


def misspelt_variables(environment: Iterable[str]) -> list[str]:
    """One sentence for each `STEADYDESK_*` variable that is no setting, with the nearest setting's name."""
    known = {variable_of(name) for name in Settings.model_fields} | {READY_FILE, TOKEN}
    unknown = sorted({name for name in environment if name.startswith(PREFIX) and name not in known})
    return [f"{name} is not a setting{_suggestion(name, known)}" for name in unknown]


def _suggestion(name: str, known: set[str]) -> str:
    nearest = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {nearest[0]}?" if nearest else ""
