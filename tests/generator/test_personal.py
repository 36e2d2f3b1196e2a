"""Columns about people are found by their names and values, however often the values repeat; what is made instead is nobody's."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pytest

from inferloop_synthetic.detect import detect_schema
from inferloop_synthetic.generators import PersonalData
from inferloop_synthetic.personal import is_card_number, is_iban
from inferloop_synthetic.schema import Kind, Personal, personal_by_name
from inferloop_synthetic.tabular.engine import TabularEngine

GIVEN = ("Anna", "Robert", "Maria", "James", "Laura", "Peter", "Emma", "Thomas", "Julia", "David")
FAMILY = ("Smith", "O’Brien", "García", "Müller", "Novak", "Rossi", "van Dijk", "Silva", "Kowalska", "Brown")
PEOPLE = [f"{given} {family}" for given in GIVEN for family in FAMILY]
CARDS = ["4556737586899855", "5425233430109903", "374245455400126", "6011000991300009"]
IBANS = ["DE89370400440532013000", "GB29 NWBK 6016 1331 9268 19", "FR1420041010050500013M02606"]


def holds(name: str, values: list[str] | list[int] | list[float | None]) -> str:
    """Return what a column is taken for."""
    column = detect_schema(pa.table({name: values})).columns[0]
    return str(column.personal or column.kind)


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("name", PEOPLE * 30, "name"),
        ("customer", PEOPLE * 30, "name"),
        ("x", [f"{p.split(' ', 1)[1]}, {p.split()[0]}" for p in PEOPLE] * 30, "name"),
        ("patient_name", ["N. N.", "unbekannt"] * 500, "name"),
        ("address", [f"{i} Main Street, Springfield" for i in range(1, 31)] * 100, "address"),
        ("billingAddress", [f"Hauptstraße {i}" for i in range(1, 31)] * 100, "address"),
        ("work_email", [f"{i}@corp.com" for i in range(30)] * 100, "email"),
        ("home phone", [f"555 {i:03d} 1234" for i in range(30)] * 100, "phone"),
        ("SSN", [f"{i:03d}-12-34{i:02d}" for i in range(1, 31)] * 2, "ssn"),
        ("reference", [f"{i:03d}-12-34{i:02d}" for i in range(1, 31)] * 2, "ssn"),
        ("contact", [f"+49 30 1234{i:03d}" for i in range(30)] * 2, "phone"),
        ("contact", [f"(212) 555-{i:04d}" for i in range(30)] * 2, "phone"),
        ("paid_with", CARDS * 20, "card"),
        ("paid_to", IBANS * 20, "iban"),
        ("passport_no", [f"C01X{i:05d}" for i in range(30)] * 2, "passport"),
        ("national_id", [f"AB {i:06d} C" for i in range(30)] * 2, "national_id"),
        ("ssn", [123456000 + i for i in range(30)] * 2, "ssn"),
        ("phone", [2125550000.0 + i for i in range(30)] + [None], "phone"),
        ("number", [int(card) for card in CARDS] * 20, "card"),
    ],
)
def test_what_is_personal_is_found_however_often_it_repeats(
    name: str, values: list[str] | list[int] | list[float | None], expected: str
) -> None:
    assert holds(name, values) == expected


@pytest.mark.parametrize("form", ["X-{:04d}", "{:05d}", "{:03d}AB", "C{:03d}/7"])
def test_codes_of_which_everybody_has_a_few_are_identifiers(form: str) -> None:
    """As a category they would be given out."""
    assert holds("account", [form.format(i) for i in range(300)] * 3) == "identifier"


@pytest.mark.parametrize("form", ["Village {}", "{}.5 kg", "2024-02-{}", "{}", "plain"])
def test_texts_that_are_no_codes_stay_categories(form: str) -> None:
    assert holds("x", [form.format(i) for i in range(30, 130)] * 3) == "category"


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("name", ["Alaska Airlines Inc.", "Delta Air Lines Inc.", "Virgin America", "JetBlue Airways"] * 100),
        ("name", ["Ana", "Bob", "Claudette", "Danny", "Erika"] * 100),
        ("name", ["Chair", "Table", "Lamp"] * 100),
        ("species", ["Adelie", "Chinstrap", "Gentoo"] * 100),
        ("city", ["San Antonio", "New York", "Fort Worth", "Santa Maria"] * 100),
        ("country", ["United States", "Costa Rica", "Jordan"] * 100),
        ("occupation", ["Exec-managerial", "Tech-support", "Other-service"] * 100),
        ("product_name", ["Office Chair", "Desk Lamp", "Coffee Table"] * 100),
        ("street", ["Pave", "Grvl"] * 100),
        ("mac_address", ["00:1b:44:11:3a:b7", "00:1b:44:11:3a:b8"] * 100),
        ("passport", ["yes", "no"] * 100),
        ("phone", ["iPhone 12", "Galaxy S9"] * 100),
        ("day", ["2024-02-30", "2023-01-05"] * 100),
        ("code", ["1234567890123456", "1234567890123457"] * 100),
    ],
)
def test_what_only_looks_personal_stays_a_category(name: str, values: list[str]) -> None:
    assert holds(name, values) == "category"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("customerName", "name"), ("account_holder", "name"), ("company_name", None), ("user_name", None), ("E-Mail 2", "email"),
        ("ip_address", "ip"), ("client_ip_address", "ip"), ("web_address", None), ("credit card number", "card"), ("card", None),
        ("tax_id", "national_id"), ("customer_id", None), ("hair_color", None), ("sender.iban", "iban"), ("brand", None),
    ],
)  # fmt: skip
def test_a_columns_name_says_what_it_holds(name: str, expected: str | None) -> None:
    assert personal_by_name(name) == expected


def made(kind: Personal, *, plain: bool = False) -> list[str]:
    return list(PersonalData(kind, plain).values(np.arange(3000), np.random.default_rng(1)).to_pylist())


def test_made_up_numbers_are_of_the_right_shape_and_of_nobody() -> None:
    # Areas from 900 on are given to nobody, and groups 10 to 49 in them are no taxpayer's either.
    assert all(re.fullmatch(r"9\d\d-[1-4]\d-\d{4}", text) for text in made(Personal.ssn))
    assert all(re.fullmatch(r"9\d\d[1-4]\d{5}", text) for text in made(Personal.ssn, plain=True))
    assert all(is_iban(text) and text[4:12] == "00000000" for text in made(Personal.iban))
    assert all(re.fullmatch(r"424242\d{10}", text) and not is_card_number(text) for text in made(Personal.card))
    assert all(re.fullmatch(r"XX\d{7}", text) for text in made(Personal.passport))
    assert all(re.fullmatch(r"XX-\d{9}", text) for text in made(Personal.national_id))
    assert all(len(set(made(kind))) > 2900 for kind in (Personal.ssn, Personal.iban, Personal.card, Personal.passport))


def test_no_real_value_of_people_with_several_rows_is_drawn() -> None:
    people = [p for p in PEOPLE for _ in range(30)]
    real = pa.table(
        {
            "name": people,
            "customer": people,
            "ssn": [f"{PEOPLE.index(p) + 100}-12-3456" for p in people],
            "phone": [2125550000 + PEOPLE.index(p) for p in people],
            "x": np.random.default_rng(1).normal(size=len(people)),
        }
    )
    drawn = pa.Table.from_batches(TabularEngine().fit(real, detect_schema(real)).sample(500, 1))

    assert drawn["phone"].type == pa.int64()
    for name in ("ssn", "phone"):
        assert not set(drawn[name].to_pylist()) & set(real[name].to_pylist())
    for name in ("name", "customer"):
        assert sum(value in PEOPLE for value in drawn[name].to_pylist()) < 5


def test_a_schema_overrides_what_was_found() -> None:
    real = pa.table({"name": PEOPLE * 30, "x": np.random.default_rng(1).normal(size=3000)})
    found = detect_schema(real)
    category = found.columns[0].model_copy(update={"kind": Kind.category, "personal": None})
    drawn = pa.Table.from_batches(
        TabularEngine().fit(real, found.model_copy(update={"columns": [category, found.columns[1]]})).sample(500, 1)
    )

    assert set(drawn["name"].to_pylist()) <= set(PEOPLE)
