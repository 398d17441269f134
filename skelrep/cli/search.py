"""`skelrep search`: the clips of an index that move most like the ones given."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .cells import as_csv
from .console import say
from .options import (
    Subparsers,
    add_clips,
    add_device,
    add_table_file,
    check_output_file,
    path,
    pick_device,
    positive,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..index import Index


def add_parser(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "search",
        parents=[common],
        allow_abbrev=False,
        help="find the clips nearest to yours",
        description="Print, as CSV, the clips of an index whose vectors are nearest to each clip given: "
        "query, rank, name, row and cosine.",
    )
    parser.add_argument("index", type=path, metavar="INDEX", help="a folder that skelrep index wrote")
    add_clips(parser)
    parser.add_argument(
        "-k", type=positive, default=10, help="neighbours of each clip (default: %(default)s)"
    )
    parser.add_argument(
        "--model", help="the model that the index was made with (default: by the name that the index knows)"
    )
    add_table_file(parser)
    add_device(parser)
    parser.set_defaults(run=run, after_interrupt="; nothing was written")


def run(options: argparse.Namespace) -> None:
    """Load, embed, search, tell."""
    if options.output_file is not None:
        check_output_file(options.output_file, (".csv",))
    from ..atomic import atomic_write
    from ..device import check_device
    from ..index import Index
    from ..index.embedding import embed_clips, fitting_dim, own_model

    index = Index.load(options.index)
    model = own_model(index.origin, options.model).to(check_device(pick_device(options.device)))
    rows, queries = embed_clips(options.clips, model, False, fitting_dim(index.dim, model))
    text = as_table(index, queries, *index.search(rows, options.k))
    if options.output_file is None:
        say(text.rstrip("\n"))
        return
    with atomic_write(options.output_file) as file:
        file.write(text.encode(errors="backslashreplace"))  # a file's name can be no text


def as_table(
    index: Index, queries: Sequence[str], scores_QK: NDArray[np.float32], ids_QK: NDArray[np.int64]
) -> str:
    """CSV with a line for each neighbour."""
    names = index.names
    rows = (
        (query, rank, names[row], row, f"{score:.4f}")
        for query, scores, ids in zip(queries, scores_QK.tolist(), ids_QK.tolist(), strict=True)
        for rank, (score, row) in enumerate(zip(scores, ids, strict=True), start=1)
    )
    return as_csv(("query", "rank", "name", "row", "cosine"), rows)
