"""A classifier for one's own classes: fit it, see how good it is, keep it, use it.

labels.csv holds a line a clip: its name (the file's, without the ending), and its class.

    python examples/finetune_own_classes.py recordings labels.csv my_classifier
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import skelrep


def main() -> None:
    """Read clips and labels, fit, save, load again, predict."""
    parser = argparse.ArgumentParser(description="Fit a classifier to labelled clips.")
    parser.add_argument("folder", help="any format that skelrep.read_clips reads")
    parser.add_argument("labels", help="CSV with the columns name and label")
    parser.add_argument("output", help="the classifier's folder")
    parser.add_argument("--mode", choices=("linear", "full", "gradual"), default="linear")
    parser.add_argument("--model", default="default", help="what skelrep.load_pretrained takes")
    options = parser.parse_args()

    with Path(options.labels).open(encoding="utf-8", newline="") as file:
        labels = {row["name"]: row["label"] for row in csv.DictReader(file)}
    clips = skelrep.read_clips(options.folder)
    known = [clip for clip in clips if clip.name in labels]

    classifier = skelrep.finetune(
        options.model, known, [labels[clip.name] for clip in known], mode=options.mode, unknown=True
    )
    classifier.save_pretrained(options.output)
    if classifier.validation_accuracy is not None:
        print(f"{classifier.validation_accuracy:.1%} of held-out clips right")

    classifier = skelrep.load_classifier(options.output)
    found = classifier.predict_details(clips)
    for clip, label, probability in zip(clips, found.labels, found.probabilities.max(axis=1), strict=True):
        print(f"{clip.name:<24} {label:<16} {probability:.2f}")


if __name__ == "__main__":
    main()
