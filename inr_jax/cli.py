"""The command `inr-jax`: a verb, a workdir, settings.

Imports nothing heavy before it knows that there is work to do.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from inr_jax.errors import InputError, first_line, printable, unknown_name
from inr_jax.run.verbs import GO_ON, HOMES, OWN_FLAGS, OWN_USAGE, VERBS, WITHOUT_WORKDIR

HELP = """\
usage: inr-jax VERB [PATH] --workdir=DIR [--config=FILE] [--config.KEY=VALUE ...]

Voxel maps of gene expression in the human brain from tissue samples, with the
accuracy on held-out donors beside them.

verbs:
{verbs}

flags:
  PATH                  the samples: a table, a web export or the atlas's folder
  --workdir=DIR         where everything is written; a run that was stopped goes
                        on when the same command is given again
  --config=FILE         a Python file with get_config(), or one of the names that
                        `inr-jax configs` lists; without it the settings in the
                        workdir, else the default
  --config.KEY=VALUE    override one setting

examples:
  inr-jax run --workdir=demo
  inr-jax run --config=allen_export --config.source.path=EXPORT.zip --workdir=out
  inr-jax run wells.csv --workdir=out
  inr-jax fetch --donors=9861,10021 --data_dir=DIR
  inr-jax genes --why=APOE --config=ad100 --data_dir=DIR
  inr-jax render --workdir=out --genes=APOE,MAPT --config.render.resolution_mm=1

`inr-jax VERB --help` lists every setting with its default and meaning.
Bad input is told in one line, with exit status 2.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    try:
        status = _dispatch(arguments)
        print(end="", flush=True)  # a reader who has left is noticed here
        return status
    except InputError as error:
        print(f"inr-jax: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as stop:
        what = str(stop) or "interrupted; what was finished stays"
        again = "the same command goes on from there"
        print(f"\ninr-jax: {what}; {again}", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of a pipe has left; nothing more can be said to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (OSError, MemoryError, RuntimeError) as error:
        trouble = _machine_trouble(error)
        if trouble is None:
            raise
        print(f"inr-jax: {trouble}", file=sys.stderr)
        return 2


def _machine_trouble(error: Exception) -> str | None:
    """What is wrong with the machine; None where it is the program."""
    text = first_line(error)
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}" if error.filename else text
    if isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in text:
        fix = "lower render.chunk, fit.group or fit.batch, or the network's size"
        if isinstance(error, MemoryError):  # of NumPy, which holds data and images
            fix = "give a smaller input, as its size in memory is more than there is"
        return f"out of memory ({text[:200]}); {fix}"
    return None


def _dispatch(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(_help())
        return 0
    if arguments[0] == "--version":
        import inr_jax

        print(f"inr_jax {inr_jax.__version__}")
        return 0
    verb, *rest = arguments
    if verb.startswith("-"):
        verbs, fix = ", ".join(VERBS), "as in inr-jax run --workdir=DIR"
        raise InputError(
            "command line", expected=f"a verb ({verbs}) first", found=verb, fix=fix
        )
    if verb not in VERBS:
        raise unknown_name("verb", verb, VERBS)
    if verb == "configs":
        from inr_jax.run import shipped_configs

        print(shipped_configs.listing())
        return 0
    if {"-h", "--help", "--helpfull"} & set(rest):
        print(_verb_help(verb))
        return 0
    _do(verb, rest)
    return 0


def _do(verb: str, rest: list[str]) -> None:
    if verb in WITHOUT_WORKDIR:
        _log_to_terminal()
        home = import_module(f"inr_jax.run.{HOMES.get(verb, 'ahba_verbs')}")
        getattr(home, verb)(rest)
        return
    from inr_jax import progress
    from inr_jax.run import config, distributed, flags, workdir

    own = OWN_FLAGS.get(verb, ())
    call = flags.parse(rest, own, needs_workdir=True)
    config.validate(call.config)
    root = cast(Path, call.workdir)  # parse refuses a call without it
    if verb in GO_ON:
        workdir.check_there(root)
    devices = call.config.devices
    if devices.distributed:
        _log_to_terminal()
    with (
        distributed.as_one(
            root, distributed=devices.distributed, timeout_s=devices.timeout
        ) as root,
        progress.deferred(),
        workdir.opened(root, linked=root != call.workdir) as folder,
    ):
        if not devices.distributed:  # or this one of others would speak again
            _log_to_terminal()
        from inr_jax.run import compilation_cache, leftovers, pipeline

        progress.safe_point()
        compilation_cache.keep_programs(call.config.devices.cache)
        pipeline.do(verb, call.config, folder, **call.own)
        if root == call.workdir:  # not of one whose files others are writing
            leftovers.remove_leftovers(folder)


def _log_to_terminal() -> None:
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    for handler in logging.getLogger().handlers:
        if type(handler) is logging.StreamHandler:
            handler.setFormatter(_Line())
            handler.filters = [_Once()]
    logging.getLogger("inr_jax").setLevel(logging.INFO)
    # They tell of their inner life below this level; what fails is raised, too.
    for name in ("absl", "orbax", "jax", "asyncio", "matplotlib", "nibabel.global"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    sys.unraisablehook = _tell_unraisable


class _Line(logging.Formatter):
    """The message; what a name in it would do to a terminal is written out."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        return "\n".join(map(printable, record.message.split("\n")))


class _Once(logging.Filter):
    """Lets every warning of ours through once."""

    def __init__(self) -> None:
        super().__init__()
        self.told: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if record.levelno < logging.WARNING or record.name != "inr_jax":
            return True
        new = text not in self.told
        self.told.add(text)
        return new


def _tell_unraisable(event: Any) -> None:
    # Orbax's readers of a damaged checkpoint go on after the first has told of it.
    if str(event.exc_value) != "Event loop is closed":
        sys.__unraisablehook__(event)


def _help() -> str:
    verbs = "\n".join(f"  {verb:<10}{text}" for verb, text in VERBS.items())
    return HELP.format(verbs=verbs)


def _verb_help(verb: str) -> str:
    from inr_jax.run import config

    flags = (WITHOUT_WORKDIR | OWN_USAGE).get(verb, "--workdir=DIR")
    return f"""\
inr-jax {verb}: {VERBS[verb]}
usage: inr-jax {verb} {flags} [--config=FILE]

Settings, their defaults and meaning; write --config.fit.steps=100 to change one.

{config.describe()}"""


if __name__ == "__main__":
    sys.exit(main())
