"""Tax ids as people write them on invoices, checked loosely.

A text that begins like a country's VAT number must be one; whatever else is written is kept as it is, for there are
more kinds of tax ids in the world than anybody lists. The forms are the European Commission's (VIES), the British
HMRC's, the Swiss BFS's and the Norwegian Brønnøysund's. Whether a number exists is nobody's claim here.
"""

from __future__ import annotations

import re

# Prefix -> what follows it, and how that is said.
_FORMS: dict[str, tuple[str, str]] = {
    "AT": (r"U[0-9]{8}", "U and 8 digits"),
    "BE": (r"[01][0-9]{9}", "10 digits"),
    "BG": (r"[0-9]{9,10}", "9 or 10 digits"),
    "CHE": (r"[0-9]{9}(MWST|TVA|IVA)?", "9 digits and perhaps MWST, TVA or IVA"),
    "CY": (r"[0-9]{8}[A-Z]", "8 digits and a letter"),
    "CZ": (r"[0-9]{8,10}", "8 to 10 digits"),
    "DE": (r"[0-9]{9}", "9 digits"),
    "DK": (r"[0-9]{8}", "8 digits"),
    "EE": (r"[0-9]{9}", "9 digits"),
    "EL": (r"[0-9]{9}", "9 digits"),
    "ES": (r"[0-9A-Z][0-9]{7}[0-9A-Z]", "9 letters and digits"),
    "FI": (r"[0-9]{8}", "8 digits"),
    "FR": (r"[0-9A-Z]{2}[0-9]{9}", "2 letters or digits and 9 digits"),
    "GB": (r"([0-9]{9}|[0-9]{12}|GD[0-9]{3}|HA[0-9]{3})", "9 or 12 digits"),
    "HR": (r"[0-9]{11}", "11 digits"),
    "HU": (r"[0-9]{8}", "8 digits"),
    "IE": (r"[0-9][0-9A-Z+*][0-9]{5}[A-Z]{1,2}", "7 digits and 1 or 2 letters"),
    "IT": (r"[0-9]{11}", "11 digits"),
    "LT": (r"([0-9]{9}|[0-9]{12})", "9 or 12 digits"),
    "LU": (r"[0-9]{8}", "8 digits"),
    "LV": (r"[0-9]{11}", "11 digits"),
    "MT": (r"[0-9]{8}", "8 digits"),
    "NL": (r"[0-9A-Z+*]{10}[0-9]{2}", "12 characters such as 123456789B01"),
    "NO": (r"[0-9]{9}(MVA)?", "9 digits and perhaps MVA"),
    "PL": (r"[0-9]{10}", "10 digits"),
    "PT": (r"[0-9]{9}", "9 digits"),
    "RO": (r"[0-9]{2,10}", "2 to 10 digits"),
    "SE": (r"[0-9]{12}", "12 digits"),
    "SI": (r"[0-9]{8}", "8 digits"),
    "SK": (r"[0-9]{10}", "10 digits"),
}
_PREFIX = {"GR": "EL", "CH": "CHE"}  # where a country's numbers begin with something else than its code
_BETWEEN = re.compile(r"[ .\-/]")


def fault(text: str, *, country: str) -> str | None:
    """What is wrong with a tax id of this country (ISO 3166-1), as a sentence; None where nothing is known to be."""
    prefix = _PREFIX.get(country, country)
    form = _FORMS.get(prefix)
    plain = _BETWEEN.sub("", text).upper()
    if form is None or not plain.startswith(prefix) or re.fullmatch(form[0], plain.removeprefix(prefix), re.ASCII):
        return None
    return f"A number that begins with {prefix} has {form[1]} after it."
