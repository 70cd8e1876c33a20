"""Words into a Command."""

import json
import re
from pathlib import Path

import pytest

from nst.cli.arguments import UsageError, build_parser, flag
from nst.cli.command import Command, read_command
from nst.errors import InvalidOption, NstError, PictureNotFound
from nst.images import write_picture
from nst.options import PRESETS, StyleOptions, knobs
from tests.nst.cli.conftest import ROOT, picture


def command(words: str) -> Command:
    return read_command(words.split())


@pytest.mark.parametrize("knob", knobs(), ids=lambda knob: knob.name)
def test_every_option_has_its_flag_with_its_help(knob: object) -> None:
    text = " ".join(build_parser().format_help().split())
    assert flag(knob.name) in text  # type: ignore[attr-defined]
    assert knob.help.split(";")[0] in text  # type: ignore[attr-defined]


def test_the_words_become_pictures_and_an_output() -> None:
    done = command("a.jpg b.jpg c.jpg -o d.png")
    assert (done.content, done.styles, done.out) == (Path("a.jpg"), (Path("b.jpg"), Path("c.jpg")), Path("d.png"))
    assert done.options == StyleOptions()
    assert done.checkpoint == Path("d.png.checkpoint")


def test_flags_may_stand_between_the_pictures() -> None:
    assert command("--size 64 a.jpg b.jpg -o d.png c.jpg").styles == (Path("b.jpg"), Path("c.jpg"))


@pytest.mark.parametrize("spelling", ["--style-weight 2", "--style_weight 2", "--style-weight=2", "--style_weight=2.0"])
def test_a_flag_is_spelled_with_dashes_or_underscores(spelling: str) -> None:
    assert command(f"a b -o c.png {spelling}").options.style_weight == 2.0


def test_a_file_name_keeps_its_underscores() -> None:
    assert command("my_photo.jpg my_style.jpg -o my_out.png").content == Path("my_photo.jpg")


def test_lists_are_separated_by_commas() -> None:
    options = command("a b c -o d.png --blend 2,1.5 --backbone vgg19 --style-layers relu1_1,relu2_1").options
    assert options.blend == (2.0, 1.5)
    assert options.style_layers == ("relu1_1", "relu2_1")


def test_large_numbers_may_have_an_exponent() -> None:
    options = command("a b -o c.png --style-weight 1e6 --iterations 1e3").options
    assert (options.style_weight, options.iterations) == (1e6, 1000)


def test_auto_asks_for_the_published_default() -> None:
    assert command("a b -o c.png --preset adam-classic --style-weight auto").options.style_weight is None


@pytest.mark.parametrize("name", PRESETS)
def test_flags_go_over_a_preset(name: str) -> None:
    assert command(f"a b -o c.png --preset {name} --seed 7").options == StyleOptions.preset(name, seed=7)


def test_options_come_from_a_json_file(tmp_path: Path) -> None:
    (path := tmp_path / "o.json").write_text(json.dumps({"size": 100, "preset": "fine"}))
    options = command(f"a b -o c.png --options {path} --seed 3").options
    assert options == StyleOptions.preset("fine", size=100, seed=3)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_options_come_out_of_a_picture_made_earlier(tmp_path: Path, suffix: str) -> None:
    made = StyleOptions(size=99, blend=(1, 2))
    write_picture(picture(32, 32), path := tmp_path / f"made{suffix}", text={"nst": made.to_json()})
    assert command(f"a b -o c.png --options {path}").options == made


def test_a_picture_without_options_says_so(tmp_path: Path) -> None:
    write_picture(picture(32, 32), path := tmp_path / "plain.png")
    with pytest.raises(UsageError, match="no options are written in it"):
        command(f"a b -o c.png --options {path}")


def test_a_missing_options_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"o\.json: No such file"):
        command(f"a b -o c.png --options {tmp_path}/o.json")
    with pytest.raises(PictureNotFound):
        command(f"a b -o c.png --options {tmp_path}/o.png")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "the photo and the painting are missing"),
        ("a.jpg", "a painting is missing"),
        ("a.jpg b.jpg", "-o OUT is missing"),
        ("a b -o", "expected one argument"),
        ("a b -o c.png --stile-weight 3", "there is no flag --stile-weight. Did you mean --style-weight?"),
        ("a b -o c.png --zzz", "there is no flag --zzz"),
        ("a b -o c.png -z", "there is no flag -z"),
        ("a b -o c.png --preset fines", "Did you mean 'fine'?"),
        ("a b -o c.png --backbone vgg91", "Did you mean 'vgg19'?"),
        ("a b -o c.png --backbone vgg19 --style-layers relu1_9", "vgg19 has no such layer. Did you mean 'relu1_"),
        ("a b -o c.png --size 0", "size is 0, but the least is 64 px"),
        ("a b -o c.png --size 70.5", "whole number"),
        ("a b -o c.png --size big", "size is 'big', but it must be a number"),
        ("a b -o c.png --size -inf", "whole number"),
        ("a b -o c.png --style-weight -1", "style_weight is -1, but the least is 0"),
        ("a b -o c.png --style-weight -1e6", "the least is 0"),
        ("a b -o c.png --style-weight nan", "finite"),
        ("a b -o c.png --style-weight inf", "finite"),
        ("a b -o c.png --blend 1,x", "blend is 'x', but it must be a number"),
        ("a b -o c.png --blend -1,2", "the least is 0"),
        ("a b -o c.png --threads 0", "threads is 0, but it must be a whole number from 1"),
        ("a b -o c.png --threads nan", "threads is nan"),
        ("a b -o c.png --bits 12", "bits is 12, but it must be 8 or 16"),
        ("a b -o c.jpg --bits 16", "--bits 16 needs a PNG"),
        ("a b -o c.png --quality 101", "quality is 101"),
        ("a b -o c.png --timelapse film.avi", "its name must end in .mp4, .gif, .webp"),
        ("a b -o c.png --log losses.txt", "its name must end in .csv, .jsonl"),
        ("a b -o c.png --plot losses.bmp", "its name must end in .png, .svg, .pdf"),
        ("a b -o c.png --preset fine --options o.json", "two starting points"),
        ("a b -o c.png --frames f --save-every 0", "--save-every 0 keeps no frames"),
        ("a b -o a", "a would be written, but it is read too"),
        ("a b -o c.png --plot c.png", "c.png would be written, but it is written too"),
        ("a b c.png.checkpoint -o c.png --resume", "--resume --checkpoint c.png.checkpoint"),
        ("--batch d", "a painting is missing"),
        ("--batch d b -o e --plot p.png", "--plot is for one picture, --batch for many"),
    ],
)
def test_a_wrong_command_line_is_refused_with_a_sentence(words: str, said: str) -> None:
    with pytest.raises(NstError) as caught:
        command(words)
    assert isinstance(caught.value, UsageError | InvalidOption)
    assert said in caught.value.sentence
    assert caught.value.exit_code == 2
    assert "\n" not in caught.value.sentence


PAGE = (ROOT / "docs" / "cli.md").read_text("utf-8")


def test_every_flag_is_documented() -> None:
    options = {flag(knob.name) for knob in knobs()}  # they have a page of their own
    flags = set(re.findall(r"--[a-z]+(?:[-_][a-z]+)*", build_parser().format_help())) - options - {"--help"}
    assert len(flags) > 25
    assert not {name for name in flags if name not in PAGE and name.replace("-", "_").replace("__", "--") not in PAGE}


@pytest.mark.parametrize("error", NstError.__subclasses__(), ids=lambda error: error.__name__)
def test_every_exit_status_is_documented(error: type[NstError]) -> None:
    assert re.search(rf"^\| {error.exit_code} \|", PAGE, re.M)
    assert f" {error.exit_code} " in build_parser().format_help()
