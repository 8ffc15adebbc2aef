"""Amounts of money: no finer than what their currency is counted in (ISO 4217)."""

from decimal import Decimal

_WHOLE = (
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF",
    "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF",
)  # fmt: skip
_MINOR_UNITS = {
    **dict.fromkeys(_WHOLE, 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
"""Decimals of an amount; every other currency has two."""


def minor_units(currency: str) -> int:
    """Decimals that an amount in the currency can have."""
    return _MINOR_UNITS.get(currency, 2)


def finer_than(currency: str, amount: float) -> str | None:
    """What is wrong with an amount that nobody could pay: 12.345 in EUR, 0.5 in JPY; None for any other."""
    exponent = Decimal(str(amount)).normalize().as_tuple().exponent
    most = minor_units(currency)
    if not isinstance(exponent, int) or -exponent <= most:
        return None
    if most == 0:
        return f"must have no decimals, as an amount in {currency}"
    return f"must not have more than {most} decimals, as an amount in {currency}"
