"""Families, injections, screens, starts and stop rules by name: our own, entry points, or ``package.module:Name``."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any, Generic, TypeVar, cast

from pydantic import WrapValidator

from nem_cli.em.accelerate.accelerator import Accelerator
from nem_cli.em.family import Family
from nem_cli.em.injection import Injection
from nem_cli.em.screen import Screen
from nem_cli.em.starts import Start
from nem_cli.em.stops import StopRule
from nem_cli.errors import ConfigError, PluginError, suggest

T = TypeVar("T")

EM = "em"
"""The method that is no accelerator: Algorithm 1's own loop."""


class Passed(str):
    """The name of an extension that was passed as an object: text for files and messages, the object for work.

    A worker process gets the object with the name, so that a class defined in a notebook needs no module.

    Parameters
    ----------
    extension : object
        Or its name, as pickle makes one.
    """

    extension: Any

    def __new__(cls, extension: Any) -> Passed:
        """Of an object, or of a class, of which there is an object then."""
        if isinstance(extension, str):
            return super().__new__(cls, extension)
        made = extension() if isinstance(extension, type) else extension
        name = super().__new__(cls, f"{type(made).__module__}:{type(made).__qualname__}")
        name.extension = made
        return name


class Registry(Generic[T]):
    """One kind of extension, by name.

    Parameters
    ----------
    kind : str
        What messages call it; its entry-point group is ``nem_cli.`` and the plural.
    base : type
        The class that an extension must subclass.
    builtin : dict
        Name to ``package.module:Name`` of the extensions that ship with nem.
    reserved : tuple of str
        Names that mean something without an extension.
    """

    def __init__(self, kind: str, base: type[Any], builtin: dict[str, str], reserved: tuple[str, ...] = ()) -> None:
        self.kind = kind
        self.base = base
        self.builtin = builtin
        self.reserved = reserved

    @property
    def group(self) -> str:
        """The entry-point group of this kind."""
        plural = f"{self.kind[:-1]}ies" if self.kind.endswith("y") else f"{self.kind}s"
        return f"nem_cli.{plural.replace(' ', '_')}"

    def names(self) -> list[str]:
        """The registered names, our own first."""
        return [*self.reserved, *self.builtin, *sorted(point.name for point in entry_points(group=self.group))]

    def get(self, name: str | T, path: str = "") -> T:
        """The extension of that name.

        Raises
        ------
        ConfigError
            If nothing has that name; the message lists what there is.
        PluginError
            If it can't be imported or isn't what it must be.
        """
        if isinstance(name, Passed):
            return cast(T, name.extension)
        if isinstance(name, self.base):
            return cast(T, name)
        if not isinstance(name, str):
            raise ConfigError(f"must be a name or an instance of {self.base.__name__}", path=path, value=name)
        if name in self.builtin:
            return self._load(self.builtin[name], path)
        for point in entry_points(group=self.group, name=name):
            return self._load(point.value, path)
        if ":" in name:
            return self._load(name, path)
        raise ConfigError(
            f"unknown {self.kind}; {suggest(name, self.names())}allowed are {', '.join(self.names())}, "
            "or package.module:Name",
            path=path,
            value=name,
        )

    def _load(self, target: str, path: str) -> T:
        module, _, attribute = target.partition(":")
        try:
            found = getattr(importlib.import_module(module), attribute)
            extension = found() if isinstance(found, type) else found
        except (Exception, SystemExit) as error:
            raise PluginError(
                f"this {self.kind} can't be loaded: {type(error).__name__}: {error}", path=path, value=target
            ) from error
        if not isinstance(extension, self.base):
            raise PluginError(
                f"this {self.kind} must be a subclass of {self.base.__module__}.{self.base.__name__}",
                path=path,
                value=target,
            )
        if not isinstance(getattr(extension, "name", None), str):
            raise PluginError(f"this {self.kind} must have a name, which is text", path=path, value=target)
        return cast(T, extension)


families: Registry[Family] = Registry(
    "family",
    Family,
    {
        "gaussian": "nem_cli.em.families.gaussian:Gaussian",
        "exponential": "nem_cli.em.families.exponential:Exponential",
        "poisson": "nem_cli.em.families.poisson:Poisson",
    },
)
injections: Registry[Injection] = Registry(
    "injection",
    Injection,
    {
        "additive": "nem_cli.em.injections.additive:Additive",
        "multiplicative": "nem_cli.em.injections.multiplicative:Multiplicative",
        "power": "nem_cli.em.injections.power:Power",
        "shrinkage": "nem_cli.em.injections.shrinkage:Shrinkage",
        "saturating": "nem_cli.em.injections.saturating:Saturating",
    },
)
screens: Registry[Screen] = Registry(
    "screen",
    Screen,
    {
        "every-component": "nem_cli.em.screens.every_component:EveryComponent",
        "every-coordinate": "nem_cli.em.screens.every_coordinate:EveryCoordinate",
        "posterior-average": "nem_cli.em.screens.posterior_average:PosteriorAverage",
        "none": "nem_cli.em.screens.blind:Blind",
        "reversed": "nem_cli.em.screens.reversed:Reversed",
        "mean-shift": "nem_cli.em.screens.mean_shift:MeanShift",
        "assigned": "nem_cli.em.screens.assigned:Assigned",
    },
)
starts: Registry[Start] = Registry(
    "start",
    Start,
    {
        "moments": "nem_cli.em.starts:FromMoments",
        "random-points": "nem_cli.em.starts:RandomPoints",
        "truth": "nem_cli.em.starts:Truth",
        "random-weights": "nem_cli.em.starts:RandomWeights",
    },
)
stop_rules: Registry[StopRule] = Registry(
    "stop rule",
    StopRule,
    {
        "euclidean": "nem_cli.em.stops:Euclidean",
        "max-change": "nem_cli.em.stops:MaxChange",
        "log-likelihood": "nem_cli.em.stops:LogLikelihood",
        "never": "nem_cli.em.stops:Never",
        "labels": "nem_cli.em.stops:SameLabels",
        "loss": "nem_cli.em.stops:LossBelow",
    },
)
methods: Registry[Accelerator] = Registry(
    "method",
    Accelerator,
    {
        "squarem": "nem_cli.em.accelerate.squarem:Squarem",
        "anderson": "nem_cli.em.accelerate.anderson:Anderson",
        "quasi-newton": "nem_cli.em.accelerate.quasi_newton:QuasiNewton",
        "over-relaxed": "nem_cli.em.accelerate.over_relaxed:OverRelaxed",
        "annealed": "nem_cli.em.accelerate.annealed:Annealed",
    },
    reserved=(EM,),
)

REGISTRIES: tuple[Registry[Any], ...] = (families, injections, screens, starts, stop_rules, methods)


def by_name(value: Any) -> Any:
    """A value as a config keeps it: an extension, or its class, as its name with the object; any other as it is.

    Raises
    ------
    ConfigError
        If the object has settings of its own, which its name doesn't tell.
    """
    bases = tuple(registry.base for registry in REGISTRIES)
    if isinstance(value, type) and issubclass(value, bases):
        return Passed(value)
    if not isinstance(value, bases):
        return value
    if vars(value):
        raise ConfigError("an object with settings of its own has no name; fix them in a subclass", value=value)
    return Passed(value)


def known(registry: Registry[Any], path: str) -> WrapValidator:
    """A field's validator: the name of an extension of that kind, or such an object or class."""

    def validated(value: Any, as_text: Callable[[Any], str]) -> str:
        named = by_name(value)
        name = named if isinstance(named, Passed) else as_text(named)
        if name not in registry.reserved:
            registry.get(name, path=path)
        return name

    return WrapValidator(validated)
