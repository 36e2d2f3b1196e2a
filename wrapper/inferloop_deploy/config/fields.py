"""What the models say about a field: its meaning, type, default and accepted values, found by its dotted path."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from inferloop_deploy.config.source import Node, Path, Scalar, child_of


@dataclass(frozen=True)
class Field:
    """One field of a model under the name that YAML has for it."""

    name: str
    model: type[BaseModel]
    info: FieldInfo

    @property
    def description(self) -> str:
        """Return its meaning, one sentence."""
        return self.info.description or ""

    @property
    def pattern(self) -> str | None:
        """Return the form that its text has, or None where it is no text with a form."""
        return _pattern_in(self.info.metadata) or _pattern_of(self.info.annotation)

    @property
    def choices(self) -> tuple[str, ...]:
        """Return the values that it chooses from, or nothing where it is no choice."""
        annotation = self.info.annotation
        return get_args(annotation) if get_origin(annotation) is Literal else ()

    def takes_key(self, key: str) -> bool:
        """Tell whether it is a map with free keys that may have this one."""
        annotation = self.info.annotation
        if get_origin(annotation) is not dict:
            return False
        try:
            TypeAdapter(get_args(annotation)[0]).validate_python(key)
        except ValidationError:
            return False
        return True


def _pattern_in(metadata: Iterable[Any]) -> str | None:
    """Return the pattern among the constraints of a type; they may be nested, as constrained text is named."""
    for constraint in metadata:
        pattern = getattr(constraint, "pattern", None)
        if isinstance(pattern, str):
            return pattern
        inner = _pattern_in(getattr(constraint, "metadata", ()))
        if inner is not None:
            return inner
    return None


def _pattern_of(annotation: Any) -> str | None:
    if get_origin(annotation) is Annotated:
        return _pattern_in(get_args(annotation)[1:])
    if _is_union(annotation):
        return next((found for argument in get_args(annotation) if (found := _pattern_of(argument)) is not None), None)
    return None


@cache
def fields_of(model: type[BaseModel]) -> dict[str, Field]:
    """Return the fields of a model by the names that YAML has for them."""
    return {info.alias or name: Field(info.alias or name, model, info) for name, info in model.model_fields.items()}


def models_in(annotation: Any) -> tuple[type[BaseModel], ...]:
    """Return the models that an annotation speaks of: itself, its variants, or the items of its list or map."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return (annotation,)
    if get_origin(annotation) in (Annotated, Literal):
        return () if get_origin(annotation) is Literal else models_in(get_args(annotation)[0])
    if get_origin(annotation) is dict:
        return models_in(get_args(annotation)[1])
    return tuple(model for argument in get_args(annotation) for model in models_in(argument))


def is_list(annotation: Any) -> bool:
    """Tell whether an annotation is a list."""
    if get_origin(annotation) is Annotated:
        return is_list(get_args(annotation)[0])
    if get_origin(annotation) is list:
        return True
    return any(is_list(argument) for argument in get_args(annotation)) if _is_union(annotation) else False


def _is_map(annotation: Any) -> bool:
    """Tell whether an annotation is a map with free keys."""
    if get_origin(annotation) is Annotated:
        return _is_map(get_args(annotation)[0])
    return get_origin(annotation) is dict


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) is Union or type(annotation).__name__ == "UnionType"


@cache
def _all_models(model: type[BaseModel]) -> frozenset[type[BaseModel]]:
    """Return a model and every model in it."""
    seen: set[type[BaseModel]] = set()
    waiting = [model]
    while waiting:
        current = waiting.pop()
        if current not in seen:
            seen.add(current)
            waiting += [inner for field in fields_of(current).values() for inner in models_in(field.info.annotation)]
    return frozenset(seen)


@cache
def named_lists(model: type[BaseModel]) -> frozenset[str]:
    """Return the keys, anywhere under a model, whose lists hold items with a required `name`."""
    found: set[str] = set()
    for candidate in _all_models(model):
        for name, field in fields_of(candidate).items():
            inner = models_in(field.info.annotation)
            if is_list(field.info.annotation) and inner and all("name" in fields_of(item) for item in inner):
                found.add(name)
    return frozenset(found)


def fields_at(model: type[BaseModel], path: Path, tree: Node | None = None) -> dict[str, Field]:
    """Return the fields that a table at a path may have; `tree` tells which variant of a list's item is meant."""
    return {name: field for candidate in _models_at(model, path, tree) for name, field in fields_of(candidate).items()}


def field_at(model: type[BaseModel], path: Path, tree: Node | None = None) -> Field | None:
    """Return the field at a path, or None where the models know none there."""
    return fields_at(model, path[:-1], tree).get(str(path[-1])) if path else None


@cache
def _variant_lists(model: type[BaseModel]) -> frozenset[str]:
    """Return the keys whose lists hold items of several kinds."""
    found = set()
    for key in named_lists(model):
        for candidate in _all_models(model):
            field = fields_of(candidate).get(key)
            if field is not None and len(models_in(field.info.annotation)) > 1:
                found.add(key)
    return frozenset(found)


def has_variants(model: type[BaseModel], path: Path) -> bool:
    """Tell whether the item of a list at a path may be of several kinds."""
    return len(path) > 1 and path[-2] in _variant_lists(model)


def fields_named(model: type[BaseModel], path: Path, tree: Node | None = None) -> list[Field]:
    """Return the field at a path in each variant that has it."""
    candidates = _models_at(model, path[:-1], tree) if path else ()
    return [found for candidate in candidates if (found := fields_of(candidate).get(str(path[-1]))) is not None]


def _models_at(model: type[BaseModel], path: Path, tree: Node | None) -> tuple[type[BaseModel], ...]:
    models: tuple[type[BaseModel], ...] = (model,)
    node = tree
    in_list = in_map = False
    for step in path:
        node = None if node is None else child_of(node, step)
        if in_list or in_map:
            in_list = in_map = False
        else:
            fields = [found for candidate in models if (found := fields_of(candidate).get(str(step))) is not None]
            models = tuple(inner for field in fields for inner in models_in(field.info.annotation))
            in_list = any(is_list(field.info.annotation) for field in fields)
            in_map = any(_is_map(field.info.annotation) for field in fields)
        models = _variants(models, node)
    return () if in_map else models


def _variants(models: tuple[type[BaseModel], ...], node: Node | None) -> tuple[type[BaseModel], ...]:
    """Return the models whose `type` is the one that the node has, or all where that does not tell them apart."""
    kind = None if node is None else child_of(node, "type")
    if len(models) > 1 and isinstance(kind, Scalar):
        told = tuple(model for model in models if kind.value in get_args(model.model_fields["type"].annotation))
        return told or models
    return models
