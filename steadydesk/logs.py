"""Structured logs of every process: one set-up for our events and for the libraries' standard logging."""

import logging
import sys
from typing import Literal

import structlog
from structlog.typing import EventDict, Processor
from temporalio import activity, workflow

NOISY_LIBRARIES = ("httpx2", "httpcore2", "asyncio", "aiosmtplib")


def configure_logs(level: str = "info", form: Literal["console", "json"] = "console") -> None:
    """Send structlog and standard logging to stderr; `form` json writes one object per line."""
    structlog.configure(
        processors=[_temporal_context, *_shared(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(form))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in NOISY_LIBRARIES:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def _formatter(form: Literal["console", "json"]) -> logging.Formatter:
    renderer: list[Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(sort_keys=False)]
        if form == "json"
        else [
            structlog.dev.ConsoleRenderer(
                sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_shared(),
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
    )


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _temporal_context(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Name the process behind an event; drop what a replay would log a second time."""
    if workflow.in_workflow():
        if workflow.unsafe.is_replaying_history_events():
            raise structlog.DropEvent
        about = workflow.info()
        event.update(workflow_id=about.workflow_id, run_id=about.run_id, workflow_type=about.workflow_type)
        if update := workflow.current_update_info():
            event["update_id"] = update.id
    elif activity.in_activity():
        attempt = activity.info()
        event.update(
            workflow_id=attempt.workflow_id,
            activity=attempt.activity_type,
            activity_id=attempt.activity_id,
            attempt=attempt.attempt,
        )
    return event
