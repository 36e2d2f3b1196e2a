"""A checked configuration as the objects that Terraform takes, each value with where it was written.

Names become snake_case, lists of named items become maps by name, and what is not set is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from typing import TypeAlias

from pydantic import BaseModel

from inferloop_deploy.config.effective import EffectiveEnvironment, EffectiveService
from inferloop_deploy.config.fields import is_list, named_lists
from inferloop_deploy.config.source import Node, Origin, Scalar, Sequence, child_of, name_of
from inferloop_deploy.render.hcl import Value


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value; a built-in default has neither place nor YAML path."""

    value: Value
    origin: Origin | None = None
    yaml_path: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """An object or a map, by key."""

    entries: Mapping[str, Entry]
    origin: Origin | None = None
    yaml_path: str = ""


Entry: TypeAlias = Leaf | Block


@dataclass(frozen=True)
class _Place:
    """Where the walk stands in what was written."""

    node: Node | None
    path: str = ""

    @property
    def origin(self) -> Origin | None:
        if self.node is None:
            return None
        if isinstance(self.node, Scalar) or self.node.key is None:
            return self.node.origin
        return self.node.key

    def key(self, name: str) -> _Place:
        node = None if self.node is None else child_of(self.node, name)
        if node is None:
            return _NOWHERE
        return _Place(node, f"{self.path}.{name}" if self.path else name)

    def items(self) -> list[_Place]:
        if not isinstance(self.node, Sequence):
            return []
        return [
            _Place(item, f"{self.path}[{index if (name := name_of(item)) is None else name}]")
            for index, item in enumerate(self.node.items)
        ]


_NOWHERE = _Place(None)


@dataclass(frozen=True, slots=True)
class _Field:
    attribute: str
    terraform: str
    yaml: str
    named: bool
    """A list of named items, which Terraform takes as a map."""


@cache
def _fields(model: type[BaseModel]) -> tuple[_Field, ...]:
    """Return the fields of a model in the order of their Terraform names."""
    named = named_lists(model)
    found = (
        _Field(name, name.rstrip("_"), yaml, named=yaml in named and is_list(info.annotation))
        for name, info in model.model_fields.items()
        for yaml in (info.alias or name,)
    )
    return tuple(sorted(found, key=lambda one: one.terraform))


def _model(model: BaseModel, place: _Place, leave_out: frozenset[str] = frozenset()) -> Block:
    entries = {}
    for one in _fields(type(model)):
        value = getattr(model, one.attribute)
        if value is None or one.terraform in leave_out:
            continue
        its_place = place.key(one.yaml)
        entries[one.terraform] = _named(value, its_place) if one.named else _entry(value, its_place)
    return Block(entries, place.origin, place.path)


def _entry(value: object, place: _Place) -> Entry:
    if isinstance(value, BaseModel):
        return _model(value, place)
    if isinstance(value, list):
        return Leaf([_plain(item) for item in value], place.origin, place.path)
    if isinstance(value, dict):
        entries = {name: _entry(item, place.key(name)) for name, item in sorted(value.items())}
        return Block(entries, place.origin, place.path)
    if isinstance(value, bool | int | float | str):
        return Leaf(value, place.origin, place.path)
    raise TypeError(f"{place.path}: nothing in Terraform stands for {type(value).__name__}")


def _named(items: Iterable[BaseModel], place: _Place) -> Block:
    """Return a list of named items as a map by name."""
    entries = {}
    for item, its_place in zip_longest(items, place.items(), fillvalue=None):
        assert item is not None  # noqa: S101 - the model was read from what was written: as many items
        entries[_name_of(item)] = _model(item, its_place or _NOWHERE, frozenset({"name"}))
    return Block(dict(sorted(entries.items())), place.origin, place.path)


def _name_of(item: BaseModel) -> str:
    """Return the name of a list's item; `named_lists` holds only lists whose items have one."""
    return str(item.__dict__["name"])


def _plain(value: object) -> Value:
    return value_of(_entry(value, _NOWHERE))


def value_of(entry: Entry) -> Value:
    """Return an entry's value without its places."""
    if isinstance(entry, Leaf):
        return entry.value
    return {name: value_of(child) for name, child in entry.entries.items()}


def service_block(service: EffectiveService) -> Block:
    """Return the object that the variable `services` holds for one service.

    Where there is autoscaling, `replicas` is left out: the autoscaler owns it.
    """
    place = _Place(service.tree)
    spec = _spec(service)
    metadata = _model(service.config.metadata, place.key("metadata"))
    return Block({"metadata": metadata, "spec": spec}, _name_place(place))


def _name_place(place: _Place) -> Origin | None:
    """Return where the name stands: the place of the whole, which has many, because layers are laid over each other."""
    return place.key("metadata").key("name").origin


def _spec(service: EffectiveService) -> Block:
    spec = _model(service.config.spec, _Place(service.tree).key("spec"))
    entries = dict(spec.entries)
    entries["service"] = _without_replicas_where_scaled(entries["service"])
    workers = entries["workers"]
    if isinstance(workers, Block):
        scaled = {name: _without_replicas_where_scaled(worker) for name, worker in workers.entries.items()}
        entries["workers"] = Block(scaled, workers.origin, workers.yaml_path)
    return Block(entries, spec.origin, spec.yaml_path)


def _without_replicas_where_scaled(entry: Entry) -> Entry:
    if isinstance(entry, Leaf) or "autoscaling" not in entry.entries:
        return entry
    kept = {name: child for name, child in entry.entries.items() if name != "replicas"}
    return Block(kept, entry.origin, entry.yaml_path)


NOT_FOR_TERRAFORM = frozenset({"service_defaults", "cluster", "cluster_services"})
"""Parts of an environment's spec that the variable `environment` does not hold."""


def environment_block(environment: EffectiveEnvironment) -> Block:
    """Return the object that the variable `environment` holds: metadata and spec as one."""
    place = _Place(environment.tree)
    metadata = _model(environment.config.metadata, place.key("metadata"))
    spec = _model(environment.config.spec, place.key("spec"), NOT_FOR_TERRAFORM)
    return Block(dict(sorted({**metadata.entries, **spec.entries}.items())), _name_place(place))


def cluster_block(environment: EffectiveEnvironment) -> Block:
    """Return the object that the variable `eks_config` holds."""
    return _model(environment.config.spec.cluster, _Place(environment.tree).key("spec").key("cluster"))


def cluster_services_block(environment: EffectiveEnvironment) -> Block:
    """Return the object that the variable `cluster_services` holds, of which the first stage reads a part."""
    place = _Place(environment.tree).key("spec").key("clusterServices")
    return _model(environment.config.spec.cluster_services, place)
