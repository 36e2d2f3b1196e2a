"""Gaps in Amazon EKS: moto 5.2.5 has clusters, node groups and Fargate profiles, and little of what surrounds them.

The shapes are those of the Amazon EKS API reference (https://docs.aws.amazon.com/eks/latest/APIReference/).
"""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Callable
from functools import cache
from typing import Any
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow
from moto.ec2.models import ec2_backends
from moto.eks import models, responses, urls
from moto.eks.exceptions import (
    InvalidParameterException,
    ResourceInUseException,
    ResourceNotFoundException,
)
from moto.moto_api._internal import mock_random

from .gap import Gap, Patches

Document = dict[str, Any]

DEFAULT_VERSION = "1.35"
"""The Kubernetes version that AWS takes where none is asked for, at the time of hashicorp/aws 5.100.0."""

ADDON_VERSIONS = {
    "adot": "v0.117.0-eksbuild.1",
    "amazon-cloudwatch-observability": "v4.1.0-eksbuild.1",
    "aws-ebs-csi-driver": "v1.44.0-eksbuild.1",
    "aws-efs-csi-driver": "v2.1.8-eksbuild.1",
    "aws-guardduty-agent": "v1.10.0-eksbuild.2",
    "aws-mountpoint-s3-csi-driver": "v1.14.1-eksbuild.1",
    "cert-manager": "v1.17.2-eksbuild.1",
    "coredns": "v1.12.1-eksbuild.2",
    "eks-node-monitoring-agent": "v1.3.0-eksbuild.2",
    "eks-pod-identity-agent": "v1.3.7-eksbuild.2",
    "external-dns": "v0.17.0-eksbuild.1",
    "kube-proxy": "v1.35.0-eksbuild.2",
    "kube-state-metrics": "v2.15.0-eksbuild.4",
    "metrics-server": "v0.7.2-eksbuild.3",
    "prometheus-node-exporter": "v1.9.1-eksbuild.2",
    "snapshot-controller": "v8.2.0-eksbuild.1",
    "vpc-cni": "v1.19.5-eksbuild.1",
}
"""The add-ons that the sandbox knows, with the version each gets where none is asked for."""


# -- what the parts share ----------------------------------------------------------------------------------------------


def _cluster(response: Any) -> Any:
    wanted = unquote(response._get_param("name"))
    cluster = response.eks_backend.clusters.get(wanted)
    if cluster is None:
        raise ResourceNotFoundException(clusterName=wanted, message=f"No cluster found for name: {wanted}.")
    return cluster


def _of(owner: Any, kind: str) -> dict[str, Document]:
    """The cluster's (or backend's) documents of one kind, by key; they go when moto drops the owner."""
    documents: dict[str, Document] = owner.__dict__.setdefault(f"sandbox_{kind}", {})
    return documents


def _found(owner: Any, kind: str, key: str, what: str) -> Document:
    document = _of(owner, kind).get(key)
    if document is None:
        raise ResourceNotFoundException(message=f"No {what} found for: {key}.")
    return document


def _absent(owner: Any, kind: str, key: str, what: str) -> None:
    if key in _of(owner, kind):
        raise ResourceInUseException(message=f"The specified {what} already exists: {key}.")


def _arn(response: Any, resource: str) -> str:
    backend = response.eks_backend
    return f"arn:{backend.partition}:eks:{backend.region_name}:{backend.account_id}:{resource}"


def _given(response: Any, *names: str) -> Document:
    """The parameters of the request, by name, that were given."""
    pairs = ((name, response._get_param(name)) for name in names)
    return {name: value for name, value in pairs if value is not None}


def _updated(response: Any, kind: str, parameters: Document) -> ActionResult:
    """Record a finished update, which DescribeUpdate then shows, and answer with it."""
    update: Document = {
        "id": str(mock_random.uuid4()),
        "status": "Successful",
        "type": kind,
        "params": [{"type": name[0].upper() + name[1:], "value": str(value)} for name, value in parameters.items()],
        "createdAt": utcnow(),
        "errors": [],
    }
    _of(response.eks_backend, "updates")[update["id"]] = update
    return ActionResult({"update": update})


def _paths(patches: Patches, *patterns: str) -> None:
    for pattern in patterns:
        patches.route(urls, pattern, urls.response.dispatch)


_CLUSTER = "/clusters/(?P<name>[^/]+)"


# -- clusters ----------------------------------------------------------------------------------------------------------


@cache
def _certificate_authority() -> str:
    """A real, self-signed certificate, in base64 of PEM, as DescribeCluster gives it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "kubernetes")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return base64.b64encode(certificate.public_bytes(serialization.Encoding.PEM)).decode()


def _cluster_identity(patches: Patches) -> None:
    def make(create: Callable[..., Any]) -> Callable[..., Any]:
        def create_cluster(backend: Any, **arguments: Any) -> Any:
            cluster = create(backend, **(arguments | {"version": arguments.get("version") or DEFAULT_VERSION}))
            identifier = mock_random.get_random_hex(32).upper()
            region = backend.region_name
            cluster.endpoint = f"https://{identifier}.gr7.{region}.eks.amazonaws.com"
            cluster.identity = {"oidc": {"issuer": f"https://oidc.eks.{region}.amazonaws.com/id/{identifier}"}}
            cluster.certificate_authority = {"data": _certificate_authority()}
            return cluster

        return create_cluster

    patches.replace(models.EKSBackend, "create_cluster", make)


def _cluster_network(patches: Patches) -> None:
    def make_create(create: Callable[..., Any]) -> Callable[..., Any]:
        def create_cluster(backend: Any, **arguments: Any) -> Any:
            cluster = create(backend, **arguments)
            ec2 = ec2_backends[backend.account_id][backend.region_name]
            subnets = ec2.describe_subnets(subnet_ids=cluster.resources_vpc_config["subnetIds"])
            group = ec2.create_security_group(
                f"eks-cluster-sg-{cluster.name}-{mock_random.get_random_hex(8)}",
                "EKS created security group applied to ENI that is attached to EKS Control Plane master nodes",
                vpc_id=subnets[0].vpc_id,
                tags={f"kubernetes.io/cluster/{cluster.name}": "owned"},
            )
            network = {
                "endpointPublicAccess": True,
                "endpointPrivateAccess": False,
                "publicAccessCidrs": ["0.0.0.0/0"],
                "securityGroupIds": [],
            }
            asked = {key: value for key, value in cluster.resources_vpc_config.items() if value is not None}
            made = {"vpcId": subnets[0].vpc_id, "clusterSecurityGroupId": group.id}
            cluster.resources_vpc_config = network | asked | made
            return cluster

        return create_cluster

    def make_delete(delete: Callable[..., Any]) -> Callable[..., Any]:
        def delete_cluster(backend: Any, name: str) -> Any:
            cluster = delete(backend, name=name)
            ec2 = ec2_backends[backend.account_id][backend.region_name]
            ec2.delete_security_group(group_id=cluster.resources_vpc_config["clusterSecurityGroupId"])
            return cluster

        return delete_cluster

    patches.replace(models.EKSBackend, "create_cluster", make_create)
    patches.replace(models.EKSBackend, "delete_cluster", make_delete)


def _cluster_access_config(patches: Patches) -> None:
    def make(create: Callable[..., Any]) -> Callable[..., Any]:
        def create_cluster(response: Any) -> Any:
            result = create(response)
            cluster = result.result["cluster"]
            access = response._get_param("accessConfig") or {}
            cluster.access_config = {"authenticationMode": access.get("authenticationMode") or "CONFIG_MAP"}
            cluster.upgrade_policy = response._get_param("upgradePolicy") or {"supportType": "EXTENDED"}
            for name, attribute in _FURTHER_CONFIGURATION.items():
                setattr(cluster, attribute, response._get_param(name))
            return result

        return create_cluster

    patches.replace(responses.EKSResponse, "create_cluster", make)


_FURTHER_CONFIGURATION = {
    "zonalShiftConfig": "zonal_shift_config",
    "computeConfig": "compute_config",
    "storageConfig": "storage_config",
}


def _cluster_updates(patches: Patches) -> None:
    """Answer configuration and version changes with an update, as AWS does, and keep what was not changed."""

    def make(_: Callable[..., Any]) -> Callable[..., Any]:
        def update_cluster_config(response: Any) -> ActionResult:
            cluster = _cluster(response)
            network = response._get_param("resourcesVpcConfig")
            if network:
                cluster.resources_vpc_config = cluster.resources_vpc_config | network
                return _updated(response, "EndpointAccessUpdate", network)
            logging = response._get_param("logging")
            if logging:
                cluster.logging = logging
                return _updated(response, "LoggingUpdate", {"clusterLogging": logging["clusterLogging"]})
            access = response._get_param("accessConfig")
            if access:
                cluster.access_config = access
                return _updated(response, "AccessConfigUpdate", access)
            policy = response._get_param("upgradePolicy")
            if policy:
                cluster.upgrade_policy = policy
                return _updated(response, "UpgradePolicyUpdate", policy)
            for name, attribute in _FURTHER_CONFIGURATION.items():
                value = response._get_param(name)
                if value:
                    setattr(cluster, attribute, value)
            return _updated(response, "ConfigUpdate", {})

        return update_cluster_config

    patches.replace(responses.EKSResponse, "update_cluster_config", make)
    patches.methods(responses.EKSResponse, _Updates)
    _paths(patches, f"{_CLUSTER}/updates$", f"{_CLUSTER}/updates/(?P<updateId>[^/]+)$")
    _paths(patches, f"{_CLUSTER}/encryption-config/associate$")


class _Updates:
    def update_cluster_version(self: Any) -> ActionResult:
        cluster = _cluster(self)
        version = self._get_param("version")
        old, new = ([int(part) for part in text.split(".")] for text in (cluster.version, version))
        if new[0] != old[0] or not 0 < new[1] - old[1] <= 1:
            raise InvalidParameterException(
                clusterName=cluster.name,
                message=f"Unsupported Kubernetes minor version update from {cluster.version} to {version}",
            )
        cluster.version = version
        return _updated(self, "VersionUpdate", {"version": version})

    def associate_encryption_config(self: Any) -> ActionResult:
        cluster = _cluster(self)
        cluster.encryption_config = self._get_param("encryptionConfig")
        return _updated(self, "AssociateEncryptionConfig", {"encryptionConfig": cluster.encryption_config})

    def describe_update(self: Any) -> ActionResult:
        _cluster(self)
        return ActionResult({"update": _found(self.eks_backend, "updates", self._get_param("updateId"), "update")})

    def list_updates(self: Any) -> ActionResult:
        _cluster(self)
        return ActionResult({"updateIds": list(_of(self.eks_backend, "updates"))})


# -- node groups -------------------------------------------------------------------------------------------------------


def _nodegroup_defaults(patches: Patches) -> None:
    def make(create: Callable[..., Any]) -> Callable[..., Any]:
        def create_nodegroup(response: Any) -> Any:
            result = create(response)
            group = result.result["nodegroup"]
            template = response._get_param("launchTemplate")
            cluster = _cluster(response)
            group.remote_access = response._get_param("remoteAccess")
            if not group.remote_access:
                group.resources = {key: value for key, value in group.resources.items() if "SecurityGroup" not in key}
            group.update_config = response._get_param("updateConfig") or {"maxUnavailable": 1}
            group.node_repair_config = response._get_param("nodeRepairConfig")
            group.version = response._get_param("version") or cluster.version
            group.release_version = response._get_param("releaseVersion") or f"{group.version}.0-20250601"
            if template:
                group.disk_size = None
                group.instance_types = response._get_param("instanceTypes")
            if not response._get_param("amiType") and not _has_image(response, template):
                group.ami_type = "AL2023_x86_64_STANDARD"
            return result

        return create_nodegroup

    patches.replace(responses.EKSResponse, "create_nodegroup", make)


def _has_image(response: Any, template: Document | None) -> bool:
    """Whether the launch template names an image of its own, where AWS answers with the type CUSTOM."""
    if not template:
        return False
    backend = response.eks_backend
    ec2 = ec2_backends[backend.account_id][backend.region_name]
    found = ec2.describe_launch_templates(template_ids=[template["id"]])[0]
    return bool(found.default_version().data.get("ImageId"))


def _nodegroup_updates(patches: Patches) -> None:
    def make(update: Callable[..., Any]) -> Callable[..., Any]:
        def update_nodegroup_config(response: Any) -> Any:
            result = update(response)
            made = result.result["update"]
            _of(response.eks_backend, "updates")[made["id"]] = made
            return result

        return update_nodegroup_config

    patches.replace(responses.EKSResponse, "update_nodegroup_config", make)
    patches.methods(responses.EKSResponse, _NodegroupVersion)
    _paths(patches, f"{_CLUSTER}/node-groups/(?P<nodegroupName>[^/]+)/update-version$")


class _NodegroupVersion:
    def update_nodegroup_version(self: Any) -> ActionResult:
        cluster = _cluster(self)
        group = self.eks_backend.describe_nodegroup(cluster.name, unquote(self._get_param("nodegroupName")))
        asked = _given(self, "version", "releaseVersion", "launchTemplate")
        group.version = asked.get("version", cluster.version if not asked else group.version)
        if "launchTemplate" in asked:
            group.launch_template = group.launch_template | asked["launchTemplate"]
        group.release_version = asked.get("releaseVersion") or f"{group.version}.0-20250601"
        return _updated(self, "VersionUpdate", asked)


# -- access entries ----------------------------------------------------------------------------------------------------


def _access_entries(patches: Patches) -> None:
    patches.methods(responses.EKSResponse, _AccessEntries)
    entry = f"{_CLUSTER}/access-entries/(?P<principalArn>arn:[^/]+/.+?)"
    _paths(
        patches,
        f"{_CLUSTER}/access-entries$",
        f"{entry}/access-policies/(?P<policyArn>.+)$",
        f"{entry}/access-policies$",
        f"{entry}$",
    )


class _AccessEntries:
    def create_access_entry(self: Any) -> ActionResult:
        cluster = _cluster(self)
        if cluster.access_config["authenticationMode"] == "CONFIG_MAP":
            raise InvalidParameterException(
                clusterName=cluster.name,
                message="The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] "
                "to perform this operation.",
            )
        principal = self._get_param("principalArn")
        _absent(cluster, "access_entries", principal, "access entry resource")
        kind, _, name = principal.split(":")[5].partition("/")
        account = principal.split(":")[4]
        entry = {
            "clusterName": cluster.name,
            "principalArn": principal,
            "kubernetesGroups": self._get_param("kubernetesGroups") or [],
            "accessEntryArn": _arn(self, f"access-entry/{cluster.name}/{kind}/{account}/{name}/{mock_random.uuid4()}"),
            "createdAt": utcnow(),
            "modifiedAt": utcnow(),
            "tags": self._get_param("tags") or {},
            "username": self._get_param("username") or principal,
            "type": self._get_param("type") or "STANDARD",
        }
        _of(cluster, "access_entries")[principal] = entry
        return ActionResult({"accessEntry": entry})

    def describe_access_entry(self: Any) -> ActionResult:
        return ActionResult({"accessEntry": _access_entry(self)})

    def list_access_entries(self: Any) -> ActionResult:
        return ActionResult({"accessEntries": sorted(_of(_cluster(self), "access_entries"))})

    def update_access_entry(self: Any) -> ActionResult:
        entry = _access_entry(self)
        entry.update(_given(self, "kubernetesGroups", "username"), modifiedAt=utcnow())
        return ActionResult({"accessEntry": entry})

    def delete_access_entry(self: Any) -> ActionResult:
        entry = _access_entry(self)
        cluster = _cluster(self)
        del _of(cluster, "access_entries")[entry["principalArn"]]
        _of(cluster, "access_policies").pop(entry["principalArn"], None)
        return EmptyResult()

    def associate_access_policy(self: Any) -> ActionResult:
        entry = _access_entry(self)
        policy = self._get_param("policyArn")
        if ":eks::aws:cluster-access-policy/" not in policy:
            raise InvalidParameterException(message=f"The policyArn parameter format is not valid: {policy}")
        association = {
            "policyArn": policy,
            "accessScope": {"namespaces": []} | self._get_param("accessScope"),
            "associatedAt": utcnow(),
            "modifiedAt": utcnow(),
        }
        _of(_cluster(self), "access_policies").setdefault(entry["principalArn"], {})[policy] = association
        return ActionResult(_named(entry, associatedAccessPolicy=association))

    def list_associated_access_policies(self: Any) -> ActionResult:
        entry = _access_entry(self)
        policies = _of(_cluster(self), "access_policies").get(entry["principalArn"], {})
        return ActionResult(_named(entry, associatedAccessPolicies=list(policies.values())))

    def disassociate_access_policy(self: Any) -> ActionResult:
        entry = _access_entry(self)
        policy = unquote(self._get_param("policyArn"))
        policies = _of(_cluster(self), "access_policies").get(entry["principalArn"], {})
        if policies.pop(policy, None) is None:
            raise ResourceNotFoundException(message=f"The policy {policy} is not associated.")
        return EmptyResult()


def _access_entry(response: Any) -> Document:
    principal = unquote(response._get_param("principalArn"))
    return _found(_cluster(response), "access_entries", principal, "access entry resource")


def _named(entry: Document, **more: Any) -> Document:
    return {"clusterName": entry["clusterName"], "principalArn": entry["principalArn"]} | more


# -- add-ons and pod identities ----------------------------------------------------------------------------------------


def _addons(patches: Patches) -> None:
    patches.methods(responses.EKSResponse, _Addons)
    addon = f"{_CLUSTER}/addons/(?P<addonName>[^/]+)"
    _paths(patches, f"{_CLUSTER}/addons$", f"{addon}$", f"{addon}/update$", "/addons/supported-versions$")


class _Addons:
    def create_addon(self: Any) -> ActionResult:
        cluster = _cluster(self)
        name = self._get_param("addonName")
        if name not in ADDON_VERSIONS:
            raise InvalidParameterException(
                clusterName=cluster.name, addonName=name, message=f"Addon {name} specified is not supported"
            )
        _absent(cluster, "addons", name, "add-on")
        addon = {
            "addonName": name,
            "clusterName": cluster.name,
            "status": "ACTIVE",
            "addonVersion": ADDON_VERSIONS[name],
            "health": {"issues": []},
            "addonArn": _arn(self, f"addon/{cluster.name}/{name}/{mock_random.uuid4()}"),
            "createdAt": utcnow(),
            "modifiedAt": utcnow(),
            "tags": self._get_param("tags") or {},
            "podIdentityAssociations": _addon_identities(self, cluster, name),
        } | _given(self, "addonVersion", "serviceAccountRoleArn", "configurationValues")
        _of(cluster, "addons")[name] = addon
        return ActionResult({"addon": addon})

    def describe_addon(self: Any) -> ActionResult:
        return ActionResult({"addon": _addon(self)})

    def list_addons(self: Any) -> ActionResult:
        return ActionResult({"addons": sorted(_of(_cluster(self), "addons"))})

    def update_addon(self: Any) -> ActionResult:
        cluster = _cluster(self)
        addon = _addon(self)
        changes = _given(self, "addonVersion", "serviceAccountRoleArn", "configurationValues")
        addon.update(changes, modifiedAt=utcnow())
        if self._get_param("podIdentityAssociations") is not None:
            _drop_identities(cluster, addon["podIdentityAssociations"])
            addon["podIdentityAssociations"] = _addon_identities(self, cluster, addon["addonName"])
        return _updated(self, "AddonUpdate", changes)

    def delete_addon(self: Any) -> ActionResult:
        cluster = _cluster(self)
        addon = _addon(self)
        _drop_identities(cluster, addon["podIdentityAssociations"])
        del _of(cluster, "addons")[addon["addonName"]]
        return ActionResult({"addon": addon})

    def describe_addon_versions(self: Any) -> ActionResult:
        wanted = self._get_param("addonName")
        cluster_version = self._get_param("kubernetesVersion") or DEFAULT_VERSION
        known = {name: version for name, version in ADDON_VERSIONS.items() if wanted in (None, name)}
        return ActionResult({"addons": [_supported(name, version, cluster_version) for name, version in known.items()]})


def _addon(response: Any) -> Document:
    return _found(_cluster(response), "addons", unquote(response._get_param("addonName")), "addon")


def _supported(name: str, version: str, cluster_version: str) -> Document:
    compatible = {"clusterVersion": cluster_version, "platformVersions": ["*"], "defaultVersion": True}
    offered = {"addonVersion": version, "architecture": ["amd64", "arm64"], "compatibilities": [compatible]}
    return {"addonName": name, "owner": "aws", "publisher": "eks", "addonVersions": [offered]}


def _addon_identities(response: Any, cluster: Any, addon: str) -> list[str]:
    """Make the pod identity associations that an add-on asks for; they belong to it."""
    owner = _arn(response, f"addon/{cluster.name}/{addon}")
    asked = response._get_param("podIdentityAssociations") or []
    return [
        _associate(response, cluster, "kube-system", one["serviceAccount"], one["roleArn"], ownerArn=owner)[
            "associationArn"
        ]
        for one in asked
    ]


def _drop_identities(cluster: Any, arns: list[str]) -> None:
    kept = {key: one for key, one in _of(cluster, "identities").items() if one["associationArn"] not in arns}
    _of(cluster, "identities").clear()
    _of(cluster, "identities").update(kept)


def _pod_identities(patches: Patches) -> None:
    patches.methods(responses.EKSResponse, _PodIdentities)
    _paths(
        patches,
        f"{_CLUSTER}/pod-identity-associations$",
        f"{_CLUSTER}/pod-identity-associations/(?P<associationId>[^/]+)$",
    )


class _PodIdentities:
    def create_pod_identity_association(self: Any) -> ActionResult:
        asked = _given(self, "namespace", "serviceAccount", "roleArn")
        more = _given(self, "tags", "disableSessionTags", "targetRoleArn", "policy")
        return ActionResult({"association": _associate(self, _cluster(self), *asked.values(), **more)})

    def describe_pod_identity_association(self: Any) -> ActionResult:
        return ActionResult({"association": _pod_identity(self)})

    def list_pod_identity_associations(self: Any) -> ActionResult:
        wanted = _given(self, "namespace", "serviceAccount")
        every = _of(_cluster(self), "identities").values()
        return ActionResult({"associations": [one for one in every if wanted.items() <= one.items()]})

    def update_pod_identity_association(self: Any) -> ActionResult:
        association = _pod_identity(self)
        changes = _given(self, "roleArn", "disableSessionTags", "targetRoleArn", "policy")
        association.update(changes, modifiedAt=utcnow())
        return ActionResult({"association": association})

    def delete_pod_identity_association(self: Any) -> ActionResult:
        association = _pod_identity(self)
        del _of(_cluster(self), "identities")[association["associationId"]]
        return ActionResult({"association": association})


def _pod_identity(response: Any) -> Document:
    return _found(_cluster(response), "identities", response._get_param("associationId"), "association")


def _associate(
    response: Any, cluster: Any, namespace: str, service_account: str, role_arn: str, **more: Any
) -> Document:
    for one in _of(cluster, "identities").values():
        if (one["namespace"], one["serviceAccount"]) == (namespace, service_account):
            raise ResourceInUseException(message=f"Association already exists: {one['associationId']}")
    identifier = f"a-{mock_random.get_random_string(16, lower_case=True)}"
    association = {
        "clusterName": cluster.name,
        "namespace": namespace,
        "serviceAccount": service_account,
        "roleArn": role_arn,
        "associationArn": _arn(response, f"podidentityassociation/{cluster.name}/{identifier}"),
        "associationId": identifier,
        "tags": {},
        "createdAt": utcnow(),
        "modifiedAt": utcnow(),
    } | more
    _of(cluster, "identities")[identifier] = association
    return association


# -- tags --------------------------------------------------------------------------------------------------------------


def _tags(patches: Patches) -> None:
    def tags_of(backend: Any, arn: str) -> dict[str, str]:
        for cluster in backend.clusters.values():
            objects = [cluster, *cluster.nodegroups.values(), *cluster.fargate_profiles.values()]
            for one in objects:
                if arn in (getattr(one, "arn", None), getattr(one, "fargate_profile_arn", None)):
                    tags: dict[str, str] = one.tags
                    return tags
            for kind, key in _ARN_KEYS.items():
                for document in _of(cluster, kind).values():
                    if document[key] == arn:
                        return document["tags"]  # type: ignore[no-any-return]
        raise ResourceNotFoundException(message=f"Resource was not found: {arn}")

    def tag_resource(backend: Any, resource_arn: str, tags: dict[str, str]) -> None:
        tags_of(backend, resource_arn).update(tags)

    def untag_resource(backend: Any, resource_arn: str, tag_keys: list[str] | str) -> None:
        tags = tags_of(backend, resource_arn)
        for key in [tag_keys] if isinstance(tag_keys, str) else tag_keys:
            tags.pop(key, None)

    def untag_request(response: Any) -> ActionResult:
        keys = response.querystring.get("tagKeys", [])
        response.eks_backend.untag_resource(response._extract_arn_from_path(), keys)
        return EmptyResult()

    patches.replace(models.EKSBackend, "tag_resource", lambda _: tag_resource)
    patches.replace(models.EKSBackend, "untag_resource", lambda _: untag_resource)
    patches.replace(models.EKSBackend, "list_tags_for_resource", lambda _: tags_of)
    patches.replace(responses.EKSResponse, "untag_resource", lambda _: untag_request)


_ARN_KEYS = {"access_entries": "accessEntryArn", "addons": "addonArn", "identities": "associationArn"}


SERVICE = "EKS"

GAPS = (
    Gap(
        id="eks-cluster-identity",
        service=SERVICE,
        stock="Gives every cluster version 1.19, a certificate authority of random letters, and the same OIDC issuer to "
        "all clusters of the process.",
        remedy="Gives a current version, a real self-signed certificate, and an endpoint and issuer of the cluster's own.",
        reason="Stage 2 decodes the certificate; IAM OIDC providers of two clusters must not collide.",
        hides="There is no Kubernetes API behind the endpoint: nothing can connect to it.",
        install=_cluster_identity,
    ),
    Gap(
        id="eks-cluster-network",
        service=SERVICE,
        stock="Returns the request's VPC configuration as it came: no vpcId, no cluster security group, no defaults.",
        remedy="Makes the cluster security group in the subnets' VPC, removes it with the cluster, and fills in what AWS "
        "fills in.",
        reason="Security group rules of databases and caches refer to the cluster security group.",
        hides="Network interfaces of the control plane are not made; a security group that AWS still holds in use is "
        "deleted at once here.",
        install=_cluster_network,
    ),
    Gap(
        id="eks-access-config",
        service=SERVICE,
        stock="Drops accessConfig, upgradePolicy, computeConfig, storageConfig and zonalShiftConfig.",
        remedy="Keeps them and returns them.",
        reason="Without the authentication mode Terraform plans to replace the cluster on every run.",
        hides="The creator gets no access entry by bootstrapClusterCreatorAdminPermissions, so a clash with an entry of "
        "one's own for the same principal is not seen.",
        install=_cluster_access_config,
    ),
    Gap(
        id="eks-cluster-updates",
        service=SERVICE,
        stock="Answers UpdateClusterConfig with the cluster instead of an update (the provider crashes), replaces the VPC "
        "configuration by the part that changed, and has no UpdateClusterVersion, DescribeUpdate or "
        "AssociateEncryptionConfig.",
        remedy="Records each update, successful at once, merges the change, and refuses a version that is not the next "
        "minor one.",
        reason="Changing log types, endpoint access, authentication mode or version must be rehearsable.",
        hides="Updates take no time and never fail; add-ons that do not fit the new version are not noticed.",
        install=_cluster_updates,
    ),
    Gap(
        id="eks-nodegroup-defaults",
        service=SERVICE,
        stock="Invents an SSH key, version 1.19, disk size and instance type, and drops updateConfig and "
        "nodeRepairConfig.",
        remedy="Returns what was asked for, the cluster's version, and AWS's own defaults.",
        reason="The invented SSH key makes Terraform replace every node group on every run.",
        hides="No instances start: capacity, quotas and images are not checked.",
        install=_nodegroup_defaults,
    ),
    Gap(
        id="eks-nodegroup-updates",
        service=SERVICE,
        stock="Has no UpdateNodegroupVersion, and an update it makes cannot be described afterwards.",
        remedy="Adds the call and keeps the updates for DescribeUpdate.",
        reason="Terraform waits for DescribeUpdate after every change of scaling, labels, taints or launch template.",
        hides="Nodes are not drained: disruption budgets that would block a roll-out are not noticed.",
        install=_nodegroup_updates,
    ),
    Gap(
        id="eks-access-entries",
        service=SERVICE,
        stock="Has neither access entries nor access policy associations: 404 as HTML.",
        remedy="Adds both, with AWS's refusals: no entry in mode CONFIG_MAP, none twice, no association without an entry.",
        reason="Access to the cluster is given by access entries only.",
        hides="Nobody's access is decided by them, and whether an access policy of that name exists is not checked.",
        install=_access_entries,
    ),
    Gap(
        id="eks-addons",
        service=SERVICE,
        stock="Has no add-ons: 404 as HTML.",
        remedy="Adds them with their pod identity associations and a table of known names and default versions.",
        reason="The network, DNS, proxy, storage and pod identity add-ons are part of the cluster.",
        hides="Any version string is accepted for a known name, configuration values are not checked against the "
        "add-on's schema, and nothing runs.",
        install=_addons,
    ),
    Gap(
        id="eks-pod-identity",
        service=SERVICE,
        stock="Has no pod identity associations: 404 as HTML.",
        remedy="Adds them; a second one for the same service account is refused.",
        reason="Each service's role reaches its pods through one.",
        hides="No credentials are handed out; a role whose trust policy lacks pods.eks.amazonaws.com is not noticed.",
        install=_pod_identities,
    ),
    Gap(
        id="eks-tags",
        service=SERVICE,
        stock="Finds tags of clusters only, and takes one key of several in UntagResource.",
        remedy="Finds those of node groups, Fargate profiles, add-ons, access entries and associations too.",
        reason="A change of labels in YAML retags every resource of a service.",
        hides="Nothing.",
        install=_tags,
    ),
)
