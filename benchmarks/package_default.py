"""From a finished run to the embedded weights, and from a result record to card and documentation.

python benchmarks/package_default.py weights --run runs/default --blocks 0 4 --whitening 768
python benchmarks/evaluate_default.py --data ../shared/data --json benchmarks/results/default_report.json
python benchmarks/package_default.py card --run runs/default --record benchmarks/results/default_report.json
python benchmarks/package_default.py docs --record benchmarks/results/default_report.json

`weights --checkpoint FILE` takes a checkpoint of a run in place of a finished one.

Without a run at hand: `golden` saves the embedded weights again with today's golden tensors, and `results`
writes the card's front matter again, from a record; the weights and the card's words stay.

python benchmarks/package_default.py golden
python benchmarks/package_default.py results --record benchmarks/results/default_report.json
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from pages import fill
from pretrain_default import CONFIG, training_clips
from protocols import PROBES
from records import percent

import skelrep
from skelrep.atomic import atomic_write
from skelrep.config import AugmentConfig, EncoderConfig, ModelConfig, Pooling, PretrainConfig
from skelrep.errors import WeightsError
from skelrep.hub import ModelCard, Result
from skelrep.models import SkeletonEncoder
from skelrep.models.reuse import same_weights
from skelrep.train.log import read_log
from skelrep.weights_io import save_model

WEIGHTS = Path(skelrep.__path__[0]) / "weights" / "default"
TEMPLATE = Path(__file__).parent / "card_template.md"
ROOT = Path(__file__).parents[1]
MAX_BYTES = 12_000_000  # of the embedded weights: everybody who installs skelrep downloads them
# What should not matter to a vector: the two crops that its whitening is fitted to. No legs of others and no
# frozen joints, which change what is done.
NUISANCE = AugmentConfig(
    bone_scale=0.2, amplitude=0.3, speed=0.5, tilt=10.0, shear=0.1, rotation=20.0, jitter=0.015
)
SUMMARY = ("linear", "ridge", "1-NN")  # probes of the summary
WHOLE = ("all views", "coordinates")  # rows of whole vectors
FACTS = ModelCard(
    name="skelrep default, second edition",
    license="apache-2.0",
    training_data=("UI-PRMD", "CMU Mocap", "Microsoft LabanotationSuite"),
    tags=("self-supervised", "contrastive-learning", "crossclr"),
)


def package(model: SkeletonEncoder, blocks: list[int], pooling: Pooling, whitening: int, data: Path) -> None:
    """Write a model's weights with the vector that the study chose, its whitening fitted without labels."""
    model = same_weights(model, encoder_config(model.config.encoder, blocks, pooling))
    if whitening:
        clips = training_clips(data)
        model = skelrep.fit_whitening(model, clips, size=whitening, augment=NUISANCE, progress=True)
    check_size(model)
    save_model(model, WEIGHTS)


def encoder_config(config: EncoderConfig, blocks: list[int], pooling: Pooling) -> EncoderConfig:
    """The vector as told, without the blocks that it does not need."""
    last = max(blocks[-1], 1)
    return dataclasses.replace(
        config, blocks=last, feature_blocks=tuple(blocks), pooling=pooling, whitening=0
    )


def check_size(model: SkeletonEncoder) -> None:
    """Raise `WeightsError` for weights that are too large to be embedded."""
    size = sum(t.numel() * t.element_size() for t in model.state_dict().values())
    if size >= MAX_BYTES:
        raise WeightsError(
            f"the weights take {size / 1e6:.1f} MB; expected less than {MAX_BYTES / 1e6:.0f} MB. "
            "Take fewer blocks or a shorter whitening."
        )


def model_of_checkpoint(path: Path) -> SkeletonEncoder:
    """The query encoders of a run that is not finished."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    config = PretrainConfig.from_dict(state["run"]["config"])
    model = SkeletonEncoder(ModelConfig(encoder=config.encoder, preprocess=config.preprocess))
    prefix = "query_encoders."
    weights = {name.removeprefix(prefix): t for name, t in state["model"].items() if name.startswith(prefix)}
    model.encoders.load_state_dict(weights)
    return model.eval()


def renew_golden() -> None:
    """Save the embedded weights again, with the golden tensors of this version of skelrep."""
    save_model(skelrep.load_pretrained("default"), WEIGHTS)


def write_card(run: Path, record: Path, data: Path) -> None:
    """Fill the card's template from the run's log and the evaluation's record."""
    model, steps = skelrep.load_pretrained("default"), read_log(run / "log.jsonl")
    clips = training_clips(data)
    text = TEMPLATE.read_text().format(
        parameters=sum(p.numel() for p in model.parameters()) / 1e6,
        dim=model.embedding_dim,
        block=", ".join(map(str, model.config.encoder.feature_blocks)),
        pooling=model.config.encoder.pooling,
        steps=len(steps),
        batch=CONFIG.batch_size,
        hours=sum(step.seconds for step in steps) / 3600,
        clips=len(clips),
        frames=sum(clip.data.shape[1] for clip in clips),
        tables=tables(json.loads(record.read_text())),
    )
    write_with_facts(text, record)


def renew_results(record: Path) -> None:
    """Write the front matter of the embedded card again; its words stay."""
    text = (WEIGHTS / "README.md").read_text()
    write_with_facts(text.split("---\n", 2)[2].lstrip(), record)


def write_with_facts(text: str, record: Path) -> None:
    """Write the card: its words, below its facts as the Hub reads them."""
    found = json.loads(record.read_text())
    facts = dataclasses.replace(FACTS, results=tuple(results(found))).front_matter()
    with atomic_write(WEIGHTS / "README.md") as file:
        file.write(f"---\n{facts}\n---\n\n{text}".encode())


def results(record: dict[str, Any]) -> Iterator[Result]:
    """The whole vector's accuracies, in %."""
    for found in record["sets"]:
        row = next(row for row in found["rows"] if (row["row"], row["part"]) == ("model", "all views"))
        for probe in PROBES:
            value = float(percent([score["accuracy"] for score in row["scores"][probe]]))
            yield Result(data=found["set"], task=probe, metric="accuracy", value=value)


def write_docs(record: Path) -> None:
    """Put the record's tables between their markers in README.md and docs/results.md."""
    found = json.loads(record.read_text())
    fill(ROOT / "docs" / "results.md", "baselines", tables(found))
    fill(ROOT / "README.md", "baselines", summary(found))


def summary(record: dict[str, Any]) -> str:
    """The whole vectors only, all sets side by side."""
    heads = [f"{s['set']}: {probe}" for s in record["sets"] for probe in SUMMARY]
    rows: dict[str, list[str]] = {}
    for row in (row for s in record["sets"] for row in s["rows"] if row["part"] in WHOLE):
        name = {"model": "skelrep default"}.get(row["row"], row["row"])
        accuracies = [percent([s["accuracy"] for s in row["scores"][p]]) for p in SUMMARY]
        rows.setdefault(name, []).extend(accuracies)
    lines = [f"| {name} | " + " | ".join(cells) + " |" for name, cells in rows.items()]
    return "\n".join(["| | " + " | ".join(heads) + " |", "|" + "---|" * (len(heads) + 1), *lines]) + "\n"


def tables(record: dict[str, Any]) -> str:
    """One Markdown table a set."""
    return "\n".join(set_table(found) for found in record["sets"])


def set_table(found: dict[str, Any]) -> str:
    head = ["", "vector", "numbers", *PROBES]
    seen = {"yes": "its clips were in pretraining, without labels", "no": "not in pretraining"}
    one = found["rows"][0]["scores"]["1-NN"][0]
    lines = [
        f"**{found['set']}** ({one['n_train']} training clips, {one['n_test']} test clips of other people; "
        f"{seen[found['in_pretraining']]})\n",
        "| " + " | ".join(head) + " |",
        "|" + "---|" * len(head),
    ]
    for row in found["rows"]:
        accuracies = (percent([s["accuracy"] for s in row["scores"][probe]]) for probe in PROBES)
        lines.append(f"| {row['row']} | {row['part']} | {row['dim']} | " + " | ".join(accuracies) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("weights", "card", "docs", "golden", "results"))
    parser.add_argument("--run", type=Path, default=Path("runs/default"))
    parser.add_argument("--checkpoint", type=Path, help="of a run, in place of --run")
    parser.add_argument("--blocks", type=int, nargs="+", default=[0, 4])
    parser.add_argument("--pooling", default="parts_std")
    parser.add_argument("--whitening", type=int, default=768, help="length of the vector; 0 for none")
    parser.add_argument("--record", type=Path)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    args = parser.parse_args()
    if args.what == "weights":
        given = args.checkpoint
        model = model_of_checkpoint(given) if given else skelrep.load_pretrained(args.run)
        package(model, args.blocks, args.pooling, args.whitening, args.data)
    elif args.what == "golden":
        renew_golden()
    elif args.what == "results":
        renew_results(args.record)
    elif args.what == "docs":
        write_docs(args.record)
    else:
        write_card(args.run, args.record, args.data)


if __name__ == "__main__":
    main()
