"""Model cards: what a model is, what it was trained on, on what terms, and how well it does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config import ModelConfig

if TYPE_CHECKING:
    from huggingface_hub import EvalResult

CARD_NAME = "README.md"
TEMPLATE = Path(__file__).with_name("card_template.md")
MAX_CARD_BYTES = 1 << 20  # of a README that is looked into
TAGS = ["skeleton", "action-recognition", "st-gcn"]
DATASET_ID = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
UNTOLD = "Not described yet: say so here before you publish this model."


@dataclass(frozen=True, kw_only=True)
class Result:
    """One measured number.

    Attributes:
        data: name of the data set it was measured on.
        metric: such as ``"accuracy"``; lower case, as on the Hub.
        value: the number, or text such as ``"88.1 ± 1.0"``.
        task: what was measured, such as ``"linear probe"``.
    """

    data: str
    metric: str
    value: float | str
    task: str = "action recognition"


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """The words of a model's `README.md`; what is left out is said to be missing.

    Attributes:
        name: the title.
        summary: a sentence or two on what the model is for.
        license: identifier as on the Hub, such as ``"apache-2.0"`` or ``"cc-by-nc-4.0"``.
        training: how it was trained.
        training_data: names of the data sets; those of the form ``"owner/name"`` become links on the Hub.
        results: measured numbers.
        limits: what it is not for.
        tags: more words to be found by.

    Example:
        >>> card = ModelCard(name="Squats", license="mit", training_data=("UI-PRMD",))
        >>> card.text(ModelConfig(), where="me/squats").splitlines()[1:3]
        ['library_name: skelrep', 'license: mit']
    """

    name: str
    summary: str = "An encoder of 3D human skeleton clips, made with skelrep."
    license: str | None = None
    training: str = ""
    training_data: tuple[str, ...] = ()
    results: tuple[Result, ...] = ()
    limits: str = ""
    tags: tuple[str, ...] = ()

    def text(self, config: ModelConfig, *, where: str, classes: tuple[str, ...] = ()) -> str:
        """The card in Markdown, with its front matter (`ModelCardData`, `model-index`).

        Args:
            config: of the model or of a classifier's encoder.
            where: what a reader passes to `load_pretrained`: a repo id or a folder.
            classes: of a classifier; without any it is an encoder's card.
        """
        return TEMPLATE.read_text(encoding="utf-8").format(
            metadata=self.front_matter(classes),
            name=self.name,
            summary=self.summary,
            usage=_usage(where, classes),
            architecture=_architecture(config, classes),
            training=self.training or UNTOLD,
            data="\n".join(f"- {name}" for name in self.training_data) or "Data: not named yet.",
            license=self.license or "not chosen yet",
            results=_table(self.results),
            limits=self.limits or UNTOLD,
            where=where,
        )

    def front_matter(self, classes: tuple[str, ...] = ()) -> str:
        """The card's facts in YAML, as the Hub reads them; without the lines of dashes."""
        from huggingface_hub import ModelCardData

        data = ModelCardData(
            library_name="skelrep",
            license=self.license,
            tags=[*TAGS, "classifier" if classes else "feature-extraction", *self.tags],
            # The Hub takes ids there; other names go under a key of our own.
            datasets=[name for name in self.training_data if DATASET_ID.fullmatch(name)] or None,
            training_data=list(self.training_data) or None,
            model_name=self.name if self.results else None,
            eval_results=[_eval_result(result) for result in self.results] or None,
        )
        return data.to_yaml()


def card_metadata(card: Path) -> dict[str, Any]:
    """The YAML front matter of a card as a mapping; empty where there is none of readable size."""
    from huggingface_hub import metadata_load

    if not card.is_file() or card.stat().st_size > MAX_CARD_BYTES:
        return {}
    try:
        return dict(metadata_load(card) or {})
    except Exception:  # YAML's errors belong to a package that is not ours; a card is only a description
        return {}


def training_data(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the data sets in a card's front matter."""
    names = metadata.get("training_data") or metadata.get("datasets") or ()
    return tuple(map(str, names)) if isinstance(names, list | tuple) else (str(names),)


def card_results(metadata: Mapping[str, Any]) -> list[Result]:
    """The results in a card's front matter; none where its model-index cannot be read."""
    from huggingface_hub.repocard_data import model_index_to_eval_results

    try:
        found = model_index_to_eval_results(metadata["model-index"])[1]
    except Exception:  # a card is only a description, and anybody may have written it
        return []
    return [
        Result(
            data=r.dataset_name, metric=r.metric_type, value=r.metric_value, task=r.metric_name or r.task_type
        )
        for r in found
    ]


def _eval_result(result: Result) -> EvalResult:
    from huggingface_hub import EvalResult

    return EvalResult(
        task_type="action-recognition",
        dataset_type=re.sub(r"[^\w.-]+", "-", result.data.lower()),
        dataset_name=result.data,
        metric_type=result.metric,
        metric_name=result.task,  # a model-index keeps one task a data set, and a name a number
        metric_value=result.value,
    )


def _usage(where: str, classes: tuple[str, ...]) -> str:
    if classes:
        return f'classifier = skelrep.load_classifier("{where}")\nlabels = classifier.predict(clips)'
    return f'model = skelrep.load_pretrained("{where}")\nvectors = model.encode(clips)'


def _architecture(config: ModelConfig, classes: tuple[str, ...]) -> str:
    encoder = config.encoder
    text = (
        "Clips are float arrays (C, T, V, M): metres, y up, 25 joints in NTU RGB+D order, any length.\n"
        f"ST-GCN on {', '.join(encoder.views)}; {encoder.base_channels} base channels; recipe "
        f"`{encoder.recipe_name}`.\nThe vector is made of block {_joined(encoder.feature_blocks)} of "
        f"{encoder.blocks} by pooling `{encoder.pooling}`"
        f"{f', whitened to {encoder.whitening} numbers' if encoder.whitening else ''}."
    )
    return f"{text}\nClasses: {', '.join(classes)}." if classes else text


def _joined(numbers: tuple[int, ...]) -> str:
    return " and ".join(filter(None, (", ".join(map(str, numbers[:-1])), str(numbers[-1]))))


def _table(results: tuple[Result, ...]) -> str:
    if not results:
        return "None measured yet."
    rows = [f"| {r.data} | {r.task} | {r.metric} | {r.value} |" for r in results]
    return "\n".join(["| data | task | metric | value |", "|---|---|---|---|", *rows])
