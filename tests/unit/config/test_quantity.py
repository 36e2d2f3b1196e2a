"""Quantities, durations and what they are in numbers."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from inferloop_deploy.config.patterns import ACCEPTED, DURATION
from inferloop_deploy.config.quantity import (
    Cpu,
    Days,
    Duration,
    Latency,
    Memory,
    cpu_millicores,
    days_of,
    memory_bytes,
    seconds,
)

CPU, MEMORY, DURATION_TYPE = TypeAdapter(Cpu), TypeAdapter(Memory), TypeAdapter(Duration)


@pytest.mark.parametrize(
    ("written", "text", "millicores"),
    [
        ("500m", "500m", 500),
        ("2", "2", 2000),
        (2, "2", 2000),
        (2.0, "2", 2000),
        (0.5, "0.5", 500),
        ("0.25", "0.25", 250),
        ("0.10", "0.10", 100),
        (0.1234, "0.1234", 124),
        ("0.001", "0.001", 1),
        ("1.0001", "1.0001", 1001),
        (9999, "9999", 9999000),
    ],
)
def test_cores_are_read_as_numbers_and_text(written: object, text: str, millicores: int) -> None:
    assert CPU.validate_python(written) == text
    assert cpu_millicores(text) == millicores


@pytest.mark.parametrize(
    "written",
    [
        "0",
        0,
        0.0,
        "0.000",
        0.0001,
        "-1",
        -1,
        "2x",
        "",
        " 2",
        "2 ",
        "1e3",
        "0500m",
        "0m",
        "m",
        "10000",
        10000,
        True,
        None,
        "½",
        "\uff12",
    ],
)
def test_what_is_no_number_of_cores_is_refused(written: object) -> None:
    with pytest.raises(ValidationError):
        CPU.validate_python(written)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("1k", 1000),
        ("1Ki", 1024),
        ("512Mi", 512 * 2**20),
        ("4Gi", 4 * 2**30),
        ("1G", 10**9),
        ("2T", 2 * 10**12),
        ("1Ti", 2**40),
        ("3M", 3 * 10**6),
    ],
)
def test_memory_is_counted_in_bytes(written: str, number: int) -> None:
    assert MEMORY.validate_python(written, strict=True) == written
    assert memory_bytes(written) == number


@pytest.mark.parametrize(
    "written",
    [
        "4Gb",
        "4",
        4,
        "-1",
        "2x",
        "1.5Gi",
        "0Gi",
        "04Gi",
        "4 Gi",
        "4gi",
        "4GiB",
        "Gi",
        "",
        "4Gi\n",
        "1" * 13 + "Gi",
        "4K",
        "4m",
    ],
)
def test_what_is_no_quantity_of_memory_is_refused(written: object) -> None:
    with pytest.raises(ValidationError):
        MEMORY.validate_python(written, strict=True)


@pytest.mark.parametrize("text", ["4Gb", "4", "Gi", "4Ei"])
def test_bytes_of_something_else_are_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="not a quantity"):
        memory_bytes(text)


@pytest.mark.parametrize(("text", "number"), [("30s", 30), ("5m", 300), ("12h", 43200), ("7d", 604800)])
def test_durations_are_counted_in_seconds(text: str, number: int) -> None:
    assert seconds(DURATION_TYPE.validate_python(text, strict=True)) == number


@pytest.mark.parametrize("written", ["30", 30, "0s", "-1s", "1.5h", "30 s", "30S", "1w", "300ms", "1h30m", "", "05m"])
def test_durations_without_their_unit_are_refused(written: object) -> None:
    with pytest.raises(ValidationError):
        DURATION_TYPE.validate_python(written, strict=True)


def test_days_are_whole() -> None:
    assert days_of(TypeAdapter(Days).validate_python("30d")) == 30
    with pytest.raises(ValidationError):
        TypeAdapter(Days).validate_python("720h")


def test_latencies_are_in_milliseconds_or_seconds() -> None:
    assert TypeAdapter(Latency).validate_python("300ms") == "300ms"
    with pytest.raises(ValidationError):
        TypeAdapter(Latency).validate_python("1m")


@given(st.decimals("0.001", "9999", allow_nan=False, allow_infinity=False, places=4))
def test_millicores_are_rounded_up_as_kubernetes_does(cores: Decimal) -> None:
    text = CPU.validate_python(format(cores, "f"))
    assert cpu_millicores(text) - 1 < cores * 1000 <= cpu_millicores(text)


@given(st.floats(0.001, 9999) | st.integers(1, 9999))
def test_a_number_of_cores_means_the_same_as_text(cores: float) -> None:
    text = CPU.validate_python(cores)
    assert float(text) == cores
    assert CPU.validate_python(text) == text


@given(st.from_regex(re.compile(DURATION), fullmatch=True).filter(lambda text: text.isascii()))
def test_every_duration_of_the_form_has_a_length(text: str) -> None:
    assert seconds(DURATION_TYPE.validate_python(text)) >= 1


def test_every_pattern_means_the_same_to_python_and_to_the_models() -> None:
    """Schemas are used by other engines: each pattern is anchored and uses nothing that only one of them has."""
    for pattern, words in ACCEPTED.items():
        assert pattern.startswith("^")
        assert pattern.endswith("$")
        assert words
        assert not re.search(r"\(\?[=!<]|\\[1-9pPbdw]", pattern), pattern
