"""`ray-job`: print the Kubernetes object that runs a generation on a Ray cluster of its own."""

from __future__ import annotations

import hashlib
from typing import Annotated

import typer
import yaml

from inferloop_synthetic.errors import InputError
from inferloop_synthetic.executors.manifests import Pod, job_name, ray_job


def ray_job_command(
    arguments: Annotated[list[str], typer.Argument(help="After --: generate and its arguments.")],
    image: Annotated[str, typer.Option(help="Container image with the extras [ray] and [objects].")],
    ray_version: Annotated[str, typer.Option(help="The version of Ray in the image.")],
    workers: Annotated[int, typer.Option(min=1, help="Pods that make parts.")] = 4,
    namespace: Annotated[str, typer.Option()] = "default",
    cpu: Annotated[str, typer.Option(help="Of each pod.")] = "2",
    memory: Annotated[str, typer.Option(help="Of each pod.")] = "4Gi",
    service_account: Annotated[str | None, typer.Option(help="The identity that object storage knows.")] = None,
    secret: Annotated[
        str | None, typer.Option(help="Secret whose keys become variables, AWS_ACCESS_KEY_ID for instance.")
    ] = None,
) -> None:
    """Print a RayJob (KubeRay) that runs `generate` on a Ray cluster made for it, for `kubectl apply -f -`.

    Example: inferloop-synthetic ray-job --image IMAGE --ray-version 2.51.0 -- generate s3://in/t.csv --rows 1000000 -o s3://out/t/
    """
    if arguments[0] != "generate":
        raise InputError("ray-job: give `generate` and its arguments after --")
    pod = Pod(image, cpu=cpu, memory=memory, service_account=service_account, secrets=() if secret is None else (secret,))
    name = job_name("generate", hashlib.sha256(" ".join(arguments).encode()).hexdigest())
    typer.echo(yaml.safe_dump(ray_job(name, namespace, pod, arguments, workers, ray_version), sort_keys=False), nl=False)
