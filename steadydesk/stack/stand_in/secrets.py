"""The variables with the secrets that the demo's configuration names."""

from typing import Final

CLOUD_TOKEN: Final = "DEMO_CLOUD_TOKEN"  # noqa: S105 - the variable, not the token
MONITORING_SIGNATURE: Final = "DEMO_MONITORING_SIGNATURE"
