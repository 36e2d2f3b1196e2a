"""What a table looks like: its columns, and the constraints its rows keep. Read from and shown as YAML."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from inferloop_synthetic.documents import Place, parse_document
from inferloop_synthetic.errors import InputError


class Kind(StrEnum):
    """What a column holds."""

    integer = "integer"
    float = "float"
    boolean = "boolean"
    category = "category"
    date = "date"
    datetime = "datetime"
    time = "time"
    identifier = "identifier"
    text = "text"
    personal = "personal"


class Personal(StrEnum):
    """What a personal-data column holds; its values are generated and never learned."""

    name = "name"
    first_name = "first_name"
    last_name = "last_name"
    email = "email"
    phone = "phone"
    address = "address"
    city = "city"
    company = "company"
    ip = "ip"
    ssn = "ssn"
    national_id = "national_id"
    passport = "passport"
    iban = "iban"
    card = "card"


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ColumnSchema(_Closed):
    """One column. `min`, `max`, `values`, `pattern` bound what is generated; where data are learned from they are checked."""

    name: str = Field(min_length=1)
    kind: Kind
    missing: float = Field(0.0, ge=0, le=1, description="Share of missing values; used when no data are learned from.")
    min: int | float | str | None = None
    max: int | float | str | None = None
    decimals: int | None = Field(None, ge=0, le=9)
    values: list[str] | None = Field(None, min_length=1, max_length=1_000_000)
    weights: list[float] | None = None
    pattern: str | None = Field(None, max_length=200)
    personal: Personal | None = None

    @field_validator("min", "max", mode="before")
    @classmethod
    def _moments_as_text(cls, bound: object) -> object:
        """YAML turns 2024-01-31 into a date; bounds are kept as they are written."""
        return bound.isoformat() if isinstance(bound, (dt.date, dt.time)) else bound

    @model_validator(mode="after")
    def _consistent(self) -> ColumnSchema:
        if (self.kind is Kind.personal) != (self.personal is not None):
            raise ValueError("`personal` says what a column of kind personal holds, and only such a column has it")
        if self.weights is not None and (self.values is None or len(self.weights) != len(self.values)):
            raise ValueError("`weights` needs `values` of the same length")
        if self.weights is not None and (min(self.weights) < 0 or sum(self.weights) <= 0):
            raise ValueError("`weights` must not be negative and must not all be nought")
        if isinstance(self.min, (int, float)) and isinstance(self.max, (int, float)) and self.min > self.max:
            raise ValueError(f"min {self.min} is greater than max {self.max}")
        return self


class Inequality(_Closed):
    """`left` is never greater than `right` in the same row."""

    type: Literal["inequality"]
    left: str
    right: str


class FixedCombinations(_Closed):
    """Only combinations of these columns that are in the data occur."""

    type: Literal["fixed_combinations"]
    columns: list[str] = Field(min_length=2)


class Range(_Closed):
    """Values lie between `min` and `max`."""

    type: Literal["range"]
    column: str
    min: float | None = None
    max: float | None = None


class Unique(_Closed):
    """No value occurs twice: numbers, dates and times keep to their range, personal data are made up, others are identifiers."""

    type: Literal["unique"]
    column: str


class Regex(_Closed):
    """Values match the whole pattern."""

    type: Literal["regex"]
    column: str
    pattern: str = Field(max_length=200)

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from error
        return pattern


class Formula(_Closed):
    """The column is computed from others in the same row: numbers, column names, + - * / and brackets."""

    type: Literal["formula"]
    column: str
    expression: str = Field(max_length=500)


Constraint = Annotated[Inequality | FixedCombinations | Range | Unique | Regex | Formula, Field(discriminator="type")]


class TableSchema(_Closed):
    """All columns of a table in order, and its constraints."""

    columns: list[ColumnSchema] = Field(min_length=1)
    constraints: list[Constraint] = []

    @model_validator(mode="after")
    def _names(self) -> TableSchema:
        names = [column.name for column in self.columns]
        twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
        if twice:
            raise ValueError(f"columns named twice: {', '.join(twice)}")
        for constraint in self.constraints:
            for name in constraint_columns(constraint):
                if name not in names:
                    raise ValueError(f"{constraint.type}: there is no column {name!r}")
        return self

    def column(self, name: str) -> ColumnSchema:
        """Return the column of that name."""
        return next(column for column in self.columns if column.name == name)


def constraint_columns(constraint: Constraint) -> list[str]:
    """Return the columns that a constraint names (a formula's inputs are not among them)."""
    if isinstance(constraint, Inequality):
        return [constraint.left, constraint.right]
    return constraint.columns if isinstance(constraint, FixedCombinations) else [constraint.column]


M = TypeVar("M", bound=BaseModel)
LONGEST = 50_000_000
"""Characters of a schema: one may list many values."""

_SHORT = re.compile(r"^\s*([a-z_]+)\s*(?:\[(.*)\])?\s*$")
_ALIASES = {
    "int": "integer", "number": "float", "bool": "boolean", "str": "string", "timestamp": "datetime", "id": "identifier",
}  # fmt: skip


def column_from_short(name: str, text: Any) -> ColumnSchema:
    """Return the column that a short form such as `integer[1:1000]`, `category[a,b,c]` or `email` describes.

    Raises:
        InputError: it is no such text.
    """
    if not isinstance(text, str):
        raise InputError(f"column {name!r}: the short form is a text such as integer[1:1000]")
    match = _SHORT.match(text)
    if not match:
        raise InputError(f"column {name!r}: {text!r} is not of the form kind or kind[min:max] or category[a,b,c]")
    word, inside = _ALIASES.get(match[1], match[1]), match[2]
    fields: dict[str, Any] = {"name": name}
    if word == "string":
        word = personal_by_name(name) or "text"
    if word in Personal.__members__:
        fields |= {"kind": Kind.personal, "personal": word}
    elif word in Kind.__members__:
        fields["kind"] = word
    else:
        known = ", ".join([*Kind.__members__, *Personal.__members__, "string"])
        raise InputError(f"column {name!r}: unknown kind {word!r}; known are {known}")
    if inside is not None:
        fields |= _short_bounds(name, word, inside)
    return _validated(ColumnSchema, fields, lambda _: f"column {name!r}")


def _short_bounds(name: str, word: str, inside: str) -> dict[str, Any]:
    if word == "category":
        return {"values": [value.strip() for value in inside.split(",") if value.strip()]}
    low, colon, high = inside.partition("..") if ".." in inside else inside.partition(":")
    if word in {"date", "datetime", "time"}:
        return {"min": low.strip() or None, "max": high.strip() or None}
    if word not in {"integer", "float"} or not colon:
        raise InputError(f"column {name!r}: [{inside}] is not understood for kind {word}")
    number = int if word == "integer" else float
    try:
        return {"min": number(low) if low.strip() else None, "max": number(high) if high.strip() else None}
    except ValueError as error:
        raise InputError(f"column {name!r}: [{inside}] must be two numbers with a colon between them") from error


# fmt: off
_HEADERS: dict[str, str] = {
    **dict.fromkeys(("name", "full_name", "fullname", "person", "cardholder", "card_holder", "account_holder"), "name"),
    **dict.fromkeys(("first_name", "firstname", "given_name", "forename"), "first_name"),
    **dict.fromkeys(("last_name", "lastname", "surname", "family_name", "maiden_name"), "last_name"),
    **dict.fromkeys(("email", "e_mail", "email_address", "e_mail_address", "mail"), "email"),
    **dict.fromkeys((
        "phone", "phone_number", "telephone", "telephone_number", "tel", "mobile", "mobile_number", "mobile_phone", "cell_phone",
        "fax", "fax_number",
    ), "phone"),
    **dict.fromkeys(("address", "street", "street_address", "address_line", "home_address", "postal_address"), "address"),
    **dict.fromkeys(("ip", "ip_address"), "ip"),
    **dict.fromkeys(("ssn", "social_security", "social_security_number", "social_security_no"), "ssn"),
    **dict.fromkeys((
        "national_id", "national_id_number", "national_insurance_number", "nino", "tax_id", "tax_number", "personal_id",
        "identity_number", "identity_card_number", "id_card_number",
    ), "national_id"),
    **dict.fromkeys(("passport", "passport_number", "passport_no", "passport_id"), "passport"),
    **dict.fromkeys(("iban", "bank_account", "bank_account_number"), "iban"),
    **dict.fromkeys(("card_number", "card_no", "credit_card", "credit_card_number", "debit_card_number", "cc_number"), "card"),
}
_PEOPLE = frozenset((
    "account", "applicant", "author", "beneficiary", "borrower", "buyer", "card", "child", "client", "contact", "customer",
    "doctor", "driver", "emergency", "employee", "father", "guest", "holder", "insured", "manager", "member", "mother", "owner",
    "passenger", "patient", "payee", "payer", "person", "physician", "recipient", "seller", "sender", "spouse", "student",
    "teacher", "tenant", "user",
))
_NO_ADDRESS = ("mac", "web", "wallet", "bitcoin", "memory", "site", "page")
# fmt: on


def personal_by_name(name: str) -> str | None:
    """Return which personal data a column of that name holds, judged by the name alone.

    Names of people may stand before it (`patient_name`), and before all but names anything may (`home_phone`).
    """
    words = _words(name)
    if words in _HEADERS:
        return _HEADERS[words]
    if says_person(name):
        return _HEADERS["name"]
    for known, holds in sorted(_HEADERS.items(), key=lambda entry: -len(entry[0])):
        before = words.removesuffix(f"_{known}")
        if known not in {"name", "person"} and before != words:
            return None if holds == "address" and before.split("_")[-1] in _NO_ADDRESS else holds
    return None


def says_person(name: str) -> bool:
    """Say whether a column's name says that it names people: `customer_name` does, and neither `name` nor `product_name`."""
    words = _words(name)
    if words in _HEADERS:
        return _HEADERS[words] == "name" and words not in {"name", "person"}
    parts = words.split("_")
    return parts[-1] == "name" and parts != ["user", "name"] and len(parts) > 1 and parts[-2] in _PEOPLE


def _words(name: str) -> str:
    """Return a column's name in small letters with underscores between its words, without a number at its end."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    return re.sub(r"_?\d+$", "", re.sub(r"[^a-z0-9]+", "_", apart).strip("_"))


def parse_schema(text: str, source: str) -> TableSchema:
    """Read a schema from YAML or JSON: the full form, or a mapping of column names to short forms.

    Raises InputError naming the line and the field that is wrong.
    """
    document = parse_document(text, source, LONGEST)
    tree = document.values
    if not isinstance(tree, dict) or not tree:
        raise InputError(f"{source}: a schema is a mapping with `columns`, or of column names to kinds")
    if "columns" in tree:
        return _validated(TableSchema, tree, lambda place: f"{source}:{document.line(place)}")
    columns = []
    for name, short in tree.items():
        try:
            columns.append(column_from_short(str(name), short))
        except InputError as error:
            raise InputError(f"{source}:{document.line((str(name),))}: {error}") from error
    return _validated(TableSchema, {"columns": columns}, lambda _: source)


def read_schema(path: Path) -> TableSchema:
    """Read a schema file."""
    try:
        return parse_schema(path.read_text("utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error


def _validated(model: type[M], tree: dict[str, Any], where: Callable[[Place], str]) -> M:
    """Return the values as a model; raises InputError with a line for each problem, which begins with where it is."""
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        lines = []
        for problem in error.errors()[:10]:
            place = [str(part) for part in problem["loc"]]
            if len(place) > 1 and place[0] == "columns" and place[1].isdigit():
                entry = tree["columns"][int(place[1])]
                if isinstance(entry, dict) and "name" in entry:
                    place[1] = repr(entry["name"])
            message = problem["msg"].removeprefix("Value error, ")
            lines.append(f"{where(problem['loc'])}: {'.'.join(place) or 'schema'}: {message}")
        raise InputError("\n".join(lines)) from error


def schema_yaml(schema: TableSchema) -> str:
    """Return the schema as YAML that `parse_schema` reads again."""
    tree = schema.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
    return yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=110)
