"""The NTU-25 skeleton: joints, bones, mirror pairs, and the graph partitions of ST-GCN.

Joint numbers are 0-based. Axes are those of the Kinect v2 camera: x to the sensor's left, y up, z away from
the sensor, in metres.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

JOINT_NAMES: tuple[str, ...] = (
    "SpineBase", "SpineMid", "Neck", "Head",
    "ShoulderLeft", "ElbowLeft", "WristLeft", "HandLeft",
    "ShoulderRight", "ElbowRight", "WristRight", "HandRight",
    "HipLeft", "KneeLeft", "AnkleLeft", "FootLeft",
    "HipRight", "KneeRight", "AnkleRight", "FootRight",
    "SpineShoulder", "HandTipLeft", "ThumbLeft", "HandTipRight", "ThumbRight",
)  # fmt: skip
NUM_JOINTS = len(JOINT_NAMES)
SPINE_BASE, HEAD, SHOULDER_LEFT, SHOULDER_RIGHT, SPINE_SHOULDER = 0, 3, 4, 8, 20

# Parent of each joint; the root of the tree is SpineShoulder, the centre of the ST-GCN partition. The hand
# pairs (21, 22), (22, 7), (23, 24), (24, 11) look odd (a finger tip hanging on a thumb) and are those of the
# published graph, in both recipes.
PARENT: tuple[int, ...] = (
    1, 20, 20, 2, 20, 4, 5, 6, 20, 8, 9, 10, 0, 12, 13, 14, 0, 16, 17, 18, 20, 22, 7, 24, 11,
)  # fmt: skip
BONES: tuple[tuple[int, int], ...] = tuple((j, p) for j, p in enumerate(PARENT) if j != p)

MIRROR_PAIRS: tuple[tuple[int, int], ...] = (
    (4, 8), (5, 9), (6, 10), (7, 11), (12, 16), (13, 17), (14, 18), (15, 19), (21, 23), (22, 24),
)  # fmt: skip

# Trunk and head, left arm, right arm, left leg, right leg: the five parts of a body.
BODY_PARTS: tuple[tuple[int, ...], ...] = (
    (0, 1, 2, 3, 20), (4, 5, 6, 7, 21, 22), (8, 9, 10, 11, 23, 24), (12, 13, 14, 15), (16, 17, 18, 19),
)  # fmt: skip

# Median bone lengths of Kinect v2 bodies in metres, left and right averaged, joint to anatomical parent
# (measured on the sets described in docs/data.md). A hand tip and a thumb hang on the hand here.
ANATOMY: tuple[int, ...] = (
    -1, 0, 20, 2, 20, 4, 5, 6, 20, 8, 9, 10, 0, 12, 13, 14, 0, 16, 17, 18, 1, 7, 7, 11, 11,
)  # fmt: skip
ANATOMY_ORDER: tuple[int, ...] = (
    0, 1, 20, 2, 3, 4, 5, 6, 7, 21, 22, 8, 9, 10, 11, 23, 24, 12, 13, 14, 15, 16, 17, 18, 19,
)  # fmt: skip
KINECT_BONE_LENGTHS: tuple[float, ...] = (
    0.0, 0.286, 0.068, 0.136, 0.175, 0.243, 0.227, 0.068, 0.175, 0.243, 0.227, 0.068, 0.086, 0.364, 0.354,
    0.111, 0.086, 0.364, 0.354, 0.111, 0.209, 0.075, 0.052, 0.075, 0.052,
)  # fmt: skip


def hops_to_centre() -> list[int]:
    """Number of bones between each joint and SpineShoulder."""
    neighbours: list[list[int]] = [[] for _ in range(NUM_JOINTS)]
    for child, parent in BONES:
        neighbours[child].append(parent)
        neighbours[parent].append(child)
    hops, todo = {SPINE_SHOULDER: 0}, deque([SPINE_SHOULDER])
    while todo:
        joint = todo.popleft()
        for other in neighbours[joint]:
            if other not in hops:
                hops[other] = hops[joint] + 1
                todo.append(other)
    return [hops[joint] for joint in range(NUM_JOINTS)]


def spatial_partition(recipe: str) -> NDArray[np.float32]:
    """Column-normalised adjacency, split by distance to the body's centre.

    Args:
        recipe: ``"fixed"`` compares true hop distances, so the parts are self / towards the centre / away
            from it with 25 / 24 / 24 entries. ``"faithful"`` repeats the published code, which cuts the
            distances at one hop: 20 of 25 joints are "infinitely" far, their neighbours count as equally
            far, and the sizes are 25 / 40 / 8.

    Returns:
        float32 (3, V, V); entry [p, v, w] is the weight with which joint v reaches joint w in part p.

    Source:
        Yan, Xiong, Lin, "Spatial Temporal Graph Convolutional Networks", AAAI 2018, section 3.3.
    """
    hops: list[float] = list(map(float, hops_to_centre()))
    if recipe == "faithful":
        hops = [h if h <= 1 else float("inf") for h in hops]
    linked = np.eye(NUM_JOINTS)
    for child, parent in BONES:
        linked[child, parent] = linked[parent, child] = 1
    normalised = linked / linked.sum(axis=0)
    parts = np.zeros((3, NUM_JOINTS, NUM_JOINTS), dtype=np.float32)
    for v, w in zip(*np.nonzero(linked), strict=True):
        part = 0 if v == w else 2 if hops[v] < hops[w] else 1
        parts[part, v, w] = normalised[v, w]
    return parts
