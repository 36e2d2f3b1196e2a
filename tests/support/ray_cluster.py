"""Make parts on a Ray cluster of two nodes on this machine; run by test_ray.py with Ray on the path.

Usage: ray_cluster.py PREPARED DESTINATION [kill], and as JSON on stdout: the receipts, and how many nodes worked. With `kill`, one
worker process is killed once the first part is there.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import ray
from ray.cluster_utils import Cluster

from inferloop_synthetic.executors.ray import OnRay
from inferloop_synthetic.pipeline.destination import LocalDestination
from inferloop_synthetic.pipeline.parts import PartReceipt, plan_parts
from inferloop_synthetic.pipeline.prepare import open_prepared


class Noting(LocalDestination):
    """A folder that notes beside each part which process of which node began to write it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.notes = folder.with_name(f"{folder.name} notes")

    def write(self, name: str, chunks: Iterable[bytes]) -> tuple[int, str]:
        if name.startswith("part-"):
            self.notes.mkdir(exist_ok=True)
            node = ray.get_runtime_context().get_node_id()
            (self.notes / f"{name} {os.getpid()}").write_text(node)
        return super().write(name, chunks)

    def workers(self) -> list[tuple[int, str]]:
        """Return the process and the node of each beginning."""
        return [(int(note.name.split()[1]), note.read_text()) for note in sorted(self.notes.iterdir())]


def main() -> None:
    """Start the cluster, make the parts, and stop it."""
    folder, place, *more = sys.argv[1:]
    prepared = open_prepared(Path(folder))
    destination = Noting(Path(place))
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    cluster.add_node(num_cpus=1)
    killed: list[int] = []

    def on_part(receipt: PartReceipt) -> None:
        if more == ["kill"] and not killed:
            process = destination.workers()[-1][0]
            os.kill(process, signal.SIGKILL)
            killed.append(process)

    try:
        ray.init(address=cluster.address, log_to_driver=False)
        cluster.wait_for_nodes()
        parts = plan_parts(prepared.spec)
        receipts = OnRay().run(prepared, parts, destination, on_part=on_part, cancelled=lambda: False)
        nodes = {node for _, node in destination.workers()}
        print(json.dumps({"receipts": [asdict(r) for r in receipts], "nodes": len(nodes), "killed": len(killed)}))
    finally:
        ray.shutdown()
        cluster.shutdown()


if __name__ == "__main__":
    main()
