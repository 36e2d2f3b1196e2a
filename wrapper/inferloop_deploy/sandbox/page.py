"""The documentation's page about the sandbox, written from the catalogue of gaps."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from inferloop_deploy.sandbox.gaps.gap import Gap

HEAD = """# The sandbox

`--sandbox` runs a command of the AWS target against [moto](https://docs.getmoto.org), a stand-in for AWS that listens
on 127.0.0.1, with the real Terraform and the real AWS provider. No account is needed, and nothing outside of the
machine is reached. The modules and the root are the very ones that AWS gets; what moto cannot do is made up for in the
sandbox's server, and listed here with what a rehearsal therefore cannot show.

This page is written by `inferloop-deploy sandbox gaps --output markdown`.
"""

CLUSTER = """## The cluster

The second stage is rehearsed on a Kubernetes control plane of real programs on 127.0.0.1, one for each environment,
which `make cluster-tools` builds. Everything that is released goes through its API server: definitions, quotas,
policies and rights are real. What is not:

| What | In the sandbox | What a rehearsal cannot show |
|---|---|---|
"""
CLUSTER_GAPS = (
    (
        "Address and login",
        "The output `platform` gets the control plane's address and a client certificate in the place of EKS' own.",
        "That people and pipelines can log in to the cluster.",
    ),
    (
        "Nodes",
        (
            "Those of the node pools, with their labels, taints and GPUs, are made up by kwok: pods are placed, called "
            "running, and never run."
        ),
        "That an image starts, answers and passes its probes.",
    ),
    (
        "What runs beside the services",
        "`spec.clusterServices.managed` is false: charts of others cannot be pulled here. Their kinds are known.",
        "Argo CD, the mesh, the gateway, secrets that are fetched, metrics and certificates at work.",
    ),
    (
        "KongPlugin, KongConsumer",
        "Taken in with any fields, because their definitions are published nowhere that a closed network reaches.",
        "That their fields are right.",
    ),
)


def page(gaps: Sequence[Gap]) -> str:
    """Return the page in Markdown: a section for each AWS service, a table row for each gap."""
    parts = [HEAD]
    for service, members in groupby(sorted(gaps, key=lambda gap: (gap.service, gap.id)), key=lambda gap: gap.service):
        rows = [
            f"| `{gap.id}` | {_cell(gap.stock)} | {_cell(gap.remedy)} | {_cell(gap.reason)} | {_cell(gap.hides)} |"
            for gap in members
        ]
        parts.append(
            "\n".join(
                [
                    f"## {service}",
                    "",
                    "| Gap | Moto by itself | The sandbox | Why it is needed | What a rehearsal cannot show |",
                    "|---|---|---|---|---|",
                    *rows,
                    "",
                ]
            )
        )
    table = "".join(f"| {' | '.join(map(_cell, row))} |\n" for row in CLUSTER_GAPS)
    return "\n".join([*parts, CLUSTER + table])


def as_json(gap: Gap) -> dict[str, str]:
    """Return a gap as `--output json` prints it."""
    return {
        "id": gap.id,
        "service": gap.service,
        "stock": gap.stock,
        "remedy": gap.remedy,
        "reason": gap.reason,
        "hides": gap.hides,
    }


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
