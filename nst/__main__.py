"""The ``nst`` command: everything that goes wrong ends here as one line and a documented exit status."""

import json
import sys
import traceback
from collections.abc import Sequence

from nst.cli.interrupts import Interrupted, Interrupts
from nst.cli.stream import Stream, failure
from nst.errors import InvalidOption, NstError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line (by default the process's own) and return its exit status; nothing is raised."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        with Interrupts(last=argv is None) as interrupts:
            return _run(words, interrupts)
    except SystemExit as leave:  # --help and --version
        return leave.code if isinstance(leave.code, int) else 0
    except Interrupted as interrupted:
        Stream(sys.stderr).line(f"nst: stopped by {interrupted}")
        return interrupted.exit_code
    except InvalidOption as error:
        error.hint = error.hint or "`nst --help` lists every limit."
        return _report(error, words)
    except NstError as error:
        return _report(error, words)
    except Exception as error:
        told = NstError(
            f"unexpected {type(error).__name__}: {error}", hint="This is a fault of nst; --debug shows where."
        )
        return _report(told.with_traceback(error.__traceback__), words)
    finally:
        Stream(sys.stdout).flush()


def _run(words: list[str], interrupts: Interrupts) -> int:
    if words[:1] == ["weights"]:
        from nst.cli.weights import run_weights

        return run_weights(words[1:])
    from nst.cli.command import read_command

    command = read_command(words)
    if command.batch:
        from nst.cli.batch import run_batch

        return run_batch(command, interrupts)
    from nst.cli.render import Renderer

    Renderer(interrupts).render(command)
    return 0


def _report(error: NstError, words: list[str]) -> int:
    if "--debug" in words:
        traceback.print_exception(error, file=sys.stderr)
    Stream(sys.stderr).line(f"nst: error: {' '.join(error.sentence.split())}")
    if "--json-events" in words or "--json_events" in words:
        Stream(sys.stdout).line(json.dumps(failure(error)))
    return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
