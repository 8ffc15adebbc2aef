"""Every setting is documented, and `.env.example` is made from the model."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from steadydesk.cli import app
from steadydesk.cli.refusal import wrong_variables
from steadydesk.cli.settings import example_environment
from steadydesk.settings import Settings, misspelt_variables, variable_of
from steadydesk.settings import settings as current_settings
from tests.support.stacks import REPOSITORY, isolated_settings

TEMPORAL_VARIABLES = {"TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE"}


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither variables nor a `.env` of whoever runs the tests."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(variable_of(name), raising=False)


@pytest.mark.parametrize("name", Settings.model_fields)
def test_a_setting_says_what_it_does(name: str) -> None:
    description = Settings.model_fields[name].description
    assert description
    assert re.match(r"[A-Z`h].{15,}\.$", description), description


def test_the_example_is_complete_and_equal_to_the_model() -> None:
    text = (REPOSITORY / ".env.example").read_text()
    assert text == example_environment(), "run `steadydesk settings > .env.example`"
    variables = re.findall(r"^#([A-Z_]+)=", text, re.MULTILINE)
    assert variables == [variable_of(name) for name in Settings.model_fields]
    assert set(variables) >= TEMPORAL_VARIABLES


def test_the_example_states_the_defaults(tmp_path: Path) -> None:
    uncommented = re.sub(r"^#(?=[A-Z_]+=)", "", example_environment(), flags=re.MULTILINE)
    (tmp_path / "example.env").write_text(uncommented)
    assert isolated_settings(_env_file=str(tmp_path / "example.env")) == isolated_settings()


def test_another_process_gets_the_same_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given = isolated_settings(
        state_dir=tmp_path / "s",
        api_port=1234,
        demo=False,
        egress_allow="a.example, 10.0.0.0/8",
        smtp_url="smtp://mail:25",
        temporal_address="temporal:7233",
        database_url="postgresql://a:b@c/d",
    )
    for name, value in given.environment().items():
        monkeypatch.setenv(name, value)
    received = isolated_settings()
    differing = {name for name in Settings.model_fields if getattr(given, name) != getattr(received, name)}
    assert differing == set()
    assert received.egress_allow == ("a.example", "10.0.0.0/8")


def test_an_address_is_made_from_host_and_port() -> None:
    assert isolated_settings(api_host="::1", api_port=90).public_url == "http://[::1]:90"


@pytest.mark.parametrize(
    ("variable", "value", "part"),
    [
        ("STEADYDESK_API_PORT", "70000", "less than or equal to 65535"),
        ("STEADYDESK_DATABASE_URL", "mysql://root:hunter2@x/y", "postgresql://user:password@host"),
        ("STEADYDESK_SMTP_URL", "mail.example:25", "smtp://host:port"),
        ("STEADYDESK_PUBLIC_URL", "foo", "https://host"),
        ("STEADYDESK_TEMPORAL_UI_URL", "foo", "https://host"),
        ("STEADYDESK_OIDC_ISSUER", "foo", "https://host"),
        ("STEADYDESK_MAIL_FROM", "nope", "name@host"),
        ("STEADYDESK_EGRESS_ALLOW", "mail.corp, 10.0.0.0/99", "'10.0.0.0/99' is no network"),
        ("STEADYDESK_FILES_URL", "files.example.org", "https://host or https://host:port"),
        ("STEADYDESK_FILES_URL", "https://desk.example.org/files", "without a path"),
        ("STEADYDESK_ANCHOR_SINKS", "file,ftp://loghost", "neither file, nor a syslog://"),
        ("STEADYDESK_ANCHOR_SINKS", "syslog://loghost:70000", "Port out of range"),
        ("STEADYDESK_SMTP_URL", "smtp://root:hunter2@mail:none", "smtp://host:port"),
        ("STEADYDESK_SMTP_URL", "smtp://mail:0", "smtp://host:port"),
        ("STEADYDESK_FILES_URL", "https://files.example.org:70000", "https://host or https://host:port"),
        ("STEADYDESK_FILES_URL", "https://files.example.org#x", "without a path"),
        ("STEADYDESK_MAIL_FROM", "a@b.example\nBcc: c@d.example", "name@host"),
        ("TEMPORAL_ADDRESS", "temporal:70000", "host:port"),
        ("TEMPORAL_ADDRESS", "http://temporal:7233", "host:port, without a scheme"),
    ],
)
def test_a_wrong_value_is_refused_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, part: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ValidationError) as caught:
        isolated_settings()
    sentences = wrong_variables(caught.value)
    assert len(sentences) == 1
    assert sentences[0].startswith(f"{variable}: ")
    assert part in sentences[0]
    assert "hunter2" not in sentences[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("database_url", "postgresql+asyncpg://u:p%40x@[::1]:5432/d"),
        ("database_url", "postgresql+asyncpg:///d?host=/var/run/postgresql"),
        ("smtp_url", "smtps://u%40x:p@[::1]:465"),
        ("smtp_url", "smtp://mail"),
        ("files_url", "https://[::1]:8443"),
        ("oidc_issuer", "https://login.example/realm/"),
        ("temporal_address", "[::1]:7233"),
        ("mail_from", "Größe & Co <ä@b.example>"),
        ("egress_allow", ("::1", "[::1]:80", "::1/128", "10.0.0.1", "mail:25")),
        ("anchor_sinks", ("syslog+tcp://[::1]:514", "syslog+unix:///dev/log", "https://u:p@h.example/x")),
    ],
)
def test_unusual_values_are_taken_as_they_are(name: str, value: str | tuple[str, ...]) -> None:
    assert getattr(isolated_settings(**{name: value}), name) == value


def test_a_misspelt_variable_is_told_with_the_nearest() -> None:
    told = misspelt_variables(["STEADYDESK_API_PROT", "STEADYDESK_API_PORT", "HOME"])
    assert told == ["STEADYDESK_API_PROT is not a setting; did you mean STEADYDESK_API_PORT?"]


def test_a_misspelt_variable_of_the_env_file_is_told_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("STEADYDESK_API_PROT=8181\nSTEADYDESK_STATE_DIR=/dev/null\nOTHER=1\n")
    monkeypatch.setenv("STEADYDESK_API_PROT", "8182")
    current_settings.cache_clear()
    started = CliRunner().invoke(app, ["up"])
    current_settings.cache_clear()
    told = "steadydesk: STEADYDESK_API_PROT is not a setting; did you mean STEADYDESK_API_PORT?"
    assert (started.exit_code, started.stderr.splitlines()[0]) == (1, told)
    assert started.stderr.count("is not a setting") == 1
