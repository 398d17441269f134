"""Run the README as a stranger would: `readme.py README.md`, where skelrep is installed.

Every block of Python, one after another in one session; every block of shell commands; every command of the
table: taken from the README's text, in a folder with the demo's recordings and their labels. Only the two
commands that install are left out: `.ci/run` runs them itself, from the same text.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from skelrep.demo import demo_action_names, load_demo_clips

INSTALLS = "python -m pip install "
# A real training takes hours: the words on the left must be there, and are run as those on the right.
SHORTER = {
    "epochs=100, cross_view_epoch=51": "epochs=1, cross_view_epoch=1, batch_size=8",
    "--epochs 100": "--epochs 1 --batch-size 8",
    "skelrep train FOLDER -o RUN": "skelrep train FOLDER -o RUN --epochs 1 --views joint",
}
# What the table's capitals stand for, longest first.
NAMES = {
    "FOLDER_OR_FILE": "recordings",
    "CLASSIFIER": "classifier",
    "FOLDER": "recordings",
    "[NAME]": "default",
    "INDEX": "index",
    "CLIP": "recordings/kinect_m01_s01_e03.npy",
    "NAME": "default",
    "RUN": "runs/table",
}
# In the folder of each; a probe of the table wants 20 for training.
CLIPS = {"python": 9, "shell": 9, "table": 30}
# Need an account, a published checkpoint, or a data set: a test reads them with the parser.
NOT_HERE = ("skelrep push", "skelrep convert", "skelrep reproduce")


def stranger(folder: Path, count: int) -> None:
    """Some recordings, and labels as if the three takes of each exercise were of the same three people."""
    (folder / "recordings").mkdir(parents=True)
    actions, lines = demo_action_names(), ["name,label,subject"]
    for number, clip in enumerate(load_demo_clips()[:count]):
        np.save(folder / "recordings" / f"{clip.name}.npy", clip.data)
        lines.append(f"{clip.name},{actions[clip.label or 0]},{('ann', 'bob', 'cleo')[number % 3]}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def shortened(text: str) -> str:
    for long, short in SHORTER.items():
        text = text.replace(long, short)
    return text


def blocks(readme: str, language: str) -> list[str]:
    """Fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)


def shell_lines(readme: str) -> list[str]:
    """Lines of the shell blocks, but for those that install."""
    lines = [line for block in blocks(readme, "bash") for line in block.splitlines()]
    return [shortened(line) for line in lines if line and not line.startswith(INSTALLS)]


def table_lines(readme: str) -> list[str]:
    """Commands in the first column of the table, with real names in place of its capitals."""
    cells = re.findall(r"^\| (`skelrep .*?) \|", readme, re.MULTILINE)
    commands = [shortened(c) for cell in cells for c in re.findall(r"`(skelrep [^`]+)`", cell)]
    for name, real in NAMES.items():
        commands = [c.replace(name, real) for c in commands]
    return commands


def run(command: list[str], folder: Path, shown: str) -> None:
    """Run one, quietly; stop at the first that fails, with what it said."""
    began = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    print(f"{time.perf_counter() - began:6.1f} s  {shown}", flush=True)  # noqa: T201
    if done.returncode:
        sys.exit(f"README.md: exit code {done.returncode} of\n{shown}\n{done.stdout}{done.stderr}")


def main() -> None:
    readme = Path(sys.argv[1]).read_text(encoding="utf-8")
    absent = [words for words in SHORTER if words not in readme]
    if absent:
        sys.exit(f"README.md no longer has {absent}: mend SHORTER in .ci/readme.py")
    with tempfile.TemporaryDirectory() as temporary:
        for place, count in CLIPS.items():
            stranger(Path(temporary) / place, count)
        code = shortened("\n".join(blocks(readme, "python")))
        run([sys.executable, "-c", code], Path(temporary) / "python", "the blocks of Python")
        for place, lines in (("shell", shell_lines(readme)), ("table", table_lines(readme))):
            for line in lines:
                if not line.startswith(NOT_HERE):
                    run(["bash", "-c", line], Path(temporary) / place, line)


if __name__ == "__main__":
    main()
