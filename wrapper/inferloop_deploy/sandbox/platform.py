"""The platform as the sandbox has it: what moto made, with the local control plane in the place of its cluster."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from inferloop_deploy.config.effective import EffectiveConfig
from inferloop_deploy.config.environment import Environment
from inferloop_deploy.render import CLUSTER_FILE, render_services
from inferloop_deploy.render.write import replace_file


def rehearsed_platform(platform: Mapping[str, Any], kubeconfig: Path, version: str) -> dict[str, Any]:
    """Return a platform whose cluster is the one that a kubeconfig of the sandbox leads to.

    Name and node pools stay as the first stage told them; moto's cluster has an address that nothing answers at.
    """
    document = json.loads(kubeconfig.read_text(encoding="utf-8"))
    cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
    authority = Path(cluster["certificate-authority"]).read_bytes()
    there = {
        "endpoint": cluster["server"],
        "ca_certificate": base64.b64encode(authority).decode("ascii"),
        "version": version,
        "auth": {
            "kind": "client-certificate",
            "certificate_file": user["client-certificate"],
            "key_file": user["client-key"],
        },
    }
    return {**platform, "cluster": {**platform["cluster"], **there}}


def rehearsed_config(config: EffectiveConfig) -> EffectiveConfig:
    """Return a configuration whose cluster brings all that runs beside the services: no chart can be pulled here."""
    environment = config.environment.config
    services = environment.spec.cluster_services.model_copy(update={"managed": False})
    spec = environment.spec.model_copy(update={"cluster_services": services})
    changed: Environment = environment.model_copy(update={"spec": spec})
    return replace(config, environment=replace(config.environment, config=changed))


def write_rehearsed(config: EffectiveConfig, folder: Path) -> None:
    """Write what the second stage is told of the cluster in the sandbox."""
    replace_file(folder / CLUSTER_FILE, render_services(rehearsed_config(config)).files[CLUSTER_FILE])
