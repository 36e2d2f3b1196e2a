"""Gaps in Amazon ElastiCache: moto 5.2.5 has a replication group without members, and no way to delete what it makes.

The shapes are those of the Amazon ElastiCache API reference
(https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from moto.core.responses import ActionResult, EmptyResult, PaginatedResult
from moto.core.utils import utcnow
from moto.elasticache import models, responses
from moto.elasticache.exceptions import (
    CacheSubnetGroupNotFound,
    ElastiCacheException,
    InvalidParameterCombinationException,
    InvalidParameterValueException,
    ReplicationGroupAlreadyExists,
    ReplicationGroupNotFound,
    UserNotFound,
)
from moto.moto_api._internal import mock_random

from .gap import Gap, Patches

Document = dict[str, Any]

LATEST = {"redis": "7.1.0", "valkey": "8.1.0"}
"""The version of each engine that AWS takes where none is asked for."""


# -- what the parts share ----------------------------------------------------------------------------------------------


class _Fault(ElastiCacheException):
    """A refusal with the code that AWS gives it."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


def _of(response: Any, kind: str) -> dict[str, Any]:
    documents: dict[str, Any] = response.elasticache_backend.__dict__.setdefault(f"sandbox_{kind}", {})
    return documents


def _arn(response: Any, resource: str) -> str:
    backend = response.elasticache_backend
    return f"arn:{backend.partition}:elasticache:{backend.region_name}:{backend.account_id}:{resource}"


def _tag(response: Any, arn: str) -> None:
    response.elasticache_backend.tagging_service.tag_resource(arn, response._get_param("Tags", []))


def _listed(response: Any, key: str, documents: dict[str, Any], wanted: str | None, missing: Exception) -> ActionResult:
    """All documents, or the wanted one, as a paginated answer."""
    if wanted is None:
        return PaginatedResult({key: list(documents.values())})
    if wanted not in documents:
        raise missing
    return PaginatedResult({key: [documents[wanted]]})


# -- replication groups ------------------------------------------------------------------------------------------------


@dataclass
class ReplicationGroup:
    """A replication group: what was asked for, from which all answers are worked out."""

    asked: Document
    arn: str
    region: str
    zones: list[str]
    suffix: str = field(default_factory=lambda: str(mock_random.get_random_string(6, lower_case=True)))
    created: datetime = field(default_factory=utcnow)

    @property
    def id(self) -> str:
        return str(self.asked["ReplicationGroupId"])

    @property
    def sharded(self) -> bool:
        """Whether cluster mode is on: by its switch, by the shards asked for, or by the parameter group."""
        return (
            self.asked.get("ClusterMode") in ("enabled", "compatible")
            or self.shards > 1
            or ".cluster.on" in self.asked.get("CacheParameterGroupName", "")
        )

    @property
    def shards(self) -> int:
        return int(self.asked.get("NumNodeGroups") or 1)

    @property
    def nodes_per_shard(self) -> int:
        replicas = self.asked.get("ReplicasPerNodeGroup")
        if replicas is not None:
            return int(replicas) + 1
        return int(self.asked.get("NumCacheClusters") or 1)

    @property
    def engine(self) -> str:
        return str(self.asked.get("Engine") or "redis").lower()

    @property
    def version(self) -> str:
        """The full version: AWS completes 7.1 to 7.1.0 and 6.x to the latest 6."""
        asked = str(self.asked.get("EngineVersion") or LATEST[self.engine])
        if asked == "6.x":
            return "6.2.6"
        return asked if asked.count(".") > 1 else f"{asked}.0" if "." in asked else f"{asked}.0.0"

    @property
    def parameter_group(self) -> str:
        family = f"{self.engine}{self.version.split('.')[0]}"
        return str(
            self.asked.get("CacheParameterGroupName") or f"default.{family}{'.cluster.on' if self.sharded else ''}"
        )

    def members(self) -> list[tuple[str, str, str]]:
        """Each node as (shard, cache cluster id, zone); the first of a shard is its primary."""
        preferred = self.asked.get("PreferredCacheClusterAZs") or self.zones
        nodes = []
        for shard in range(1, self.shards + 1):
            for node in range(1, self.nodes_per_shard + 1):
                name = f"{self.id}-{shard:04}-{node:03}" if self.sharded else f"{self.id}-{node:03}"
                nodes.append((f"{shard:04}", name, preferred[(node - 1) % len(preferred)]))
        return nodes

    def address(self, prefix: str) -> Document:
        short = re.sub(r"^([a-z]{2})-([a-z])[a-z]*-(\d)$", r"\1\2\3", self.region)
        name = f"{prefix}.{self.id}.{self.suffix}.{short}.cache.amazonaws.com"
        return {"Address": name, "Port": int(self.asked.get("Port") or 6379)}

    def _shard(self, number: str) -> Document:
        nodes = [(name, zone) for shard, name, zone in self.members() if shard == number]
        members = []
        for position, (name, zone) in enumerate(nodes):
            member: dict[str, Any] = {"CacheClusterId": name, "CacheNodeId": "0001", "PreferredAvailabilityZone": zone}
            if not self.sharded:
                member["CurrentRole"] = "replica" if position else "primary"
                member["ReadEndpoint"] = self.address(name)
            members.append(member)
        shard = {"NodeGroupId": number, "Status": "available", "NodeGroupMembers": members}
        if self.sharded:
            first, last = ((int(number) - 1) * 16384 // self.shards, int(number) * 16384 // self.shards - 1)
            return shard | {"Slots": f"{first}-{last}"}
        return shard | {"PrimaryEndpoint": self.address("master"), "ReaderEndpoint": self.address("replica")}

    def describe(self) -> Document:
        """The group as DescribeReplicationGroups shows it."""
        asked = self.asked
        encrypted = bool(asked.get("TransitEncryptionEnabled"))
        shown = {
            "ReplicationGroupId": self.id,
            "Description": asked["ReplicationGroupDescription"],
            "Status": "available",
            "PendingModifiedValues": {},
            "MemberClusters": [name for _, name, _ in self.members()],
            "NodeGroups": [self._shard(f"{shard:04}") for shard in range(1, self.shards + 1)],
            "AutomaticFailover": "enabled" if asked.get("AutomaticFailoverEnabled") else "disabled",
            "MultiAZ": "enabled" if asked.get("MultiAZEnabled") else "disabled",
            "SnapshotRetentionLimit": asked.get("SnapshotRetentionLimit") or 0,
            "SnapshotWindow": asked.get("SnapshotWindow") or "05:00-06:00",
            "ClusterEnabled": self.sharded,
            "ClusterMode": asked.get("ClusterMode") or ("enabled" if self.sharded else "disabled"),
            "CacheNodeType": asked["CacheNodeType"],
            "AuthTokenEnabled": bool(asked.get("AuthToken")),
            "TransitEncryptionEnabled": encrypted,
            "AtRestEncryptionEnabled": bool(asked.get("AtRestEncryptionEnabled")),
            "ARN": self.arn,
            "UserGroupIds": asked.get("UserGroupIds") or [],
            "LogDeliveryConfigurations": [
                {key: value for key, value in one.items() if key != "Enabled"} | {"Status": "active"}
                for one in asked.get("LogDeliveryConfigurations") or []
                if one.get("Enabled", True)
            ],
            "ReplicationGroupCreateTime": self.created,
            "DataTiering": "enabled" if asked.get("DataTieringEnabled") else "disabled",
            "AutoMinorVersionUpgrade": asked.get("AutoMinorVersionUpgrade", True),
            "NetworkType": asked.get("NetworkType") or "ipv4",
            "IpDiscovery": asked.get("IpDiscovery") or "ipv4",
            "Engine": self.engine,
            "GlobalReplicationGroupInfo": {},
        }
        if asked.get("KmsKeyId"):
            shown["KmsKeyId"] = asked["KmsKeyId"]
        if encrypted:
            shown["TransitEncryptionMode"] = asked.get("TransitEncryptionMode") or "required"
        if self.sharded:
            shown["ConfigurationEndpoint"] = self.address("clustercfg")
        return shown

    def cache_clusters(self) -> dict[str, Document]:
        """Each node as DescribeCacheClusters shows it."""
        group = self.describe()
        asked = self.asked
        shared = {
            key: group[key]
            for key in (
                "CacheNodeType",
                "Engine",
                "AutoMinorVersionUpgrade",
                "ReplicationGroupId",
                "SnapshotRetentionLimit",
                "SnapshotWindow",
                "AuthTokenEnabled",
                "TransitEncryptionEnabled",
                "AtRestEncryptionEnabled",
                "LogDeliveryConfigurations",
                "NetworkType",
                "IpDiscovery",
                "TransitEncryptionMode",
            )
            if key in group
        } | {
            "EngineVersion": self.version,
            "CacheClusterStatus": "available",
            "NumCacheNodes": 1,
            "CacheClusterCreateTime": self.created,
            "PreferredMaintenanceWindow": asked.get("PreferredMaintenanceWindow") or "sun:23:00-mon:00:00",
            "CacheParameterGroup": {
                "CacheParameterGroupName": self.parameter_group,
                "ParameterApplyStatus": "in-sync",
                "CacheNodeIdsToReboot": [],
            },
            "CacheSubnetGroupName": asked.get("CacheSubnetGroupName") or "default",
            "SecurityGroups": [
                {"SecurityGroupId": one, "Status": "active"} for one in asked.get("SecurityGroupIds") or []
            ],
        }
        if asked.get("NotificationTopicArn"):
            shared["NotificationConfiguration"] = {"TopicArn": asked["NotificationTopicArn"], "TopicStatus": "active"}
        arn = self.arn.rsplit(":", 2)[0]
        return {
            name: shared | {"CacheClusterId": name, "PreferredAvailabilityZone": zone, "ARN": f"{arn}:cluster:{name}"}
            for _, name, zone in self.members()
        }


def _replication_groups(patches: Patches) -> None:
    def instead(method: Any) -> Callable[[Any], Any]:
        return lambda _: method

    for name, method in vars(_ReplicationGroups).items():
        if not name.startswith("__"):
            patches.replace(responses.ElastiCacheResponse, name, instead(method))
    patches.methods(responses.ElastiCacheResponse, _Scaling)

    def make(describe: Callable[..., Any]) -> Callable[..., Any]:
        def describe_cache_clusters(response: Any) -> Any:
            nodes: dict[str, Document] = {}
            for group in _of(response, "replication_groups").values():
                nodes |= group.cache_clusters()
            wanted = response._get_param("CacheClusterId")
            if wanted in nodes:
                return ActionResult({"CacheClusters": [nodes[wanted]]})
            result = describe(response)
            if wanted is None:
                result.result["CacheClusters"] = [*result.result["CacheClusters"], *nodes.values()]
            return result

        return describe_cache_clusters

    patches.replace(responses.ElastiCacheResponse, "describe_cache_clusters", make)


class _ReplicationGroups:
    def create_replication_group(self: Any) -> ActionResult:
        asked = dict(self._get_params())
        identifier = asked["ReplicationGroupId"]
        if identifier in _of(self, "replication_groups"):
            raise ReplicationGroupAlreadyExists(identifier)
        _check_group(self, asked)
        subnets = self.elasticache_backend.cache_subnet_groups.get(asked.get("CacheSubnetGroupName"))
        zones = sorted({str(one["subnet_availability_zone"]) for one in subnets.subnets}) if subnets else []
        group = ReplicationGroup(
            asked=asked,
            arn=_arn(self, f"replicationgroup:{identifier}"),
            region=self.region,
            zones=zones or [f"{self.region}{letter}" for letter in "abc"],
        )
        _of(self, "replication_groups")[identifier] = group
        _tag(self, group.arn)
        return ActionResult({"ReplicationGroup": group.describe()})

    def describe_replication_groups(self: Any) -> ActionResult:
        wanted = self._get_param("ReplicationGroupId")
        shown = {name: group.describe() for name, group in _of(self, "replication_groups").items()}
        return _listed(self, "ReplicationGroups", shown, wanted, ReplicationGroupNotFound(wanted))

    def modify_replication_group(self: Any) -> ActionResult:
        group = _group(self)
        changes = dict(self._get_params())
        groups = [one for one in group.asked.get("UserGroupIds") or [] if not changes.pop("RemoveUserGroups", False)]
        removed = changes.pop("UserGroupIdsToRemove", [])
        groups = [one for one in groups if one not in removed] + changes.pop("UserGroupIdsToAdd", [])
        if changes.pop("AuthTokenUpdateStrategy", None) == "DELETE":
            group.asked.pop("AuthToken", None)
            changes.pop("AuthToken", None)
        for name in ("ApplyImmediately", "PrimaryClusterId", "NodeGroupId", "SnapshottingClusterId"):
            changes.pop(name, None)
        asked = group.asked | changes | {"UserGroupIds": groups}
        _check_group(self, asked)
        group.asked = asked
        return ActionResult({"ReplicationGroup": group.describe()})

    def delete_replication_group(self: Any) -> ActionResult:
        group = _group(self)
        del _of(self, "replication_groups")[group.id]
        return ActionResult({"ReplicationGroup": group.describe() | {"Status": "deleting"}})


class _Scaling:
    def increase_replica_count(self: Any) -> ActionResult:
        return _replicas(self)

    def decrease_replica_count(self: Any) -> ActionResult:
        return _replicas(self)

    def modify_replication_group_shard_configuration(self: Any) -> ActionResult:
        group = _group(self)
        group.asked["NumNodeGroups"] = self._get_int_param("NodeGroupCount")
        return ActionResult({"ReplicationGroup": group.describe()})


def _replicas(response: Any) -> ActionResult:
    group = _group(response)
    count = response._get_int_param("NewReplicaCount")
    if group.asked.get("AutomaticFailoverEnabled") and count < 1:
        raise InvalidParameterValueException("Automatic failover needs at least one replica.")
    group.asked["ReplicasPerNodeGroup"] = count
    return ActionResult({"ReplicationGroup": group.describe()})


def _group(response: Any) -> ReplicationGroup:
    identifier = response._get_param("ReplicationGroupId")
    group = _of(response, "replication_groups").get(identifier)
    if group is None:
        raise ReplicationGroupNotFound(identifier)
    return group  # type: ignore[no-any-return]


def _check_group(response: Any, asked: Document) -> None:
    """Refuse what AWS refuses: names that do not exist and settings that exclude each other."""
    subnets = asked.get("CacheSubnetGroupName")
    if subnets and subnets not in response.elasticache_backend.cache_subnet_groups:
        raise CacheSubnetGroupNotFound(subnets)
    parameters = asked.get("CacheParameterGroupName", "default.")
    if not parameters.startswith("default.") and parameters not in _of(response, "parameter_groups"):
        raise _parameter_group_not_found(parameters)
    for one in asked.get("UserGroupIds") or []:
        if one not in _of(response, "user_groups"):
            raise _user_group_not_found(one)
    probe = ReplicationGroup(asked=asked, arn="", region=response.region, zones=[""])
    if (asked.get("UserGroupIds") or asked.get("AuthToken")) and not asked.get("TransitEncryptionEnabled"):
        raise InvalidParameterCombinationException(
            "Encryption features require TransitEncryptionEnabled when access control is used."
        )
    if asked.get("AutomaticFailoverEnabled") and probe.nodes_per_shard < 2 and not probe.sharded:
        raise InvalidParameterCombinationException(
            "Automatic failover is not supported with fewer than two cache clusters."
        )
    if asked.get("MultiAZEnabled") and not asked.get("AutomaticFailoverEnabled"):
        raise InvalidParameterCombinationException("Must enable Automatic Failover to enable Multi-AZ.")


# -- parameter groups and subnet groups --------------------------------------------------------------------------------


def _parameter_groups(patches: Patches) -> None:
    patches.methods(responses.ElastiCacheResponse, _ParameterGroups)


def _parameter_group_not_found(name: str) -> _Fault:
    return _Fault("CacheParameterGroupNotFound", f"CacheParameterGroup {name} not found.")


class _ParameterGroups:
    def create_cache_parameter_group(self: Any) -> ActionResult:
        name = self._get_param("CacheParameterGroupName").lower()
        if name in _of(self, "parameter_groups"):
            raise _Fault("CacheParameterGroupAlreadyExists", f"Cache parameter group {name} already exists.")
        group = {
            "CacheParameterGroupName": name,
            "CacheParameterGroupFamily": self._get_param("CacheParameterGroupFamily"),
            "Description": self._get_param("Description"),
            "IsGlobal": False,
            "ARN": _arn(self, f"parametergroup:{name}"),
        }
        _of(self, "parameter_groups")[name] = group
        _of(self, "parameters")[name] = {}
        _tag(self, group["ARN"])
        return ActionResult({"CacheParameterGroup": group})

    def describe_cache_parameter_groups(self: Any) -> ActionResult:
        wanted = self._get_param("CacheParameterGroupName")
        return _listed(
            self, "CacheParameterGroups", _of(self, "parameter_groups"), wanted, _parameter_group_not_found(wanted)
        )

    def describe_cache_parameters(self: Any) -> ActionResult:
        parameters = _parameters(self)
        if self._get_param("Source") in ("system", "engine-default"):
            parameters = {}
        shown = [
            {"ParameterName": name, "ParameterValue": value, "Source": "user", "IsModifiable": True}
            for name, value in parameters.items()
        ]
        return ActionResult({"Parameters": shown, "CacheNodeTypeSpecificParameters": []})

    def modify_cache_parameter_group(self: Any) -> ActionResult:
        _parameters(self).update(
            {one["ParameterName"]: one["ParameterValue"] for one in self._get_param("ParameterNameValues")}
        )
        return ActionResult({"CacheParameterGroupName": self._get_param("CacheParameterGroupName")})

    def reset_cache_parameter_group(self: Any) -> ActionResult:
        parameters = _parameters(self)
        given = [one["ParameterName"] for one in self._get_param("ParameterNameValues", [])]
        for name in list(parameters) if self._get_bool_param("ResetAllParameters") else given:
            parameters.pop(name, None)
        return ActionResult({"CacheParameterGroupName": self._get_param("CacheParameterGroupName")})

    def delete_cache_parameter_group(self: Any) -> ActionResult:
        name = self._get_param("CacheParameterGroupName")
        _parameters(self)
        if any(group.parameter_group == name for group in _of(self, "replication_groups").values()):
            raise _Fault("InvalidCacheParameterGroupState", f"Cache parameter group {name} is in use.")
        del _of(self, "parameter_groups")[name]
        del _of(self, "parameters")[name]
        return EmptyResult()


def _parameters(response: Any) -> dict[str, str]:
    name = response._get_param("CacheParameterGroupName")
    if name not in _of(response, "parameters"):
        raise _parameter_group_not_found(name)
    return _of(response, "parameters")[name]  # type: ignore[no-any-return]


def _subnet_groups(patches: Patches) -> None:
    patches.methods(responses.ElastiCacheResponse, _SubnetGroups)


class _SubnetGroups:
    def modify_cache_subnet_group(self: Any) -> ActionResult:
        backend = self.elasticache_backend
        old = _subnet_group(self)
        new = models.CacheSubnetGroup(
            account_id=backend.account_id,
            region_name=backend.region_name,
            cache_subnet_group_name=old.cache_subnet_group_name,
            cache_subnet_group_description=self._get_param(
                "CacheSubnetGroupDescription", old.cache_subnet_group_description
            ),
            subnet_ids=self._get_param("SubnetIds", old.subnet_ids),
            tags=old.tags,
        )
        backend.cache_subnet_groups[old.cache_subnet_group_name] = new
        return ActionResult({"CacheSubnetGroup": new})

    def delete_cache_subnet_group(self: Any) -> ActionResult:
        name = _subnet_group(self).cache_subnet_group_name
        if any(group.asked.get("CacheSubnetGroupName") == name for group in _of(self, "replication_groups").values()):
            raise _Fault("CacheSubnetGroupInUse", f"Cache subnet group {name} is currently in use.")
        del self.elasticache_backend.cache_subnet_groups[name]
        return EmptyResult()


def _subnet_group(response: Any) -> Any:
    name = response._get_param("CacheSubnetGroupName")
    group = response.elasticache_backend.cache_subnet_groups.get(name)
    if group is None:
        raise CacheSubnetGroupNotFound(name)
    return group


# -- users and tags ----------------------------------------------------------------------------------------------------


def _users(patches: Patches) -> None:
    def make_create(create: Callable[..., Any]) -> Callable[..., Any]:
        def create_user(response: Any) -> Any:
            result = create(response)
            user = result.result
            if user.authentication_type == "no-password-required":
                user.no_password_required = True
            return result

        return create_user

    def make_delete(_: Callable[..., Any]) -> Callable[..., Any]:
        def delete_user(response: Any) -> ActionResult:
            user = _user(response)
            del response.elasticache_backend.users[user.id]
            for group in _of(response, "user_groups").values():
                group["UserIds"] = [one for one in group["UserIds"] if one != user.id]
            user.status = "deleting"
            return ActionResult(user)

        return delete_user

    patches.replace(responses.ElastiCacheResponse, "create_user", make_create)
    patches.replace(responses.ElastiCacheResponse, "delete_user", make_delete)
    patches.methods(responses.ElastiCacheResponse, _Users)


class _Users:
    def modify_user(self: Any) -> ActionResult:
        user = _user(self)
        user.engine = self._get_param("Engine", user.engine)
        user.access_string = self._get_param("AccessString", user.access_string)
        mode = self._get_param("AuthenticationMode") or {}
        if mode:
            user.authentication_type = mode["Type"]
            user.no_password_required = mode["Type"] == "no-password-required"
        passwords = self._get_param("Passwords") or mode.get("Passwords")
        if passwords:
            user.passwords = passwords
        return ActionResult(user)

    def create_user_group(self: Any) -> ActionResult:
        name = self._get_param("UserGroupId")
        if name in _of(self, "user_groups"):
            raise _Fault("UserGroupAlreadyExists", f"User Group {name} already exists.")
        users = self._get_param("UserIds", [])
        engine = self._get_param("Engine").lower()
        _check_members(self, engine, users)
        group = {
            "UserGroupId": name,
            "Status": "active",
            "Engine": engine,
            "UserIds": users,
            "MinimumEngineVersion": "7.2" if engine == "valkey" else "6.0",
            "ARN": _arn(self, f"usergroup:{name}"),
        }
        _of(self, "user_groups")[name] = group
        _tag(self, group["ARN"])
        return ActionResult(_shown_group(self, group))

    def describe_user_groups(self: Any) -> ActionResult:
        wanted = self._get_param("UserGroupId")
        shown = {name: _shown_group(self, group) for name, group in _of(self, "user_groups").items()}
        return _listed(self, "UserGroups", shown, wanted, _user_group_not_found(wanted))

    def modify_user_group(self: Any) -> ActionResult:
        group = _user_group(self)
        removed = self._get_param("UserIdsToRemove", [])
        users = [one for one in group["UserIds"] if one not in removed] + self._get_param("UserIdsToAdd", [])
        engine = self._get_param("Engine", group["Engine"])
        _check_members(self, engine, users)
        group.update(UserIds=users, Engine=engine)
        return ActionResult(_shown_group(self, group))

    def delete_user_group(self: Any) -> ActionResult:
        group = _user_group(self)
        shown = _shown_group(self, group)
        if shown["ReplicationGroups"]:
            raise _Fault("InvalidUserGroupState", f"User group {group['UserGroupId']} is in use.")
        del _of(self, "user_groups")[group["UserGroupId"]]
        return ActionResult(shown | {"Status": "deleting"})


def _user(response: Any) -> Any:
    identifier = response._get_param("UserId")
    user = response.elasticache_backend.users.get(identifier)
    if user is None:
        raise UserNotFound(identifier)
    return user


def _user_group_not_found(name: str) -> _Fault:
    return _Fault("UserGroupNotFound", f"User group {name} not found.")


def _user_group(response: Any) -> Document:
    name = response._get_param("UserGroupId")
    if name not in _of(response, "user_groups"):
        raise _user_group_not_found(name)
    return _of(response, "user_groups")[name]  # type: ignore[no-any-return]


def _shown_group(response: Any, group: Document) -> Document:
    users = [
        one.id
        for one in _of(response, "replication_groups").values()
        if group["UserGroupId"] in (one.asked.get("UserGroupIds") or [])
    ]
    return group | {"ReplicationGroups": users}


def _check_members(response: Any, engine: str, users: list[str]) -> None:
    """Refuse users that do not exist, two of one name, and a Redis group without the user `default`."""
    known = response.elasticache_backend.users
    for one in users:
        if one not in known:
            raise UserNotFound(one)
    names = [known[one].name for one in users]
    if len(set(names)) < len(names):
        raise _Fault("DuplicateUserName", "User group cannot contain two users with the same user name.")
    if engine == "redis" and "default" not in names:
        raise _Fault("DefaultUserRequired", "User group needs to contain a user with the user name default.")


def _tags(patches: Patches) -> None:
    def make(initialize: Callable[..., None]) -> Callable[..., None]:
        def __init__(backend: Any, region_name: str, account_id: str) -> None:
            initialize(backend, region_name, account_id)
            backend.arn_regex = re.compile(r"^arn:[\w-]+:elasticache:[\w-]*:\d*:[a-z]+:.*$")

        return __init__

    patches.replace(models.ElastiCacheBackend, "__init__", make)


SERVICE = "ElastiCache"

GAPS = (
    Gap(
        id="elasticache-replication-groups",
        service=SERVICE,
        stock="Makes one node whatever number is asked for, no cache cluster behind a node, drops most settings and "
        "changes, and never finishes a deletion.",
        remedy="Works every answer out from what was asked: nodes over the subnet group's zones, their cache clusters, "
        "endpoints, changes of size and settings; refuses unknown groups and settings that exclude each other.",
        reason="Terraform reads version, parameter group, subnet group and security groups from the nodes.",
        hides="No cache runs; node types and versions are not checked, and changes take no time.",
        install=_replication_groups,
    ),
    Gap(
        id="elasticache-parameter-groups",
        service=SERVICE,
        stock="Has no parameter groups.",
        remedy="Adds them; one that is in use cannot be deleted.",
        reason="Each cache has a parameter group of its own.",
        hides="Parameter names and values are not checked against the family.",
        install=_parameter_groups,
    ),
    Gap(
        id="elasticache-subnet-groups",
        service=SERVICE,
        stock="Cannot change or delete a subnet group.",
        remedy="Adds both calls; one that is in use cannot be deleted.",
        reason="Destroying an environment ends with it.",
        hides="Nothing.",
        install=_subnet_groups,
    ),
    Gap(
        id="elasticache-users",
        service=SERVICE,
        stock="Has no user groups, cannot change a user, and shows a deleted user once more.",
        remedy="Adds them, with AWS's refusals: unknown users, two of one name, a Redis group without `default`, a "
        "group in use.",
        reason="Services reach their cache with IAM authentication through users and user groups.",
        hides="Access strings are not parsed and nobody is authenticated.",
        install=_users,
    ),
    Gap(
        id="elasticache-tags",
        service=SERVICE,
        stock="Refuses to list the tags of user groups, parameter groups and any partition but `aws`.",
        remedy="Lists the tags of every ElastiCache resource.",
        reason="Terraform reads the tags of all it makes.",
        hides="Nothing.",
        install=_tags,
    ),
)
