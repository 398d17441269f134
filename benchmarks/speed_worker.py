"""The process of one contender: reads a line of JSON, answers with one. Started by `speed_turns.Worker`."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import numpy as np


def peak_memory() -> int:
    """Largest resident memory since `forget_peak`, bytes; 0 where the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except FileNotFoundError:
        return 0
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def forget_peak() -> None:
    """Let the peak begin at what is resident now: building a model may have needed more than running it."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def build(words: dict[str, Any]) -> tuple[Callable[[], Any], int]:
    """The contender's call, and how often a turn makes it."""
    import torch
    from speed_contenders import CONTENDERS
    from speed_turns import Case

    torch.set_num_threads(words["threads"])
    case = Case(**words["case"] | {"views": tuple(words["case"]["views"])})
    return CONTENDERS[words["build"]].make(case, words["threads"], words["paths"]), case.calls


def serve(requests: TextIO, answers: TextIO) -> None:
    call, calls, output, before = None, 1, None, 0
    for line in requests:
        words = json.loads(line)
        answer: dict[str, Any] = {}
        if "build" in words:
            call, calls = build(words)
            forget_peak()
            before = peak_memory()
        elif "run" in words:
            began = time.perf_counter()
            for _ in range(calls):
                output = call()
            answer = {
                "seconds": (time.perf_counter() - began) / calls,
                "peak_bytes": peak_memory() - before,
            }
        elif "save" in words:
            np.save(words["save"], np.asarray(output))
        print(json.dumps(answer), file=answers, flush=True)


def main() -> None:
    # Libraries may print: what they print must not stand between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    serve(sys.stdin, answers)


if __name__ == "__main__":
    main()
