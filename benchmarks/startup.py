"""How long `import skelrep`, the default model and a first vector take, above `import torch` alone.

    PYTHONPATH=. python benchmarks/startup.py

Fresh processes in turn, one thread, bytecode compiled as an installed package has it. CPU time, so that other
work on the machine hardly counts.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from records import provenance, table, write_json

RESULT = Path(__file__).parent / "results" / "startup.json"
TORCH = "import time, torch, numpy; print(time.process_time())"
VECTOR = """
import time, torch, numpy
before = time.process_time()
import skelrep
imported = time.process_time()
model = skelrep.load_pretrained()
loaded = time.process_time()
clip = numpy.zeros((3, 60, 25, 1), numpy.float32)
clip[1] = numpy.linspace(-0.5, 1.2, 25)[:, None]
start = time.process_time()
model.encode([clip])
print(imported - before, loaded - imported, time.process_time() - start)
"""
STEPS = ("import skelrep", "load the default model", "first vector")


def run(code: str, cache: str) -> list[float]:
    """Seconds that a fresh interpreter prints."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"PYTHONPYCACHEPREFIX": cache, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return [float(number) for number in done.stdout.split()]


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description="Time to a first vector, above import torch.")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("-o", "--output", type=Path, default=RESULT)
    options = parser.parse_args()
    torch_alone, steps = [], []
    with tempfile.TemporaryDirectory() as cache:
        run(VECTOR, cache)  # compiles
        for _ in range(options.repeats):
            torch_alone += run(TORCH, cache)
            steps.append(run(VECTOR, cache))
    medians = [statistics.median(column) for column in zip(*steps, strict=True)]
    record = {
        "import torch, s": round(statistics.median(torch_alone), 3),
        "steps, s": {name: round(value, 3) for name, value in zip(STEPS, medians, strict=True)},
        "above import torch, s": round(statistics.median(map(sum, steps)), 3),
        "repeats": options.repeats,
    }
    write_json(options.output, record | {"provenance": provenance()})
    rows = [[name, f"{value:.3f}"] for name, value in zip(STEPS, medians, strict=True)]
    print(
        table(["CPU seconds", ""], [*rows, ["above import torch", f"{record['above import torch, s']:.3f}"]])
    )


if __name__ == "__main__":
    main()
