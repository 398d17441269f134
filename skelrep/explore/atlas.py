"""`atlas`: clips in, one page out."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..atomic import atomic_write
from ..clips import Clip
from ..embed import encode
from ..errors import OutputError, ShapeError
from ..index.neighbours import nearest_others
from ..index.rows import row_scales, unit_rows
from ..models import SkeletonEncoder
from ..models.encoder import Devices
from ..pretrained import load_pretrained
from ..viz.reduce import principal_components
from .clusters import cluster
from .motion import sample_motion
from .options import MapOptions
from .pack import pack_motions
from .page import render_page
from .payload import Contents, payload
from .project import MAX_COMPONENTS, Projection, place
from .source import CLUSTER, Field, GivenField, check_fields, gather_clips, in_order

PROJECTION_NAMES = {"tsne": "PCA, then t-SNE", "pca": "PCA"}


@dataclass(frozen=True, kw_only=True)
class AtlasFile:
    """What `atlas` wrote.

    Attributes:
        path: the page.
        clips: how many it shows.
        num_bytes: its size.
        motion_bytes: how much of that are motions.
        projection: ``"tsne"`` or ``"pca"``.
        fields: what it can be coloured by.
    """

    path: Path
    clips: int
    num_bytes: int
    motion_bytes: int
    projection: str
    fields: tuple[str, ...]


def atlas(
    clips: object,
    output_file: str | os.PathLike[str],
    *,
    model: str | SkeletonEncoder = "default",
    vectors: ArrayLike | None = None,
    fields: Mapping[str, GivenField] | None = None,
    title: str | None = None,
    projection: Projection = "auto",
    num_clusters: int | None = None,
    top_k: int = 12,
    seed: int = 0,
    batch_size: int = 64,
    device: Devices = None,
    progress: bool | None = None,
) -> AtlasFile:
    """Write a page on which all clips can be looked at: a map of their vectors, their movements, neighbours.

    The page holds everything it needs and opens from the disk. The same arguments write the same bytes.

    Args:
        clips: anything `encode` takes; with a file or folder the page knows more about them (see
            `docs/atlas.md`).
        output_file: ends in ``.html``.
        model: a `SkeletonEncoder`, or a name for `load_pretrained`.
        vectors: (N, D) to use instead of the model's, one row a clip.
        fields: what else the map can be coloured by, such as ``{"age": [31, 42]}``: one value a clip, None
            where not known; or values by the names of clips, ``{"age": {"walk_01": 31}}``.
        title: of the page; by default the name of the file or folder.
        projection: ``"tsne"`` (needs the extra ``eval``), ``"pca"``, or ``"auto"``: t-SNE where it can be.
        num_clusters: groups for the field ``cluster``; by default as many as suit the number of clips.
        top_k: neighbours kept of every clip, by cosine, exact.
        seed: of t-SNE and the clusters.
        batch_size, device, progress: as in `encode`.

    Returns:
        Where the page is, and what it holds.

    Raises:
        ConfigError: an impossible option, or a field without one value a clip.
        ShapeError, InvalidClipError: no clips, a clip that cannot be used, or vectors that are not (N, D).
        VectorsError: vectors of numbers that float32 cannot multiply.
        MissingDependencyError: t-SNE without scikit-learn.
        OutputError: the page cannot be written.

    Example:
        >>> import skelrep, tempfile
        >>> from skelrep.demo.archive import ARCHIVE
        >>> model = SkeletonEncoder(skelrep.ModelConfig())
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     page = skelrep.atlas(ARCHIVE, folder + "/atlas.html", model=model, projection="pca")
        >>> page.clips, page.fields
        (30, ('label', 'cluster', 'subject'))
    """
    target = check_target(output_file)
    options = MapOptions(projection=projection, num_clusters=num_clusters, top_k=top_k, seed=seed)
    encoder = load_pretrained(model) if isinstance(model, str) and vectors is None else model
    recipe = encoder.config.preprocess.recipe_name if isinstance(encoder, SkeletonEncoder) else "fixed"
    items, found = gather_clips(clips, recipe)
    if not len(items):
        raise ShapeError("clips holds no clips; an atlas shows at least one.")
    known = found | check_fields(fields or {}, [clip.name for clip in items])
    if vectors is None:
        vectors = np.asarray(encode(items, encoder, batch_size=batch_size, device=device, progress=progress))
    rows = check_vectors(vectors, len(items))
    contents = make_contents(items, rows, known, title_of(clips, title), options)
    page = render_page(payload(contents), contents.motions.shelves).encode()
    with atomic_write(target) as file:
        file.write(page)
    return AtlasFile(
        path=target,
        clips=len(items),
        num_bytes=len(page),
        motion_bytes=sum(-(-len(shelf) // 3) * 4 for shelf in contents.motions.shelves),
        projection=options.projection_of(len(items)),
        fields=tuple(contents.fields),
    )


def make_contents(
    clips: Sequence[Clip],
    vectors_ND: NDArray[np.float32],
    fields: Mapping[str, Field],
    title: str,
    options: MapOptions,
) -> Contents:
    """Everything that the page shows."""
    unit_ND = unit_rows(vectors_ND, row_scales(vectors_ND))
    reduced_NK = principal_components(unit_ND, MAX_COMPONENTS)
    projection = options.projection_of(len(clips))
    places_N2 = place(reduced_NK, projection, options.seed)
    groups = cluster(reduced_NK, options.clusters_of(len(clips)), options.seed)
    cosines, neighbours = nearest_others(vectors_ND, options.top_k)
    cluster_field: dict[str, Field] = {CLUSTER: [f"cluster {group + 1}" for group in groups]}
    return Contents(
        title=title,
        map_name=PROJECTION_NAMES[projection],
        names=[clip.name or f"clip {n}" for n, clip in enumerate(clips)],
        fields=in_order(cluster_field | dict(fields)),
        places=places_N2,
        neighbours=neighbours,
        cosines=cosines,
        motions=pack_motions([sample_motion(clip) for clip in clips], places_N2),
    )


def check_target(path: str | os.PathLike[str]) -> Path:
    """The page's path.

    Raises:
        OutputError: another suffix, or a folder.
    """
    target = Path(path)
    if target.suffix.lower() not in (".html", ".htm") or target.is_dir():
        raise OutputError(f"cannot write {target}: expected the name of a file that ends in .html.")
    return target


def check_vectors(vectors: ArrayLike, count: int) -> NDArray[np.float32]:
    """Vectors that a person or a model gives, as float32 (N, D).

    Raises:
        ShapeError: other axes, another number of rows, no numbers, NaN or infinity.

    Example:
        >>> check_vectors([[1, 0], [0, 1]], 2).dtype
        dtype('float32')
    """
    rows = np.asarray(vectors)
    if rows.ndim != 2 or len(rows) != count or not rows.shape[1] or rows.dtype.kind not in "iuf":
        raise ShapeError(
            f"vectors is {rows.dtype} {rows.shape}; expected numbers ({count}, D), a row a clip."
        )
    with np.errstate(over="ignore"):
        rows = rows.astype(np.float32)
    if not np.isfinite(rows).all():
        raise ShapeError("vectors holds NaN or infinity; leave out the clips of these rows.")
    return rows


def title_of(clips: object, title: str | None) -> str:
    """The title given, or the name of the file or folder, or the package's."""
    if title is not None:
        return title
    return Path(os.fsdecode(clips)).resolve().stem if isinstance(clips, str | os.PathLike) else "skelrep"
