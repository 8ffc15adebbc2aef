"""`docs/settings.md`: every setting, its default and its meaning."""

from docs.reference.markdown import code, one_line, page, table
from steadydesk.settings import Settings, variable_of

INTRODUCTION = """\
Read from the environment, then from `.env` in the working folder, then from the defaults here. `.env.example` lists the
same. A misspelt `STEADYDESK_…` variable is told at the start, with the nearest setting. `TEMPORAL_ADDRESS` and
`STEADYDESK_DATABASE_URL` name existing servers; the embedded ones are not started then."""


def settings_page() -> str:
    rows = (
        (code(variable_of(name)), _default(name), one_line(field.description))
        for name, field in Settings.model_fields.items()
    )
    return page("Settings", INTRODUCTION, table(("variable", "default", "meaning"), rows))


def _default(name: str) -> str:
    """Empty where other settings decide; the description says how."""
    field = Settings.model_fields[name]
    if field.default_factory is not None or field.default in (None, ()):
        return ""
    if isinstance(field.default, bool):
        return code(str(field.default).lower())
    return code(", ".join(field.default) if isinstance(field.default, tuple) else str(field.default))
