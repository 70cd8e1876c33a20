"""The two older command lines."""

from pathlib import Path

import pytest

from nst.cli.arguments import UsageError
from nst.cli.command import Command, read_command
from nst.errors import InvalidOption, NstError

CLASSIC = "--content_image_path in/cat.jpg --style_image_path art/waves.png"
CLASSIC_MEAN = "--content cat.jpg --style waves.png"


def command(words: str) -> Command:
    return read_command(words.split())


def test_classic_has_its_published_defaults() -> None:
    done = command(CLASSIC)
    options = done.options
    assert (done.content, done.styles) == (Path("in/cat.jpg"), (Path("art/waves.png"),))
    assert done.out == Path("data/output/combined_cat_waves/output_image.jpg")
    assert options.objective == "classic"
    assert (options.content_weight, options.style_weight, options.tv_weight) == (1e5, 3e4, 1)
    assert (options.optimizer, options.backbone, options.init) == ("lbfgs", "vgg19", "content")
    assert (options.iterations, options.learning_rate) == (20_000, 1.0)
    assert (options.size, options.size_by) == (400, "height")
    assert (options.scales, options.plateau) == (1, 0)


def test_classic_takes_all_its_flags() -> None:
    done = command(
        f"{CLASSIC} --content_weight 1e4 --style_weight 1e3 --tv_weight 1e-1 --optimizer lbfgs --model vgg16 "
        "--init_method random --total_iterations 50 --learning_rate 0.5 --height 300 --output_file mine.jpg"
    )
    options = done.options
    assert done.out == Path("data/output/combined_cat_waves/mine.jpg")
    assert (options.content_weight, options.style_weight, options.tv_weight) == (1e4, 1e3, 0.1)
    assert (options.optimizer, options.backbone, options.init) == ("lbfgs", "vgg16", "random")
    assert (options.iterations, options.learning_rate, options.size) == (50, 0.5, 300)


def test_classic_is_the_same_with_dashes() -> None:
    words = f"{CLASSIC} --total_iterations 50 --output_file mine.jpg"
    assert command(words) == command(words.replace("_", "-"))


def test_the_learning_rate_of_adam_is_converted_from_255_levels() -> None:
    done = command(f"{CLASSIC} --optimizer adam --learning_rate 10")
    assert done.options.learning_rate == pytest.approx(10 / 255)
    assert "learning rate 10 of 0..255 is 0.0392 of our 0..1" in done.notes


def test_classic_mean_has_its_published_defaults() -> None:
    done = command(CLASSIC_MEAN)
    options = done.options
    assert (done.content, done.styles, done.out) == (Path("cat.jpg"), (Path("waves.png"),), Path("output.jpg"))
    assert (options.objective, options.backbone) == ("classic-mean", "vgg19")
    assert (options.content_weight, options.style_weight) == (1, 1e6)
    assert (options.size, options.size_by, options.iterations) == (512, "long", 300)
    assert (options.scales, options.plateau) == (1, 0)


def test_classic_mean_takes_all_its_flags() -> None:
    done = command(f"{CLASSIC_MEAN} --output o.png --max_size 256 --steps 9 --content_weight 2 --style_weight 1e5")
    assert done.out == Path("o.png")
    assert (done.options.size, done.options.iterations) == (256, 9)
    assert (done.options.content_weight, done.options.style_weight) == (2, 1e5)


@pytest.mark.parametrize("words", [CLASSIC, CLASSIC_MEAN])
def test_what_only_we_have_may_be_added(words: str) -> None:
    done = command(f"{words} --backbone wavelet --color luminance --seed 4 --device cpu --scales 3 --frames f --resume")
    assert (done.options.backbone, done.options.color, done.options.seed) == ("wavelet", "luminance", 4)
    assert (done.device, done.options.scales, done.frames, done.resume) == ("cpu", 3, Path("f"), True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (f"{CLASSIC} --content x.jpg", "two different command lines"),
        (f"{CLASSIC} --steps 3", "--content-image-path and --steps belong to two different command lines"),
        ("--height 300 --max-size 200", "--height and --max-size belong to two different command lines"),
        ("a.jpg b.jpg -o c.png --height 300", "--height belongs to an older command line, a picture without a flag"),
        (f"{CLASSIC} -o x.png", "--out to ours"),
        (f"{CLASSIC_MEAN} --size 300", "--size to ours"),
        (f"{CLASSIC_MEAN} --iterations 300", "--iterations to ours"),
        (f"{CLASSIC} --preset fine", "--preset to ours"),
        (f"{CLASSIC} --objective normalized", "--objective to ours"),
        (f"{CLASSIC_MEAN} --batch d", "--batch to ours"),
        (f"{CLASSIC} --model vgg16 --backbone wavelet", "--model and --backbone say the same"),
        ("--content_image_path a.jpg", "--style-image-path is missing"),
        ("--style b.jpg", "--content is missing"),
    ],
)
def test_a_mixture_is_refused_with_a_sentence(words: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        command(words)
    assert said in caught.value.sentence


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (f"{CLASSIC} --height 0", "height is 0, but the least is 64 px"),
        (f"{CLASSIC} --total_iterations 0", "total_iterations is 0"),
        (f"{CLASSIC} --init_method noise", "init_method is 'noise'"),
        (f"{CLASSIC} --model vgg91", "model is 'vgg91', but it must be vgg16 or vgg19. Did you mean 'vgg19'?"),
        (f"{CLASSIC_MEAN} --max_size huge", "max_size is 'huge', but it must be a number"),
        (f"{CLASSIC_MEAN} --steps 1.5", "steps is 1.5, but it must be a whole number"),
    ],
)
def test_a_complaint_uses_the_name_that_was_typed(words: str, said: str) -> None:
    with pytest.raises(InvalidOption) as caught:
        command(words)
    assert said in caught.value.sentence


def test_shared_flags_alone_are_ours() -> None:
    assert command("a b -o c.png --style-weight 2 --learning-rate 0.5 --optimizer adam").options.learning_rate == 0.5


def test_without_a_dialect_nothing_is_translated() -> None:
    with pytest.raises(NstError, match="missing"):
        command("--style-weight 3")
