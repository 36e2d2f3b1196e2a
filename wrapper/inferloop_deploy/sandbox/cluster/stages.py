"""What kwok does with pods and volumes: its own stages, and two things that they lack."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from inferloop_deploy.programs import ProgramMissing

HELM_TEST = """\
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata:
  name: helm-test-complete
spec:
  resourceRef:
    apiGroup: v1
    kind: Pod
  selector:
    matchExpressions:
      - {key: .metadata.deletionTimestamp, operator: DoesNotExist}
      - {key: .status.phase, operator: In, values: [Running]}
      - {key: '.metadata.annotations["helm.sh/hook"]', operator: Exists}
      - {key: '.metadata.ownerReferences', operator: DoesNotExist}
  next:
    statusTemplate: |
      phase: Succeeded
"""
"""A pod that is a hook of a release, as `helm test` runs it, ends well. kwok's own stage ends those of jobs only.

That a test passes here says that it was scheduled and let in, and nothing about the application.
"""
ONE_CLASS = "self.spec.storageClassName == 'kwok-volume'"
WHAT_IS_ASKED_FOR = (
    "has(self.metadata.annotations) && 'volume.kubernetes.io/storage-provisioner' in self.metadata.annotations"
)
"""How any provisioner outside Kubernetes is asked for a volume, after the class was found and, where the class waits
for it, a node was chosen. A claim of a class that does not exist stays pending, as on every cluster.
"""


def stages(folder: Path) -> str:
    """Return the stages from kwok's own in `folder`; raises ProgramMissing where they are not there."""
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise ProgramMissing(f"kwok's stages are not in {folder}.", "Fetch what is pinned, once: make cluster-tools")
    return join([provisioned_by_request(path.read_text(encoding="utf-8")) for path in files] + [HELM_TEST])


def provisioned_by_request(stage: str) -> str:
    """Return a stage that provisions volumes whenever one is asked for; kwok's own does for one name of a class."""
    return stage.replace(ONE_CLASS, WHAT_IS_ASKED_FOR)


def join(documents: Sequence[str]) -> str:
    """Return YAML documents as one text."""
    return "---\n".join(document.rstrip("\n") + "\n" for document in documents)
