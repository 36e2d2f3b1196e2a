"""Values that are generated and not learned: identifiers, personal data, text, and columns of a schema without data.

Each generator maps the number of a row (unique over all shards) and a random stream to an Arrow array.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import string
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from mimesis import Person
from mimesis.locales import Locale
from mimesis.providers import Address, Finance

from inferloop_synthetic.errors import InputError
from inferloop_synthetic.schema import ColumnSchema, Kind, Personal
from inferloop_synthetic.tabular.arrays import Ints


class Generator(Protocol):
    """Makes one column's values for the rows numbered `index`."""

    def values(self, index: Ints, rng: np.random.Generator) -> pa.Array:
        """Return one value for each row."""
        ...


@dataclass(frozen=True)
class Numbering:
    """Whole numbers one after another: start + row number."""

    start: int

    def values(self, index: Ints, rng: np.random.Generator) -> pa.Array:
        """Return the numbers."""
        return pa.array(index + self.start)


@dataclass(frozen=True)
class Template:
    """Texts of fixed places, each drawn from its own letters; with `unique`, never the same text twice.

    Unique texts number the rows and write the number in the places' mixed bases, scattered by a step that has no common divisor
    with the number of texts.
    """

    places: tuple[str, ...]
    unique: bool
    grows: bool = False
    """Unique texts get one letter more, a digit, when those of this length have run out; never otherwise."""

    @property
    def texts(self) -> int:
        """How many different texts there are."""
        return math.prod(len(letters) for letters in self.places)

    def values(self, index: Ints, rng: np.random.Generator) -> pa.Array:
        """Return the texts; raises InputError when unique texts run out."""
        if self.unique and self.grows and len(index) and (late := index >= self.texts).any():
            made = np.empty(len(index), object)
            made[~late] = self._of_length(index[~late], rng).to_pylist()
            made[late] = self._longer().values(index[late] - self.texts, rng).to_pylist()
            return pa.array(made, pa.string())
        return self._of_length(index, rng)

    def _longer(self) -> Template:
        # Before the first digit that varies: C-0001 goes on as C-10001, and $45,123.50 as $145,123.50.
        at = next((i for i, letters in enumerate(self.places) if len(letters) > 1 and "0" in letters), len(self.places))
        return Template((*self.places[:at], string.digits, *self.places[at:]), unique=True, grows=True)

    def _of_length(self, index: Ints, rng: np.random.Generator) -> pa.Array:
        picks = self._unique_picks(index) if self.unique else self._random_picks(len(index), rng)
        letters = np.zeros((len(index), len(self.places)), "U1")
        for i, (pick, allowed) in enumerate(zip(picks, self.places, strict=True)):
            letters[:, i] = np.array(list(allowed))[pick]
        return pa.array(letters.view(f"U{len(self.places)}")[:, 0])

    def _random_picks(self, rows: int, rng: np.random.Generator) -> list[Ints]:
        return [rng.integers(0, len(letters), rows) for letters in self.places]

    def _unique_picks(self, index: Ints) -> list[Ints]:
        # Only the last places that together number at most 2**62 texts count; the ones before repeat their first letter.
        counted, texts = 0, 1
        for letters in reversed(self.places):
            if texts * len(letters) > 2**62:
                break
            counted, texts = counted + 1, texts * len(letters)
        if len(index) and int(index.max()) >= texts:
            raise InputError(f"the pattern has only {texts:,} different texts, fewer than the rows asked for")
        step = int(texts * 0.6180339887) | 1
        while math.gcd(step, texts) != 1:
            step += 2
        number = (
            np.array([(int(i) * step + texts // 3) % texts for i in index], np.int64)
            if texts > 2**31
            else (index * step + texts // 3) % texts
        )
        picks: list[Ints] = []
        for letters in reversed(self.places[len(self.places) - counted :]):
            number, pick = np.divmod(number, len(letters))
            picks.append(pick)
        picks += [np.zeros(len(index), np.int64)] * (len(self.places) - counted)
        return picks[::-1]


@dataclass(frozen=True)
class Uuid:
    """Random version-4 UUIDs."""

    def values(self, index: Ints, rng: np.random.Generator) -> pa.Array:
        """Return the UUIDs as text."""
        raw = rng.bytes(16 * len(index))
        digits = np.frombuffer(raw.hex().encode(), "S1").reshape(-1, 32).copy()
        digits[:, 12] = b"4"
        digits[:, 16] = np.array([b"8", b"9", b"a", b"b"])[rng.integers(0, 4, len(index))]
        dashed = np.full((len(index), 36), b"-", "S1")
        dashed[:, [*range(8), *range(9, 13), *range(14, 18), *range(19, 23), *range(24, 36)]] = digits
        return pa.array(dashed.view("S36")[:, 0]).cast(pa.string())


@dataclass(frozen=True)
class Pool:
    """Texts from a list, with weights where given."""

    texts: pa.Array
    weights: tuple[float, ...] | None = None

    def values(self, index: Ints, rng: np.random.Generator) -> pa.Array:
        """Return texts from the list as a dictionary array."""
        return pa.DictionaryArray.from_arrays(pa.array(pick(len(self.texts), self.weights, len(index), rng)), self.texts)


def pick(
    count: int, weights: Sequence[float] | None, rows: int, rng: np.random.Generator
) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    """Return `rows` numbers below `count`."""
    if weights is None:
        return rng.integers(0, count, rows, dtype=np.int32)
    share = np.asarray(weights, float) / np.sum(weights)
    table = np.searchsorted(np.cumsum(share), (np.arange(2**16) + 0.5) / 2**16).astype(np.int32)
    if share.min() < 2**-12:
        return np.searchsorted(np.cumsum(share), rng.random(rows)).clip(0, count - 1).astype(np.int32)
    return np.minimum(table.take(rng.integers(0, 2**16, rows, dtype=np.uint16)), count - 1)


# ---------------------------------------------------------------------------------------------------------- personal data


@cache
def vocabulary(kind: str) -> pa.Array:
    """Return a few hundred made-up names, cities, streets or companies; the same on every machine."""
    person, address, finance = (make(Locale.EN, seed=1) for make in (Person, Address, Finance))
    makers = {
        "first_name": person.first_name,
        "last_name": person.last_name,
        "city": address.city,
        "street": address.street_name,
        "company": finance.company,
    }
    return pa.array(sorted({str(makers[kind]()) for _ in range(1500)})[:700])


@dataclass(frozen=True)
class PersonalData:
    """Names, addresses and the like, put together from vocabularies; no value comes from the data.

    Numbers that people have are of ranges that are given to nobody: see the functions that make them.
    """

    holds: Personal
    plain: bool = False
    """Phones, social security and card numbers as digits alone."""

    def values(self, index: Ints, rng: np.random.Generator) -> pa.Array:
        """Return the values as text."""
        made = self._texts(len(index), rng)
        return pc.replace_substring_regex(made, r"\D", "") if self.plain else made

    def _texts(self, rows: int, rng: np.random.Generator) -> pa.Array:
        def word(kind: str) -> pa.Array:
            words = vocabulary(kind)
            return words.take(pa.array(rng.integers(0, len(words), rows)))

        def number(low: int, high: int) -> pa.Array:
            return pa.array(rng.integers(low, high, rows)).cast(pa.string())

        match self.holds:
            case Personal.name:
                return pc.binary_join_element_wise(word("first_name"), word("last_name"), " ")
            case Personal.email:
                local = pc.binary_join_element_wise(word("first_name"), word("last_name"), number(1, 10_000), ".")
                local = pc.ascii_lower(pc.replace_substring_regex(local, "[^A-Za-z0-9.]", ""))
                return pc.binary_join_element_wise(local, "example.org", "@")
            case Personal.phone:
                # 555-01xx is set aside for fiction.
                return pc.binary_join_element_wise(
                    "+1", number(201, 990), pc.binary_join_element_wise("555", number(100, 200), "-0"), "-"
                )
            case Personal.address:
                return pc.binary_join_element_wise(number(1, 400), word("street"), " ")
            case Personal.ip:
                # 198.18.0.0/15 is set aside for tests (RFC 2544).
                return pc.binary_join_element_wise("198", number(18, 20), number(0, 256), number(1, 255), ".")
            case Personal.ssn | Personal.national_id | Personal.passport | Personal.iban | Personal.card:
                count, write = NUMBERS[self.holds]
                return write(rng.integers(0, count, rows))
            case _:
                return word(self.holds.value)


def _social_security_numbers(numbers: Ints) -> pa.Array:
    """Return numbers such as 912-34-5678 that nobody has.

    Areas from 900 on are never assigned (Social Security Administration, POMS RM 10201.035), and the groups 10 to 49 in them are
    not those of taxpayer numbers either (Internal Revenue Service: 50 to 65, 70 to 88, 90 to 99).
    """
    rest, serial = np.divmod(numbers, 9999)
    area, group = np.divmod(rest, 40)
    return pc.binary_join_element_wise(_digits(area + 900), _digits(group + 10), _digits(serial + 1, 4), "-")


def _national_numbers(numbers: Ints) -> pa.Array:
    """Return numbers such as XX-123456789; ISO 3166-1 leaves XX to its users, so no country issues them."""
    return pc.binary_join_element_wise("XX", _digits(numbers + 10**8), "-")


def _passport_numbers(numbers: Ints) -> pa.Array:
    """Return nine characters, as ICAO Doc 9303-4 has them, that begin with XX like those above."""
    return pc.binary_join_element_wise("XX", _digits(numbers + 10**6), "")


def _account_numbers(numbers: Ints) -> pa.Array:
    """Return German IBANs with right check digits (ISO 13616) of the bank 00000000.

    There is none: a German bank code begins with the number of a clearing area, 1 to 8 (Deutsche Bundesbank, bank sort codes).
    """
    account = numbers + 1
    # The account, then the letters D and E as 13 and 14, then 00 for the check digits: modulo 97 of ISO 7064.
    check = 98 - (account % 97 * 10**6 + 131_400) % 97
    return pc.binary_join_element_wise("DE", _digits(check, 2), _digits(account, 18), "")


def _card_numbers(numbers: Ints) -> pa.Array:
    """Return sixteen digits that begin as Stripe's number for tests, 4242 4242 4242 4242, with a wrong check digit.

    Every card's number has the right one (ISO/IEC 7812-1, Luhn), so that these are nobody's.
    https://docs.stripe.com/testing
    """
    account, wrong = np.divmod(numbers, 9)
    first = 424_242 * 10**9 + account
    digits = first[:, None] // 10 ** np.arange(14, -1, -1) % 10
    doubled = digits[:, ::2] * 2
    total = (doubled // 10 + doubled % 10).sum(1) + digits[:, 1::2].sum(1)
    return _digits(first * 10 + (wrong + 1 - total) % 10)


def _digits(numbers: Ints, width: int = 1) -> pa.Array:
    return pc.utf8_lpad(pa.array(numbers).cast(pa.string()), width, "0")


NUMBERS: Mapping[Personal, tuple[int, Callable[[Ints], pa.Array]]] = {
    Personal.ssn: (100 * 40 * 9999, _social_security_numbers),
    Personal.national_id: (9 * 10**8, _national_numbers),
    Personal.passport: (9 * 10**6, _passport_numbers),
    Personal.iban: (10**10 - 1, _account_numbers),
    Personal.card: (9 * 10**9, _card_numbers),
}
"""Numbers that people have: how many there are of nobody's, and the texts of the first of them, second and so on."""


# ------------------------------------------------------------------------------------------------- learned from texts


def learned_generator(column: ColumnSchema, data: pa.ChunkedArray, seed: int) -> Generator:
    """Return the generator of a column that is not learned: of a schema's pattern, made up, or of the make of the data."""
    if column.pattern is not None or (column.values is not None and column.kind is Kind.personal):
        return schema_generator(column)
    if column.personal is not None:
        return PersonalData(column.personal, only_digits(column.personal, data))
    return identifier_generator(data) if column.kind is Kind.identifier else text_generator(data, seed)


def is_whole(made: Generator, data: pa.ChunkedArray) -> bool:
    """Say whether a column of numbers is filled with whole ones."""
    numbers = pa.types.is_integer(data.type) or pa.types.is_floating(data.type)
    return bool(numbers and getattr(made, "plain", False))


def only_digits(holds: Personal, data: pa.ChunkedArray) -> bool:
    """Say whether personal data are written as digits alone, without dashes and the like."""
    if pa.types.is_integer(data.type) or pa.types.is_floating(data.type):
        return holds in {Personal.phone, Personal.ssn, Personal.card, Personal.national_id, Personal.passport}
    if holds not in {Personal.phone, Personal.ssn, Personal.card}:
        return False
    present = data.drop_null().slice(0, 2000).cast(pa.string())
    return bool(len(present)) and bool(pc.all(pc.match_substring_regex(present, r"^\d+$")).as_py())


def identifier_generator(column: pa.ChunkedArray) -> Generator:
    """Return a generator of identifiers that look like the column's: numbers, UUIDs, or texts of the same make."""
    present = column.drop_null()
    if pa.types.is_integer(present.type):
        # Numbers of all shards must follow within 64 bits.
        return Numbering(min(int(pc.min(present).as_py() or 1), 2**62))
    texts = [str(t) for t in present.slice(0, 2000).cast(pa.string()).to_pylist()]
    if texts and all(re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", t) for t in texts):
        return Uuid()
    return Template(_places(texts), unique=True, grows=True)


def _places(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the letters of each place of the commonest length: a constant letter stays, others widen to their class."""
    lengths = [len(t) for t in texts]
    length = max(set(lengths), key=lengths.count) if lengths else 8
    alike = [t for t in texts if len(t) == length]
    places = []
    for letters in zip(*alike, strict=True) if alike else [string.digits] * length:
        seen = set(letters)
        if len(seen) == 1:
            places.append(seen.pop())
            continue
        wide = "".join(c for c in (string.digits, string.ascii_uppercase, string.ascii_lowercase) if seen & set(c))
        places.append(wide + "".join(sorted(seen - set(wide))[:8]))
    # Where all texts of that length are the same one, it must not be given out.
    return tuple(places) if any(len(letters) > 1 for letters in places) else (*places, string.digits)


def text_generator(column: pa.ChunkedArray, seed: int, least_rows: int = 5, texts: int = 2000) -> Generator:
    """Return a generator of texts from word pairs that occur in at least `least_rows` of the column's texts.

    No text is copied: words that few rows use, such as names, do not occur.
    """
    rng = np.random.default_rng([seed, 4])
    after: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    lengths = []
    for text in column.drop_null().slice(0, 20_000).cast(pa.string()).to_pylist():
        words = ["", *text.split()[:200]]
        lengths.append(len(words) - 1)
        for pair in set(pairwise(words)):
            after[pair[0]][pair[1]] += 1
    common = {w: {n: c for n, c in nexts.items() if c >= least_rows} for w, nexts in after.items()}
    common = {w: nexts for w, nexts in common.items() if nexts}
    starts = common.get("", {"text": 1})
    made = {_sentence(starts, common, int(rng.choice(lengths)) if lengths else 5, rng) for _ in range(texts)}
    return Pool(pa.array(sorted(made)))


def _sentence(starts: dict[str, int], common: dict[str, dict[str, int]], length: int, rng: np.random.Generator) -> str:
    words: list[str] = []
    while len(words) < max(length, 1):
        options = common.get(words[-1], starts) if words else starts
        total = sum(options.values())
        at = rng.random() * total
        for word, count in options.items():
            at -= count
            if at < 0:
                words.append(word)
                break
    return " ".join(words)


# ------------------------------------------------------------------------------------------------- from a schema alone


@dataclass(frozen=True)
class Whole:
    """Whole numbers between two bounds, both included."""

    low: int
    high: int

    def values(self, index: Ints, rng: np.random.Generator) -> pa.Array:
        """Return the numbers."""
        return pa.array(rng.integers(self.low, self.high, len(index), endpoint=True))


@dataclass(frozen=True)
class Real:
    """Numbers between two bounds, rounded to `decimals` where given."""

    low: float
    high: float
    decimals: int | None

    def values(self, index: Ints, rng: np.random.Generator) -> pa.Array:
        """Return the numbers."""
        number = self.low + (self.high - self.low) * rng.random(len(index))
        return pa.array(number if self.decimals is None else np.round(number, self.decimals))


@dataclass(frozen=True)
class Moment:
    """Dates, time stamps (to the second) or times of day between two bounds, both included."""

    low: int
    high: int
    arrow: str

    def values(self, index: Ints, rng: np.random.Generator) -> pa.Array:
        """Return the moments."""
        kind = {"date": pa.date32(), "datetime": pa.timestamp("s"), "time": pa.time32("s")}[self.arrow]
        whole = rng.integers(self.low, self.high, len(index), endpoint=True)
        return pa.array(whole.astype(np.int32 if kind.bit_width == 32 else np.int64)).view(kind)


@dataclass(frozen=True)
class Truth:
    """True or false, equally often."""

    def values(self, index: Ints, rng: np.random.Generator) -> pa.Array:
        """Return the values."""
        return pa.array(rng.random(len(index)) < 0.5)


def schema_generator(column: ColumnSchema) -> Generator:
    """Return the generator of a column that is described only by its schema."""
    if column.pattern is not None:
        return Template(places_of(column.pattern, column.name), unique=column.kind is Kind.identifier)
    if column.values is not None:
        return Pool(pa.array(column.values), tuple(column.weights) if column.weights else None)
    if column.personal is not None:
        return PersonalData(column.personal)
    match column.kind:
        case Kind.integer:
            low, high = bounds_of(column, 0, 1000)
            if not -(2**63) <= low <= high < 2**63:
                raise InputError(f"column {column.name!r}: {low} to {high} does not fit 64-bit integers")
            return Whole(int(low), int(high))
        case Kind.float:
            low, high = bounds_of(column, 0.0, 1.0)
            if not math.isfinite(high - low):
                raise InputError(f"column {column.name!r}: the range {low} to {high} is not finite")
            return Real(float(low), float(high), column.decimals)
        case Kind.boolean:
            return Truth()
        case Kind.date | Kind.datetime | Kind.time:
            return Moment(*moments_of(column), column.kind.value)
        case Kind.identifier:
            return Numbering(int(bounds_of(column, 1, 2**62)[0]))
        case Kind.category:
            return Pool(pa.array([f"{column.name}_{letter}" for letter in string.ascii_lowercase[:8]]))
        case _:
            return _word_pool()


@cache
def _word_pool() -> Generator:
    from mimesis import Text

    text = Text(Locale.EN, seed=1)
    return Pool(pa.array(sorted({" ".join(text.words(3)) for _ in range(2000)})))


def bounds_of(column: ColumnSchema, low: float, high: float) -> tuple[float, float]:
    """Return a number column's bounds, with `low` and `high` where none are given; raises InputError for other bounds."""
    given = [low if column.min is None else column.min, high if column.max is None else column.max]
    if column.min is not None and column.max is None and isinstance(column.min, (int, float)):
        given[1] = column.min + (high - low)
    if column.max is not None and column.min is None and isinstance(column.max, (int, float)):
        given[0] = min(low, column.max)
    for bound in given:
        if isinstance(bound, str):
            raise InputError(f"column {column.name!r}: {bound!r} is not a number")
    return given[0], given[1]  # type: ignore[return-value]


def moments_of(column: ColumnSchema) -> tuple[int, int]:
    """Return the bounds of dates in days, of time stamps and times in seconds; raises InputError for others."""
    defaults = {
        "date": ("2020-01-01", "2024-12-31"),
        "datetime": ("2020-01-01", "2024-12-31"),
        "time": ("00:00", "23:59:59"),
    }
    texts = [str(b if b is not None else d) for b, d in zip((column.min, column.max), defaults[column.kind.value], strict=True)]
    try:
        if column.kind is Kind.time:
            times = [dt.time.fromisoformat(t) for t in texts]
            low, high = (t.hour * 3600 + t.minute * 60 + t.second for t in times)
        else:
            seconds = [int(dt.datetime.fromisoformat(t).replace(tzinfo=dt.UTC).timestamp()) for t in texts]
            low, high = (s // 86_400 if column.kind is Kind.date else s for s in seconds)
    except ValueError as error:
        raise InputError(f"column {column.name!r}: {error} (dates are written 2024-12-31)") from error
    if low > high:
        raise InputError(f"column {column.name!r}: {texts[0]} is later than {texts[1]}")
    return low, high


_ATOM = re.compile(r"\\d|\\w|\[([^\]\^][^\]]*)\]|\\(.)|([^\\\[\](){}*+?|.^$])")
_REPEAT = re.compile(r"\{(\d+)\}")
_CLASSES = {r"\d": string.digits, r"\w": string.ascii_letters + string.digits}


def places_of(pattern: str, name: str) -> tuple[str, ...]:
    """Return the places of a pattern of letters, classes such as `[A-Z]` and `\\d`, and repeats such as `{4}`."""
    places: list[str] = []
    at = 0
    pattern = pattern.removeprefix("^").removesuffix("$")
    while at < len(pattern):
        atom = _ATOM.match(pattern, at)
        if atom is None:
            raise InputError(
                f"column {name!r}: the pattern {pattern!r} cannot be generated from at character {at + 1}; "
                "letters, [classes], \\d, \\w and {n} can"
            )
        letters = _CLASSES.get(atom[0]) or (_class_letters(atom[1]) if atom[1] else atom[2] or atom[3])
        at = atom.end()
        repeat = _REPEAT.match(pattern, at)
        times = int(repeat[1]) if repeat else 1
        if len(places) + times > 200:
            raise InputError(f"column {name!r}: the pattern is longer than 200 letters")
        places += [letters] * times
        at = repeat.end() if repeat else at
    if not places:
        raise InputError(f"column {name!r}: the pattern is empty")
    return tuple(places)


def _class_letters(inside: str) -> str:
    widened = re.sub(r"(.)-(.)", lambda m: "".join(map(chr, range(ord(m[1]), ord(m[2]) + 1))), inside.replace(r"\d", "0-9"))
    return "".join(dict.fromkeys(widened))
