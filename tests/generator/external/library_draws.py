"""Let SDV or CTGAN itself learn a frame and draw from it, in its own environment, for comparison.

Arguments: the folder of the package `child`, a request as JSON, an .npz of the frame, rows to draw, and where to write them. What a
worker would answer goes there as well: `answer.json` and `answer.npz`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np


def main(folder: str, request: str, frame: str, rows: str, output: str) -> None:
    """Write the rows that the library draws."""
    sys.path.insert(0, folder)
    from child import learn  # type: ignore[import-not-found,unused-ignore]

    asked = json.loads(request)
    caught = {}
    for name in ("_generator", "_decoder", "_fitted"):
        export = getattr(learn, name)

        def keep(*arguments: object, export: object = export, name: str = name) -> object:
            found = export(*arguments)  # type: ignore[operator]
            caught[name] = arguments[0] if name != "_fitted" else found
            return found

        setattr(learn, name, keep)
    with np.load(frame) as arrays:
        header, answer = learn.learn(asked, dict(arrays), lambda done, total: None)
    Path(output, "answer.json").write_text(json.dumps(header), "utf-8")
    np.savez(Path(output, "answer.npz"), **answer)
    if "_fitted" in caught:
        drawn = caught["_fitted"].sample(int(rows))
        drawn = drawn["table"] if isinstance(drawn, dict) else drawn
    else:
        drawn = caught["_generator"].sample(int(rows))
    columns = {n: drawn[n].to_numpy(float) for n in asked["numbers"]}
    columns |= {n: np.array([int(v[1:]) for v in drawn[n]]) for n in asked["categories"]}
    np.savez(Path(output, "drawn.npz"), **columns)


if __name__ == "__main__":
    main(*sys.argv[1:])
