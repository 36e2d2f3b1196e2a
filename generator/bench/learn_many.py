"""Let SDV and CTGAN learn one table after another, each in a fork of a process that has loaded the libraries already.

Run by bench/advise.py with the engines' own Python. Argument: the folder of the package `child`. Each line on standard input is a
request with the files of its arrays and its answer; each line on standard output says that one is done.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time

import numpy as np


def main(folder: str) -> None:
    """Answer requests until there are no more."""
    sys.path.insert(0, folder)
    import ctgan  # noqa: F401
    import sdv.single_table  # noqa: F401
    from child import learn

    loading = time.process_time()
    print("ready", flush=True)
    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if child == 0:
            with np.load(job["arrays"]) as arrays:
                header, answer = learn.learn(job["request"], dict(arrays), lambda done, total: None)
            header["processor_seconds"] = loading + time.process_time()
            header["peak_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            np.savez(job["answer"], **answer)
            with open(job["header"], "w", encoding="utf-8") as file:
                json.dump(header, file)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print("done" if status == 0 else f"failed {status}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
