"""Errors that a person and a program can both read."""

import inspect

import pytest

from nst import errors
from nst.errors import InvalidOption, NstError

EVERY = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, NstError) and kind is not NstError
]


def test_an_invalid_option_names_the_field_the_value_and_the_limit() -> None:
    error = InvalidOption("size", 63, "the least is 64 px", hint="Choose a larger size.")
    assert (error.field, error.value, error.limit) == ("size", 63, "the least is 64 px")
    assert str(error) == "size is 63, but the least is 64 px"
    assert error.sentence == "size is 63, but the least is 64 px. Choose a larger size."


def test_a_sentence_without_a_hint_is_the_message() -> None:
    assert NstError("the picture is empty").sentence == "the picture is empty"


def test_the_hint_is_no_part_of_the_message() -> None:
    assert str(NstError("what is wrong", hint="What to do.")) == "what is wrong"


@pytest.mark.parametrize("value", ["x" * 1_000_000, list(range(100_000)), 10**5000, "two\nlines"], ids=type)
def test_whatever_the_value_the_message_stays_one_short_line(value: object) -> None:
    message = str(InvalidOption("size", value, "the least is 64 px"))
    assert len(message) < 120
    assert "\n" not in message


@pytest.mark.parametrize("kind", EVERY)
def test_every_error_has_a_code_of_its_own_for_programs(kind: type[NstError]) -> None:
    assert [other for other in EVERY if other.code == kind.code] == [kind]
    assert kind.code.isidentifier()
    assert kind.code.islower()


@pytest.mark.parametrize("kind", EVERY)
def test_every_error_has_an_exit_status_that_a_shell_can_tell_apart(kind: type[NstError]) -> None:
    assert 2 <= kind.exit_code <= 125


@pytest.mark.parametrize("kind", EVERY)
def test_an_exit_status_is_shared_only_within_a_family(kind: type[NstError]) -> None:
    family = kind.__mro__[kind.__mro__.index(NstError) - 1]
    assert all(issubclass(other, family) for other in EVERY if other.exit_code == kind.exit_code)


@pytest.mark.parametrize("kind", EVERY)
def test_every_error_is_in_the_module_s_overview(kind: type[NstError]) -> None:
    assert errors.__doc__ is not None
    assert f" {kind.__name__} " in errors.__doc__
