"""The field's protocols on held-out people: a model, random encoders, raw joints; from scratch if asked.

    python benchmarks/evaluate_protocols.py --data ../shared/data [--protocol linear,knn] [--json out.json]

Sets and splits are those of `protocols.py`; everything else is `skelrep.evaluate.probe`. The records are what
tables and model cards are made of (`skelrep.evaluate.read_records`, `results_table`, `card_results`).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from archives import read_archive
from protocols import SETS, splits

import skelrep
from skelrep.evaluate import EvaluationRecord, probe, results_table, write_records

SPLIT_NAMES = {
    ("irds", "report"): "test: 16 subjects that nothing was chosen by",
    ("irds", "tune"): "3 folds of the choosing subjects",
    ("uiprmd_kinect", "report"): "train: correct, odd subjects; test: incorrect, even subjects",
    ("uiprmd_kinect", "tune"): "5 folds of odd subjects; train: correct; test: incorrect",
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the archives")
    parser.add_argument("--model", default="default", help="for skelrep.load_pretrained")
    parser.add_argument("--protocol", default="linear,logistic,ridge,knn,few-shot,semi-supervised")
    parser.add_argument("--split", choices=("report", "tune"), default="report")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--seeds", nargs="+", type=int, default=(0, 1, 2))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write the records here")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    model = skelrep.load_pretrained(args.model)
    records: list[EvaluationRecord] = []
    for name in args.sets:
        archive = read_archive(args.data / f"{name}.npz")
        found = probe(
            model,
            archive.clips,
            archive.labels,
            splits(archive, args.split),
            protocols=args.protocol.split(","),
            seeds=args.seeds,
            model_name=args.model,
            data_name=name,
            split_name=SPLIT_NAMES[name, args.split],
        )
        records += found
        print(results_table(found), end="\n\n", flush=True)
        if args.json:  # after every set, so that a run cut short keeps what it has
            write_records(args.json, records)


if __name__ == "__main__":
    main()
