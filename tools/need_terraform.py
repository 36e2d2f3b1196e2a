"""Make sure that there is a terraform that is new enough; with arguments, run it with them.

`make` asks this before every target that needs terraform, so that a missing one is explained before anything starts.
"""

import os
import sys
from pathlib import Path

from inferloop_deploy.errors import InferloopError
from inferloop_deploy.terraform import check_version, find_terraform

ROOT = Path(__file__).resolve().parent.parent


def main(arguments: list[str]) -> int:
    """Find terraform and run it with the arguments, or explain what is missing."""
    try:
        program = find_terraform(ROOT, os.environ)
        check_version(program, os.environ)
    except InferloopError as problem:
        print(problem, file=sys.stderr)
        return problem.exit_code
    if arguments:
        os.execve(program, [str(program), *arguments], {**os.environ, "CHECKPOINT_DISABLE": "1"})
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
