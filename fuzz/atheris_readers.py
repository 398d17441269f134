"""Coverage-guided fuzzing of one reader with atheris (`pip install atheris`), no need of the package.

    python -m fuzz.atheris_readers --target csv -runs=100000 -max_len=65536 [further options of libFuzzer]

The readers are instrumented, so that inputs which reach new branches are kept and changed further; the valid
files of `fuzz.seeds` are where it begins. A finding stops it and is written to the folder it was started in.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["skelrep"]):
    from .catalogue import TARGETS

from .targets import Runner


def main() -> None:
    """Hand the reader to libFuzzer, which ends the process."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--target", choices=TARGETS, required=True)
    options, rest = parser.parse_known_args()
    with tempfile.TemporaryDirectory(prefix="skelrep-atheris-") as folder:
        corpus, scratch = Path(folder) / "corpus", Path(folder) / "scratch"
        corpus.mkdir()
        scratch.mkdir()
        runner = Runner(TARGETS[options.target], scratch)
        for number, seed in enumerate(runner.seeds):
            (corpus / f"seed-{number}").write_bytes(seed)
            runner.run(seed)  # what is imported at first use is no finding

        atheris.Setup([sys.argv[0], *rest, str(corpus)], lambda data: _read(runner, data))
        atheris.Fuzz()


def _read(runner: Runner, data: bytes) -> None:
    try:
        runner.run(data)
    except BaseException as error:
        # libFuzzer knows exceptions only; what the guard raises is none, so that no reader swallows it.
        raise RuntimeError(f"{type(error).__name__}: {error}") from error


if __name__ == "__main__":
    main()
