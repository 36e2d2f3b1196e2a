"""How somebody reaches an API server, as a file that kubectl, helm and Terraform read."""

from __future__ import annotations

import json
from pathlib import Path

CONTEXT = "inferloop-sandbox"


def kubeconfig(server: str, authority: Path, certificate: Path, key: Path) -> str:
    """Return a kubeconfig of one user; JSON, which is YAML."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": CONTEXT,
        "clusters": [{"name": CONTEXT, "cluster": {"server": server, "certificate-authority": str(authority)}}],
        "users": [{"name": CONTEXT, "user": {"client-certificate": str(certificate), "client-key": str(key)}}],
        "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": CONTEXT}}],
    }
    return json.dumps(document, indent=2) + "\n"
