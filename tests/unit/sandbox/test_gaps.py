"""Each gap of the catalogue is still one of stock moto, and is closed in the sandbox."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import gap_probes
import pytest

from inferloop_deploy.sandbox.gaps import CATALOGUE, Gap, GapClosed, Patches
from inferloop_deploy.sandbox.page import as_json, page

GAPS = pytest.mark.parametrize("gap", CATALOGUE, ids=lambda gap: gap.id)


def _probe(gap: Gap) -> Callable[[Any], None]:
    probe: Callable[[Any], None] = getattr(gap_probes, gap.id.replace("-", "_"))
    return probe


@GAPS
def test_stock_moto_still_differs_from_aws(gap: Gap, stock_aws: Callable[[str], Any]) -> None:
    """Where this fails, moto has changed: the gap may be closed, and its patch no longer needed."""
    try:
        _probe(gap)(stock_aws)
    except Exception as failure:  # noqa: BLE001 - each gap fails in a way of its own, compared below
        said = f"{type(failure).__name__}: {failure}"
        assert re.search(gap_probes.STOCK[gap.id], said), f"stock moto fails otherwise than it did: {said}"
    else:
        pytest.fail("stock moto does as AWS here: the gap is closed, and its patch no longer needed")


@GAPS
def test_the_sandbox_does_as_aws(gap: Gap, sandbox_aws: Callable[[str], Any]) -> None:
    _probe(gap)(sandbox_aws)


@GAPS
def test_a_gap_says_everything_in_sentences(gap: Gap) -> None:
    for text in (gap.stock, gap.remedy, gap.reason, gap.hides):
        assert text[0].isupper(), text
        assert text.endswith("."), text
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", gap.id)


def test_ids_are_unique() -> None:
    ids = [gap.id for gap in CATALOGUE]
    assert len(set(ids)) == len(ids)


def test_the_page_has_a_row_for_each_gap_and_keeps_pipes_apart() -> None:
    gap = Gap("a-b", "Service", "Splits a|b.", "Keeps it.", "Needed.", "Nothing.", lambda _: None)
    assert "| `a-b` | Splits a\\|b. | Keeps it. | Needed. | Nothing. |" in page([gap])
    assert as_json(gap) == {
        "id": "a-b",
        "service": "Service",
        "stock": "Splits a|b.",
        "remedy": "Keeps it.",
        "reason": "Needed.",
        "hides": "Nothing.",
    }


class _Moto:
    def call(self) -> str:
        return "stock"


class _More:
    def another(self) -> str:
        return "added"


def _urls() -> ModuleType:
    urls = ModuleType("urls")
    vars(urls)["url_paths"] = {"{0}/here$": None}
    return urls


def test_a_patch_replaces_what_moto_has() -> None:
    owner = type("Owner", (), {"call": _Moto.call})
    Patches().replace(owner, "call", lambda stock: lambda self: f"{stock(self)} and more")
    assert owner().call() == "stock and more"


def test_a_patch_of_what_moto_no_longer_has_fails_loudly() -> None:
    with pytest.raises(GapClosed, match=r"no _Moto\.gone any more"):
        Patches().replace(_Moto, "gone", lambda stock: stock)


def test_a_patch_of_an_inherited_method_fails_loudly() -> None:
    heir = type("Heir", (_Moto,), {})
    with pytest.raises(GapClosed, match=r"Heir\.call"):
        Patches().replace(heir, "call", lambda stock: stock)


def test_methods_are_added_where_moto_has_none() -> None:
    owner = type("Owner", (_Moto,), {})
    Patches().methods(owner, _More)
    assert owner().another() == "added"
    with pytest.raises(GapClosed, match=r"now has Owner\.another itself"):
        Patches().methods(owner, _More)


def test_a_path_is_served_where_moto_serves_none() -> None:
    urls, handler = _urls(), SimpleNamespace()
    Patches().route(urls, "/there$", handler)
    assert urls.url_paths["{0}/there$"] is handler
    with pytest.raises(GapClosed, match="now serves /here"):
        Patches().route(urls, "/here$", handler)
