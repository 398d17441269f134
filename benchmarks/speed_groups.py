"""The groups of `speed.py`: one case, who computes it, and the bar that skelrep should reach."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from speed_turns import Case

THREE = ("joint", "motion", "bone")
GIB = 2**30
RESULTS = Path(__file__).parent / "results"
# Scripts that measure what surrounds the network and write records of their own, with their arguments.
OTHERS: dict[str, tuple[str, ...]] = {
    "data_path": (),
    "augment_speed": ("--out", str(RESULTS / "augment_speed.json")),
    "startup": (),
    "stream_memory": (),
}


@dataclass(frozen=True)
class Bar:
    """`contender` should be `reach` times as good as `against` ("seconds" faster, "peak_bytes" smaller)."""

    contender: str
    against: str
    reach: float
    aim: float
    measure: str = "seconds"


@dataclass(frozen=True)
class Group:
    """Contenders that take turns at one case; the first one is the baseline of ratios and outputs.

    Those in `alone` are measured before the others, because all processes together would not fit in memory.
    """

    title: str
    case: Case
    contenders: tuple[str, ...]
    bars: tuple[Bar, ...] = ()
    budget: float = 30.0
    rounds: int = 15
    memory: int = 0  # bytes that must be available
    alone: tuple[str, ...] = ()

    def quick(self) -> Group:
        """A tiny version that shows in seconds that everything runs."""
        case = replace(
            self.case,
            batch=min(self.case.batch, 4), frames=12, calls=1,
            base_channels=2, feature_channels=8, queue_size=64,
        )  # fmt: skip
        return replace(self, case=case, budget=0.0, memory=0)


ENCODE = ("plain_tuned", "plain_as_shipped", "skelrep", "skelrep_encode")
LATENCY = ("plain_as_shipped", "onnxruntime", "openvino", "skelrep", "skelrep_encode")
TRAIN = ("train_plain_tuned", "train_skelrep")

GROUPS: dict[str, Group] = {
    "encode_two": Group(
        "encode, batch 128, two bodies, one view", Case(bodies="two"), ENCODE,
        (
            Bar("skelrep", "plain_tuned", 1.8, 2.7),
            Bar("skelrep", "plain_as_shipped", 3.7, 5.5),
            Bar("skelrep", "plain_as_shipped", 8, 20, "peak_bytes"),
        ),
    ),
    "encode_mix": Group(
        "encode, batch 128, 20 % of clips with two bodies, one view", Case(bodies="mix"), ENCODE,
        (Bar("skelrep", "plain_tuned", 3, 4.3), Bar("skelrep", "plain_as_shipped", 6.5, 9.6)),
    ),
    "encode_views": Group(
        "encode, batch 128, 20 % of clips with two bodies, three views",
        Case(bodies="mix", views=THREE), ENCODE,
        (Bar("skelrep", "plain_tuned", 3, 4.1),), budget=60.0,
    ),
    "latency_two": Group(
        "one clip of two bodies, one view", Case(batch=1, bodies="two", calls=20), LATENCY,
        (Bar("skelrep", "plain_as_shipped", 2, 3.5),), budget=15.0, rounds=25,
    ),
    "latency_one": Group(
        "one clip of one body, one view", Case(batch=1, bodies="one", calls=20), LATENCY,
        (Bar("skelrep", "plain_as_shipped", 3, 6),), budget=15.0, rounds=25,
    ),
    "engines": Group(
        "encode, batch 16, two bodies, one view", Case(batch=16, calls=2),
        ("plain_tuned", "published_tuned", "plain_compiled", "onnxruntime", "openvino", "skelrep"),
        (Bar("skelrep", "onnxruntime", 1.4, 2),), budget=25.0,
    ),
    "pyskl": Group(
        "encode, batch 16, two bodies, 64 features (the width that pyskl has)",
        Case(batch=16, calls=2, feature_channels=64), ("plain_tuned", "pyskl", "skelrep"), budget=15.0,
    ),
    "bfloat16": Group(
        "encode, batch 128, 20 % of clips with two bodies, one view, in bfloat16", Case(bodies="mix"),
        ("plain_tuned", "skelrep", "skelrep_bfloat16"), budget=20.0,
    ),
    "train_1": Group(
        "training step, batch 128, three views, one body a clip, stage 1",
        Case("train", bodies="one", views=THREE, stage=1), (*TRAIN, "train_skelrep_fixed"),
        (
            Bar("train_skelrep", "train_plain_tuned", 1.5, 3),
            Bar("train_skelrep_fixed", "train_plain_tuned", 2.5, 5),
            Bar("train_skelrep", "train_plain_as_shipped", 1, 2, "peak_bytes"),
        ),
        budget=60.0, rounds=5, memory=17 * GIB, alone=("train_plain_as_shipped",),
    ),
    "train_2": Group(
        "training step, batch 128, three views, one body a clip, stage 2 (across views)",
        Case("train", bodies="one", views=THREE, stage=2), TRAIN,
        (Bar("train_skelrep", "train_plain_tuned", 1.5, 3),),
        budget=60.0, rounds=5, memory=17 * GIB,
    ),
}  # fmt: skip
CHECK_PLAIN: dict[str, Group] = {
    "check_encode": Group(
        "encode, batch 128, two bodies, one view", Case(),
        ("published_tuned", "plain_tuned", "published", "plain_as_shipped"), budget=30.0,
    ),
    "check_train_1": Group(
        "training step, batch 32, three views, stage 1", Case("train", batch=32, views=THREE, stage=1),
        ("train_published_tuned", "train_plain_tuned"), budget=25.0, rounds=7,
    ),
    "check_train_2": Group(
        "training step, batch 32, three views, stage 2", Case("train", batch=32, views=THREE, stage=2),
        ("train_published_tuned", "train_plain_tuned"), budget=25.0, rounds=7,
    ),
}  # fmt: skip
