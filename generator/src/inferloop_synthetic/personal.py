"""What values look like that are about a person: e-mail addresses, numbers of cards and accounts, people's names.

Only the values are judged here; what a column's name says is judged by `schema.personal_by_name`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc
from mimesis import Person
from mimesis.locales import Locale

from inferloop_synthetic.schema import Personal

MOSTLY = 0.9
_VALUES = 1000
"""So many different values of a column are looked at one by one."""
_NAMES_DRAWN = 5000
_LOCALES = (Locale.EN, Locale.DE, Locale.FR, Locale.ES, Locale.IT, Locale.NL, Locale.PT, Locale.PL, Locale.SV, Locale.TR)

_EMAIL = r"^[^@\s]+@[^@\s]+\.[a-zA-Z]{2,}$"
_IP = r"^\d{1,3}(\.\d{1,3}){3}$"
_SSN = r"^\d{3}-\d{2}-\d{4}$"
# International, North American, or with a leading nought: shapes that neither dates nor plain numbers have.
_PHONE = (
    r"^\+\d[\d ()./-]{6,18}$"
    r"|^(1[ .-])?\(?[2-9]\d{2}\)?[ .-]{1,2}\d{3}[ .-]\d{4}$"
    r"|^\(?0\d{1,4}\)?[ /-]{1,2}\d{3,8}([ -]\d{2,5})?$"
)
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
_CARD = re.compile(r"[2-6]\d{12,18}")
_WORD = r"[^\W\d_]+(?:['’-][^\W\d_]+)*\.?"
_TITLE = re.compile(r"^(mr|mrs|ms|miss|dr|prof)\b\.?\s+", re.IGNORECASE)
_FIRMS = frozenset(
    ("inc", "ltd", "llc", "corp", "gmbh", "ag", "sa", "plc", "company", "group", "bank", "airlines", "airways", "lines")
)
_FULL_NAME = re.compile(rf"({_WORD})( {_WORD}){{1,3}}|({_WORD})( {_WORD})?, ?({_WORD})( {_WORD}){{0,2}}")


def personal_by_value(present: pa.ChunkedArray) -> Personal | None:
    """Return which personal data the texts are, judged by their shape alone."""
    for holds, pattern in ((Personal.email, _EMAIL), (Personal.ip, _IP), (Personal.ssn, _SSN), (Personal.phone, _PHONE)):
        if share_like(present, pattern) > MOSTLY:
            return holds
    values = different_values(present)
    for holds, judge in ((Personal.iban, is_iban), (Personal.card, is_card_number)):
        if _share(values, judge) > MOSTLY:
            return holds
    return Personal.name if look_like_full_names(values, given=0.4) else None


def plausible(holds: Personal, present: pa.ChunkedArray, *, person: bool) -> bool:
    """Say whether texts can be what the column's name says they are; `person` says that it speaks of people, as `patient_name`.

    A column `name` of few products or storms, `street` of gravel and asphalt, or `passport` of yes and no holds nothing such.
    """
    count = int(pc.count_distinct(present).as_py())
    varied = count > 0.3 * len(present)
    match holds:
        case Personal.first_name | Personal.last_name:
            return True
        case Personal.name:
            return person or varied or look_like_full_names(different_values(present), given=0.3)
        case Personal.email:
            return varied or share_like(present, "@") > 0.3
        case Personal.address:
            return varied or count > 50 or (share_like(present, r"\d") > 0.3 and share_like(present, r"[^\W\d_]") > 0.3)
        case Personal.phone:
            return share_like(present, r"(\d\D*){6}") > 0.5
        case Personal.ip:
            return varied or share_like(present, r"^[\da-fA-F.:]{3,}$") > 0.5
        case _:
            return share_like(present, r"(\d\D*){4}") > 0.5


def share_like(present: pa.ChunkedArray, pattern: str) -> float:
    """Return the share of texts in which the pattern occurs; 0 where there are none."""
    return float(pc.mean(pc.match_substring_regex(present, pattern).cast(pa.float64())).as_py() or 0.0)


def different_values(present: pa.ChunkedArray) -> list[str]:
    """Return up to 1,000 different texts, from everywhere in the column."""
    values = [str(v) for v in pc.unique(present).to_pylist() if v is not None]
    return values[:: -(-len(values) // _VALUES)] if values else []


def is_iban(text: str) -> bool:
    """Say whether a text is an IBAN with the right check digits (ISO 13616, modulo 97 of ISO 7064)."""
    number = text.replace(" ", "")
    if not _IBAN.fullmatch(number):
        return False
    return int("".join(str(int(c, 36)) for c in number[4:] + number[:4])) % 97 == 1


def is_card_number(text: str) -> bool:
    """Say whether a text is the number of a payment card: 13 to 19 digits with the right check digit (ISO/IEC 7812-1, Luhn)."""
    number = re.sub(r"[ -]", "", text)
    if not _CARD.fullmatch(number):
        return False
    digits = [int(c) for c in reversed(number)]
    return (sum(digits[::2]) + sum(sum(divmod(2 * d, 10)) for d in digits[1::2])) % 10 == 0


def look_like_full_names(values: list[str], given: float) -> bool:
    """Say whether texts read as people's full names: nearly all by their shape, a share of at least `given` by the first name."""
    shaped = [v for v in (_TITLE.sub("", v.strip()) for v in values) if _has_shape_of_name(v)]
    if not values or len(shaped) < 0.8 * len(values):
        return False
    known = given_names()
    return sum(_given(v) in known for v in shaped) >= given * len(values)


def _has_shape_of_name(text: str) -> bool:
    words = re.split(r",? ", text)
    return (
        _FULL_NAME.fullmatch(text) is not None
        and all(word[0].isupper() for word in words if len(word) > 3)
        and not any(word.rstrip(".").casefold() in _FIRMS for word in words)
    )


def _given(name: str) -> str:
    """Return the first name of a full one, in small letters."""
    _, comma, after = name.partition(",")
    return (after.strip() if comma else name).split(" ")[0].casefold()


@cache
def given_names() -> frozenset[str]:
    """Return several thousand first names of ten languages, in small letters; from the lists that made-up names are taken of."""
    found: set[str] = set()
    for locale in _LOCALES:
        person = Person(locale, seed=1)
        found |= {person.first_name().casefold() for _ in range(_NAMES_DRAWN)}
    return frozenset(found)


def _share(values: list[str], judge: Callable[[str], bool]) -> float:
    return sum(map(judge, values)) / len(values) if values else 0.0
