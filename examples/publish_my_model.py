"""Publish a model of your own on the Hugging Face Hub, load it back by its commit, and verify it.

    hf auth login
    python examples/publish_my_model.py runs/mine me/mine --license mit --data "my recordings"

The repo is private until you change that on its page.
"""

import argparse

import skelrep
from skelrep.hub import ModelCard, Result


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", help="a folder that train_crossclr or save_pretrained wrote")
    parser.add_argument("repo_id", help="owner/name")
    parser.add_argument("--license", required=True, help="such as mit, apache-2.0, cc-by-nc-4.0")
    parser.add_argument("--data", action="append", default=[], help="a data set it was trained on; repeat")
    parser.add_argument("--accuracy", type=float, help="in %%, of a linear probe on your test clips")
    options = parser.parse_args()

    model = skelrep.load_pretrained(options.model)
    card = ModelCard(
        name=options.repo_id.split("/")[-1],
        summary="An encoder of 3D skeleton clips, pretrained on our own recordings.",
        license=options.license,
        training="CrosSCLR, without labels.",
        training_data=tuple(options.data),
        results=measured(options.accuracy),
        limits="Tested on our own recordings only.",
    )
    pushed = model.push_to_hub(options.repo_id, private=True, card=card)
    print(f"pushed: {pushed.url}")

    again = skelrep.load_pretrained(options.repo_id, revision=pushed.commit_hash)
    found = skelrep.verify(again, against=options.model)
    print(f"loaded commit {again.commit_hash}: the same vectors, relative error {found.vector_error:.0e}")


def measured(accuracy: float | None) -> tuple[Result, ...]:
    """The results of the card; none where nothing was measured."""
    if accuracy is None:
        return ()
    return (Result(data="own test clips", task="linear probe", metric="accuracy", value=accuracy),)


if __name__ == "__main__":
    main()
