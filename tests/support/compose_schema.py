"""The rules of the Compose specification that our file can break, as JSON Schema: keys, forms of values."""

from typing import Any

STRINGS: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
SCALAR: dict[str, Any] = {"type": ["string", "number", "boolean", "null"]}
DURATION: dict[str, Any] = {"type": "string", "pattern": r"^([0-9]+(us|ms|s|m|h))+$"}
NAME = r"^[a-zA-Z0-9._-]+$"

HEALTHCHECK: dict[str, Any] = {
    "type": "object",
    "required": ["test"],
    "properties": {
        "test": {
            "type": "array",
            "items": {"type": "string"},
            "minItems": 2,
            "prefixItems": [{"enum": ["CMD", "CMD-SHELL"]}],
        },
        "interval": DURATION,
        "timeout": DURATION,
        "start_period": DURATION,
        "retries": {"type": "integer", "minimum": 1},
    },
    "additionalProperties": False,
}

DEPENDS_ON: dict[str, Any] = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "required": ["condition"],
        "properties": {
            "condition": {"enum": ["service_started", "service_healthy", "service_completed_successfully"]}
        },
        "additionalProperties": False,
    },
}

SERVICE: dict[str, Any] = {
    "type": "object",
    "required": ["image"],
    "properties": {
        "image": {"type": "string", "pattern": r"^[a-z0-9./-]+:[\w.-]+$"},
        "build": {"type": "string"},
        "user": {"type": "string"},
        "command": STRINGS,
        "entrypoint": STRINGS,
        "environment": {"type": "object", "additionalProperties": SCALAR},
        "ports": {
            "type": "array",
            "items": {"type": "string", "pattern": r"^127\.0\.0\.1:(\d+|\$\{[A-Z_]+:-\d+\}):\d+$"},
        },
        "volumes": {"type": "array", "items": {"type": "string", "pattern": r"^[^:]+:/[^:]+(:ro)?$"}},
        "tmpfs": {"type": "array", "items": {"type": "string", "pattern": r"^/[^:]*(:[\w=,]+)?$"}},
        "networks": STRINGS,
        "depends_on": DEPENDS_ON,
        "healthcheck": HEALTHCHECK,
        "restart": {"type": "string", "pattern": r"^(no|always|unless-stopped|on-failure(:\d+)?)$"},
        "init": {"type": "boolean"},
        "read_only": {"type": "boolean"},
        "cap_drop": STRINGS,
        "security_opt": STRINGS,
        "shm_size": {"type": "string", "pattern": r"^\d+[bkmg]$"},
        "stop_grace_period": DURATION,
        "logging": {
            "type": "object",
            "properties": {
                "driver": {"type": "string"},
                "options": {"type": "object", "additionalProperties": {"type": "string"}},
            },
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
}

COMPOSE: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["name", "services"],
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]*$"},
        "services": {"type": "object", "patternProperties": {NAME: SERVICE}, "additionalProperties": False},
        "networks": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "properties": {"internal": {"type": "boolean"}},
                "additionalProperties": False,
            },
        },
        "volumes": {"type": "object", "additionalProperties": {"type": "object", "maxProperties": 0}},
    },
    "patternProperties": {"^x-": True},
    "additionalProperties": False,
}
