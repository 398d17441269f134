"""From a finished run to a folder that is ready for the Hub: weights, configuration, card; verified.

python benchmarks/build_edition.py runs/large -o editions/large --facts editions/large.json \\
    --record benchmarks/results/large_report.json --block 7 --pooling parts
skelrep push editions/large OWNER/NAME --private

The facts are a JSON object with fields of `skelrep.hub.ModelCard`, and "results" come from a record of
`evaluate_default.py`, so that no number of the card is typed by hand.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path
from typing import Any

from package_default import results

import skelrep
from skelrep.config import EncoderConfig
from skelrep.hub import ModelCard
from skelrep.models.reuse import same_weights

TYPED = [field.name for field in dataclasses.fields(ModelCard) if field.name != "results"]


def read_facts(path: Path, record: dict[str, Any] | None) -> ModelCard:
    """The card's fields from a file, its results from a record."""
    facts = json.loads(path.read_text(encoding="utf-8"))
    unknown = sorted(set(facts) - set(TYPED))
    if unknown:
        raise SystemExit(f"{path} has fields {unknown}; a card takes {TYPED}, and results from --record.")
    facts = {name: tuple(value) if isinstance(value, list) else value for name, value in facts.items()}
    return ModelCard(**facts, results=() if record is None else tuple(results(record)))


def chosen(config: EncoderConfig, block: int | None, pooling: str | None) -> EncoderConfig:
    """The run's configuration with the vector that a study chose."""
    changes = {"feature_blocks": None if block is None else (block,), "pooling": pooling}
    return dataclasses.replace(config, **{k: v for k, v in changes.items() if v is not None})  # type: ignore[arg-type]


def build(run: str, output: Path, card: ModelCard, block: int | None, pooling: str | None) -> float:
    """Write and verify the folder; returns the relative error of its golden vector."""
    model = skelrep.load_pretrained(run)
    model = same_weights(model, chosen(model.config.encoder, block, pooling))
    (output / "README.md").unlink(missing_ok=True)  # the facts make it anew
    model.save_pretrained(output, card=card)
    return skelrep.verify(output).vector_error


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", help="what load_pretrained takes")
    parser.add_argument("-o", "--output-dir", type=Path, required=True)
    parser.add_argument("--facts", type=Path, required=True)
    parser.add_argument("--record", type=Path, help="of evaluate_default.py")
    parser.add_argument("--block", type=int)
    parser.add_argument("--pooling")
    args = parser.parse_args()
    record = None if args.record is None else json.loads(args.record.read_text(encoding="utf-8"))
    card = read_facts(args.facts, record)
    error = build(args.run, args.output_dir, card, args.block, args.pooling)
    print(
        f"{args.output_dir} verifies (relative error {error:.1e}); skelrep push {args.output_dir} OWNER/NAME"
    )


if __name__ == "__main__":
    main()
