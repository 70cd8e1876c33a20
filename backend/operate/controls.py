"""The options as controls that a page can build, and the limits, both as this deployment narrows them."""

from collections.abc import Mapping, Sequence, Set
from typing import Any, Literal

from pydantic import BaseModel, Field

from jobs.settings import Settings
from jobs.terms import Worker
from nst.images import FORMATS, MIN_SIDE
from nst.layers import LAYERS
from nst.options import PRESETS, Knob, StyleOptions, knobs

_Type = Literal["string", "integer", "number", "list"]
_TYPES: Mapping[type, _Type] = {str: "string", int: "integer", float: "number", tuple: "list"}


class ControlOut(BaseModel):
    """One option: what it is and what it may be set to."""

    name: str
    type: _Type
    item_type: _Type | None = Field(description="of a list's items")
    default: Any = Field(description="null where the objective, the backbone or the optimiser chooses")
    minimum: float | int | None = Field(description="of a number, or of each item")
    maximum: float | int | None
    choices: list[str] = Field(description="of a string; empty where any may be given")
    help: str
    unit: str
    advanced: bool = Field(description="most people never need it")
    optional: bool = Field(description="null may be given")


class PresetOut(BaseModel):
    """A named starting point."""

    name: str
    changes: dict[str, Any] = Field(description="what it changes of the defaults")
    options: dict[str, Any] = Field(description="every option as it then is")
    available: bool = Field(description="whether its backbone can be had here")


class OptionsOut(BaseModel):
    """Everything that can be chosen for a picture."""

    controls: list[ControlOut] = Field(description="in the order in which a person should meet them")
    presets: list[PresetOut]
    layers: dict[str, list[str]] = Field(description="the layers of each backbone, in order")
    backbones: list[str] = Field(description="those that some worker can load now")


class LimitsOut(BaseModel):
    """What this service takes at most."""

    max_upload_bytes: int = Field(description="of one file")
    max_pixels: int = Field(description="of one picture that is uploaded")
    min_side: int = Field(description="pixels on the short side of a picture")
    formats: list[str] = Field(description="of pictures that may be uploaded")
    max_styles: int = Field(description="of one job")
    max_batch: int = Field(description="photos of one batch")
    max_size: int = Field(description="of a result, pixels on its long side")
    max_iterations: int
    max_queued: int = Field(description="jobs that may wait in all; 0 is no limit")
    max_open_per_client: int = Field(description="queued and running jobs of one client; 0 is no limit")
    submits_per_minute: int = Field(description="submissions of one client; 0 is no limit")
    result_ttl_seconds: float = Field(description="how long a finished job is kept")
    key_ttl_seconds: float = Field(description="how long an Idempotency-Key is remembered")
    api_key_needed: bool = Field(description="whether submitting needs an API key")


def loadable(workers: Sequence[Worker]) -> frozenset[str]:
    """The backbones that some worker can load; every one there is, where no worker tells."""
    told = frozenset(name for worker in workers if worker.ready for name in worker.backbones)
    return told or frozenset(LAYERS)


def controls_of(settings: Settings, backbones: Set[str]) -> OptionsOut:
    """The controls, with the service's own limits where they are narrower."""
    controls = [_control(knob, settings) for knob in knobs()]
    layers = {name: list(names) for name, names in LAYERS.items()}
    presets = [_preset(name, settings, backbones) for name in PRESETS]
    return OptionsOut(controls=controls, presets=presets, layers=layers, backbones=sorted(backbones))


def limits_of(settings: Settings) -> LimitsOut:
    """The limits as the settings and the decoder have them."""
    same = {name: getattr(settings, name) for name in LimitsOut.model_fields if name in type(settings).model_fields}
    needs_key = bool(settings.api_keys) and not settings.proxy_user_header
    return LimitsOut(**same, min_side=MIN_SIDE, formats=list(FORMATS), api_key_needed=needs_key)


def _control(knob: Knob, settings: Settings) -> ControlOut:
    maximum = _narrowed(knob, settings)
    default = list(knob.default) if isinstance(knob.default, tuple) else knob.default
    if maximum is not None and isinstance(default, (int, float)):
        default = min(default, maximum)
    return ControlOut(
        name=knob.name,
        type=_TYPES[knob.kind],
        item_type=_TYPES[knob.item] if knob.item else None,
        default=default,
        minimum=knob.minimum,
        maximum=maximum,
        choices=list(knob.choices),
        help=knob.help,
        unit=knob.unit,
        advanced=knob.advanced,
        optional=knob.optional,
    )


def _narrowed(knob: Knob, settings: Settings) -> float | None:
    own = {"size": settings.max_size, "iterations": settings.max_iterations}.get(knob.name)
    if own is None or knob.maximum is None:
        return knob.maximum
    return min(own, knob.maximum)


def _preset(name: str, settings: Settings, backbones: Set[str]) -> PresetOut:
    options = StyleOptions.preset(name)
    options = options.replace(
        size=min(options.size, settings.max_size), iterations=min(options.iterations, settings.max_iterations)
    )
    changes = {key: list(value) if isinstance(value, tuple) else value for key, value in PRESETS[name].items()}
    changes |= {field: getattr(options, field) for field in ("size", "iterations") if field in changes}
    available = options.backbone == "auto" or options.backbone in backbones
    return PresetOut(name=name, changes=changes, options=options.to_dict(), available=available)
