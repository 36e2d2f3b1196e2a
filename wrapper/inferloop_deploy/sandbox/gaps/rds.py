"""Gaps in Amazon RDS and Aurora.

The shapes are those of the Amazon RDS API reference (https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.moto_api._internal import mock_random
from moto.rds import models, responses
from moto.rds.exceptions import RDSClientError

from .gap import Gap, Patches

KEPT = {
    "database_insights_mode": "standard",
    "dedicated_log_volume": False,
    "enable_performance_insights": False,
    "engine_lifecycle_support": "open-source-rds-extended-support",
    "network_type": "IPV4",
    "performance_insights_kms_key_id": None,
    "performance_insights_retention_period": None,
}
"""Settings of an instance that moto forgets, by their names in the request, with what AWS takes where none is given."""

CERTIFICATE_AUTHORITY = "rds-ca-rsa2048-g1"
"""The certificate authority that AWS gives to new instances."""


# -- instances ---------------------------------------------------------------------------------------------------------


def _resource_ids(patches: Patches) -> None:
    def make(initialize: Callable[..., None]) -> Callable[..., None]:
        def __init__(instance: Any, *arguments: Any, **settings: Any) -> None:
            initialize(instance, *arguments, **settings)
            letters = str(mock_random.get_random_string(26)).upper()
            instance.dbi_resource_id = f"db-{letters}"

        return __init__

    patches.replace(models.DBInstance, "__init__", make)


def _instance_settings(patches: Patches) -> None:
    def make(initialize: Callable[..., None]) -> Callable[..., None]:
        def __init__(instance: Any, *arguments: Any, **settings: Any) -> None:
            initialize(instance, *arguments, **settings)
            for name, default in KEPT.items():
                setattr(instance, name, settings.get(name, default))
            if instance.enable_performance_insights and not instance.performance_insights_retention_period:
                instance.performance_insights_retention_period = 7
            if "ca_certificate_identifier" not in settings:
                instance.ca_certificate_identifier = CERTIFICATE_AUTHORITY

        return __init__

    patches.replace(models.DBInstance, "__init__", make)
    patches.add(
        models.DBInstance,
        "performance_insights_enabled",
        property(lambda instance: bool(instance.enable_performance_insights)),
    )


# -- clusters ----------------------------------------------------------------------------------------------------------


def _cluster_scaling(patches: Patches) -> None:
    def make(stock: property) -> property:
        def scaling_configuration_info(cluster: Any) -> Any:
            return stock.fget(cluster) if cluster.scaling_configuration and stock.fget else None

        return property(scaling_configuration_info)

    patches.replace(models.DBCluster, "scaling_configuration_info", make)


# -- parameter groups --------------------------------------------------------------------------------------------------


def _parameter_groups(patches: Patches) -> None:
    def make_describe(describe: Callable[..., Any]) -> Callable[..., Any]:
        def describe_parameters(response: Any) -> ActionResult:
            parameters = [{"Source": "user", **one} for one in describe(response).result["Parameters"]]
            asked = response.params.get("Source")
            return ActionResult({"Parameters": [one for one in parameters if asked in (None, one["Source"])]})

        return describe_parameters

    def make_delete(key: str, uses: Callable[[Any, str], bool]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        def make(delete: Callable[..., Any]) -> Callable[..., Any]:
            def delete_parameter_group(response: Any) -> Any:
                name = response.params[key]
                if uses(response.backend, name):
                    raise RDSClientError(
                        "InvalidDBParameterGroupState",
                        f"One or more database instances are still members of this parameter group {name}, so the "
                        "group cannot be deleted",
                    )
                return delete(response)

            return delete_parameter_group

        return make

    owner = responses.RDSResponse
    patches.replace(owner, "describe_db_parameters", make_describe)
    patches.replace(owner, "describe_db_cluster_parameters", make_describe)
    patches.replace(owner, "delete_db_parameter_group", make_delete("DBParameterGroupName", _instance_uses))
    patches.replace(
        owner, "delete_db_cluster_parameter_group", make_delete("DBClusterParameterGroupName", _cluster_uses)
    )
    patches.methods(owner, _Resets)


def _instance_uses(backend: Any, name: str) -> bool:
    return any(one.db_parameter_group_name == name for one in backend.databases.values())


def _cluster_uses(backend: Any, name: str) -> bool:
    return any(one.parameter_group == name for one in backend.clusters.values())


class _Resets:
    def reset_db_parameter_group(self: Any) -> ActionResult:
        name = self.params["DBParameterGroupName"]
        _reset(self, self.backend.db_parameter_groups[name].parameters)
        return ActionResult({"DBParameterGroupName": name})

    def reset_db_cluster_parameter_group(self: Any) -> ActionResult:
        name = self.params["DBClusterParameterGroupName"]
        _reset(self, self.backend.db_cluster_parameter_groups[name].parameters)
        return ActionResult({"DBClusterParameterGroupName": name})


def _reset(response: Any, parameters: dict[str, Any]) -> None:
    given = [one["ParameterName"] for one in response.params.get("Parameters", [])]
    for name in list(parameters) if response.params.get("ResetAllParameters") else given:
        parameters.pop(name, None)


SERVICE = "RDS"

GAPS = (
    Gap(
        id="rds-resource-ids",
        service=SERVICE,
        stock="Gives every DB instance the same DbiResourceId.",
        remedy="Gives each its own.",
        reason="The provider finds an instance by it; with two instances it finds neither.",
        hides="Nothing.",
        install=_resource_ids,
    ),
    Gap(
        id="rds-instance-settings",
        service=SERVICE,
        stock="Forgets Performance Insights, Database Insights, the network type and the extended support setting, and "
        "gives new instances an invented certificate authority.",
        remedy="Keeps them, and gives AWS's current certificate authority.",
        reason="Without them every plan changes the instance again, and every creation is followed by a modification.",
        hides="Nothing is measured, and whether an instance class supports the feature is not checked.",
        install=_instance_settings,
    ),
    Gap(
        id="rds-cluster-scaling",
        service=SERVICE,
        stock="Shows an empty Serverless v1 scaling configuration for a provisioned cluster.",
        remedy="Leaves it out unless the cluster has one.",
        reason="Every plan of an Aurora cluster would change it.",
        hides="Nothing.",
        install=_cluster_scaling,
    ),
    Gap(
        id="rds-parameter-groups",
        service=SERVICE,
        stock="Shows parameters without their source, cannot reset one, and deletes a group that is in use.",
        remedy="Marks them as set by the user, adds the reset, and refuses to delete a group in use.",
        reason="The provider ignores parameters without a source, so that every plan sets them again.",
        hides="Parameter names and values are not checked against the family, and none needs a reboot.",
        install=_parameter_groups,
    ),
)
