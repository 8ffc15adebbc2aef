"""Public holidays of a country, as the holidays library knows them on the day a configuration is applied."""

from collections.abc import Iterable
from datetime import date

import holidays

from steadydesk.configuration.problem import did_you_mean


class UnknownPlaceError(LookupError):
    """``field`` is country or subdivision."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


def public_holidays(country: str, subdivision: str | None, years: Iterable[int]) -> frozenset[date]:
    """Dates of the place's public holidays in these years; UnknownPlaceError names what is unknown."""
    known = holidays.list_supported_countries(include_aliases=False)
    if country not in known:
        message = f"no holidays are known for the country '{country}'{did_you_mean(country, known)}"
        raise UnknownPlaceError("country", message)
    if subdivision is not None and subdivision not in known[country]:
        hint = did_you_mean(subdivision, known[country])
        raise UnknownPlaceError("subdivision", f"'{country}' has no subdivision '{subdivision}'{hint}")
    return frozenset(holidays.country_holidays(country, subdiv=subdivision, years=list(years)))
