"""What AWS does in place of each gap of moto, as small programs: one function for each gap, named by its id.

A probe passes where the server behaves as AWS does, so it has to fail on stock moto and to pass on the sandbox. `STOCK`
says how it fails on stock moto: when moto changes, the test that compares the two tells that the gap is to be looked at
again.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError
from cryptography import x509

Aws = Callable[[str], Any]
"""Returns boto3's client of a service."""

ROLE = "arn:aws:iam::123456789012:role/service"
POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
CACHED = {"Quantity": 2, "Items": ["GET", "HEAD"]}


NO_CALL = r"\(404\)|\(500\)|404 Not Found|500 Internal Server Error|doctype html"
"""A page of HTML, which is how stock moto answers a call that it does not have."""

STOCK = {
    "autoscaling-tags": NO_CALL,
    "backup-recovery-points": NO_CALL,
    "backup-selections": NO_CALL,
    "backup-tags": "no tags without the slash",
    "batch-service-linked-role": "ServiceRole is required",
    "batch-update-policy": "the update policy is forgotten",
    "budgets-subscribers": NO_CALL,
    "budgets-tags": NO_CALL,
    "budgets-update": NO_CALL,
    "ce-anomalies": NO_CALL,
    "cloudfront-cache-policies": NO_CALL,
    "cloudfront-distributions": "values to forward beside a cache policy",
    "cloudfront-response-headers-policies": NO_CALL,
    "cloudtrail-names": "another trail than asked for",
    "ec2-launch-template-tags": "the template's own tags among those for instances",
    "ec2-rule-descriptions": "descriptions are lost",
    "ecs-services": "the capacity providers are forgotten",
    "efs-backup-policy": "PolicyNotFound",
    "efs-policy-removal": NO_CALL,
    "eks-access-config": "no access configuration",
    "eks-access-entries": NO_CALL,
    "eks-addons": NO_CALL,
    "eks-cluster-identity": "two clusters share an issuer",
    "eks-cluster-network": "vpcId",
    "eks-cluster-updates": "no update in the answer",
    "eks-nodegroup-defaults": "an SSH key that nobody asked for",
    "eks-nodegroup-updates": NO_CALL,
    "eks-pod-identity": NO_CALL,
    "eks-tags": "ResourceNotFoundException",
    "elasticache-parameter-groups": NO_CALL,
    "elasticache-replication-groups": "not as many nodes as asked for",
    "elasticache-subnet-groups": NO_CALL,
    "elasticache-tags": "InvalidARN",
    "elasticache-users": NO_CALL,
    "guardduty-features": "a feature is dropped",
    "lambda-invocation": "the function cannot run",
    "lambda-logging": "LoggingConfig",
    "rds-cluster-scaling": "a Serverless v1 configuration that nobody asked for",
    "rds-instance-settings": "no performance insights",
    "rds-parameter-groups": "a parameter without a source",
    "rds-resource-ids": "two instances share an id",
    "s3-conditional-denials": r"\(403\) when calling the PutObject",
    "s3-event-bridge": "EventBridge is forgotten",
    "s3-lifecycle": "a rule is told otherwise",
    "sqs-policy-kept": "the policy is forgotten",
    "sqs-redrive-policies": "RedrivePolicy is told otherwise",
    "xray-groups": NO_CALL,
    "xray-sampling-rules": NO_CALL,
    "xray-tags": NO_CALL,
}
"""How each probe fails on stock moto, as a pattern of the failure's text."""


def _subnets(aws: Aws) -> list[str]:
    ec2 = aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    return [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"][
            "SubnetId"
        ]
        for number, zone in enumerate("ab")
    ]


def _cluster(aws: Aws, name: str, **more: Any) -> Any:
    network = {"subnetIds": _subnets(aws), "endpointPrivateAccess": True}
    eks = aws("eks")
    eks.create_cluster(
        name=name, roleArn=ROLE, resourcesVpcConfig=network, accessConfig={"authenticationMode": "API"}, **more
    )
    return eks


def _rejected(code: str, call: Callable[..., Any], **arguments: Any) -> None:
    """Assert that AWS's own refusal is given."""
    try:
        call(**arguments)
    except ClientError as error:
        found = error.response["Error"]["Code"]
        if found != code:
            raise AssertionError(f"refused with {found}: {error}") from error
    else:
        raise AssertionError(f"not refused with {code}")


# -- EKS ---------------------------------------------------------------------------------------------------------------


def eks_cluster_identity(aws: Aws) -> None:
    for name in ("identity-a", "identity-b"):
        _cluster(aws, name)
    first, second = (aws("eks").describe_cluster(name=f"identity-{one}")["cluster"] for one in "ab")
    issuer = first["identity"]["oidc"]["issuer"]
    assert issuer != second["identity"]["oidc"]["issuer"], "two clusters share an issuer"
    certificate = x509.load_pem_x509_certificate(base64.b64decode(first["certificateAuthority"]["data"]))
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert first["endpoint"].removeprefix("https://").split(".")[0] == issuer.rsplit("/", 1)[1]


def eks_cluster_network(aws: Aws) -> None:
    eks = _cluster(aws, "network")
    network = eks.describe_cluster(name="network")["cluster"]["resourcesVpcConfig"]
    assert network["vpcId"].startswith("vpc-"), "no vpcId"
    groups = aws("ec2").describe_security_groups(GroupIds=[network["clusterSecurityGroupId"]])["SecurityGroups"]
    assert groups[0]["VpcId"] == network["vpcId"]
    eks.delete_cluster(name="network")
    _rejected("InvalidGroup.NotFound", aws("ec2").describe_security_groups, GroupIds=[groups[0]["GroupId"]])


def eks_access_config(aws: Aws) -> None:
    eks = _cluster(aws, "access-config", upgradePolicy={"supportType": "STANDARD"}, zonalShiftConfig={"enabled": True})
    cluster = eks.describe_cluster(name="access-config")["cluster"]
    assert cluster.get("accessConfig") == {"authenticationMode": "API"}, "no access configuration"
    assert cluster["upgradePolicy"] == {"supportType": "STANDARD"}
    assert cluster["zonalShiftConfig"] == {"enabled": True}


def eks_cluster_updates(aws: Aws) -> None:
    eks = _cluster(aws, "updates", version="1.31")
    before = eks.describe_cluster(name="updates")["cluster"]["resourcesVpcConfig"]
    answer = eks.update_cluster_config(name="updates", resourcesVpcConfig={"publicAccessCidrs": ["192.0.2.0/24"]})
    assert "id" in answer.get("update", {}), "no update in the answer"
    assert eks.describe_update(name="updates", updateId=answer["update"]["id"])["update"]["status"] == "Successful"
    after = eks.describe_cluster(name="updates")["cluster"]["resourcesVpcConfig"]
    assert after == before | {"publicAccessCidrs": ["192.0.2.0/24"]}
    logging = {"clusterLogging": [{"types": ["audit"], "enabled": True}]}
    eks.update_cluster_config(name="updates", logging=logging)
    assert eks.describe_cluster(name="updates")["cluster"]["logging"] == logging
    _rejected("InvalidParameterException", eks.update_cluster_version, name="updates", version="1.35")
    eks.update_cluster_version(name="updates", version="1.32")
    assert eks.describe_cluster(name="updates")["cluster"]["version"] == "1.32"


def eks_nodegroup_defaults(aws: Aws) -> None:
    eks = _cluster(aws, "nodes", version="1.32")
    eks.create_nodegroup(
        clusterName="nodes",
        nodegroupName="general",
        nodeRole=ROLE,
        subnets=_subnets(aws),
        updateConfig={"maxUnavailablePercentage": 33},
        nodeRepairConfig={"enabled": True},
    )
    group = eks.describe_nodegroup(clusterName="nodes", nodegroupName="general")["nodegroup"]
    assert "remoteAccess" not in group, "an SSH key that nobody asked for"
    assert group["version"] == "1.32"
    assert group["updateConfig"] == {"maxUnavailablePercentage": 33}
    assert group["nodeRepairConfig"] == {"enabled": True}


def eks_nodegroup_updates(aws: Aws) -> None:
    eks = _cluster(aws, "scaling", version="1.31")
    named = {"clusterName": "scaling", "nodegroupName": "general"}
    eks.create_nodegroup(**named, nodeRole=ROLE, subnets=_subnets(aws))
    update = eks.update_nodegroup_config(**named, scalingConfig={"minSize": 1, "maxSize": 5, "desiredSize": 2})[
        "update"
    ]
    found = eks.describe_update(name="scaling", nodegroupName="general", updateId=update["id"])["update"]
    assert found["status"] == "Successful"
    eks.update_cluster_version(name="scaling", version="1.32")
    eks.update_nodegroup_version(**named)
    group = eks.describe_nodegroup(**named)["nodegroup"]
    assert (group["version"], group["scalingConfig"]["maxSize"]) == ("1.32", 5)


def eks_access_entries(aws: Aws) -> None:
    eks = _cluster(aws, "entries")
    role = "arn:aws:iam::123456789012:role/path/of/developers"
    named = {"clusterName": "entries", "principalArn": role}
    _rejected(
        "ResourceNotFoundException",
        eks.associate_access_policy,
        **named,
        policyArn=POLICY,
        accessScope={"type": "cluster"},
    )
    eks.create_access_entry(**named, kubernetesGroups=["developers"], tags={"Team": "data"})
    _rejected("ResourceInUseException", eks.create_access_entry, **named)
    entry = eks.describe_access_entry(**named)["accessEntry"]
    assert (entry["username"], entry["kubernetesGroups"], entry["type"]) == (role, ["developers"], "STANDARD")
    scope = {"type": "namespace", "namespaces": ["inferloop"]}
    eks.associate_access_policy(**named, policyArn=POLICY, accessScope=scope)
    found = eks.list_associated_access_policies(**named)["associatedAccessPolicies"]
    assert [(one["policyArn"], one["accessScope"]) for one in found] == [(POLICY, scope)]
    eks.disassociate_access_policy(**named, policyArn=POLICY)
    assert eks.list_associated_access_policies(**named)["associatedAccessPolicies"] == []
    eks.delete_access_entry(**named)
    assert eks.list_access_entries(clusterName="entries")["accessEntries"] == []


def eks_addons(aws: Aws) -> None:
    eks = _cluster(aws, "addons")
    named = {"clusterName": "addons", "addonName": "aws-ebs-csi-driver"}
    identity = {"serviceAccount": "ebs-csi-controller-sa", "roleArn": ROLE}
    eks.create_addon(**named, podIdentityAssociations=[identity], configurationValues='{"a": 1}')
    addon = eks.describe_addon(**named)["addon"]
    assert (addon["status"], addon["configurationValues"]) == ("ACTIVE", '{"a": 1}')
    owned = eks.list_pod_identity_associations(clusterName="addons")["associations"]
    assert [one["associationArn"] for one in owned] == addon["podIdentityAssociations"]
    update = eks.update_addon(**named, addonVersion="v1.99.0-eksbuild.1")["update"]
    eks.describe_update(name="addons", addonName=named["addonName"], updateId=update["id"])
    assert eks.describe_addon(**named)["addon"]["addonVersion"] == "v1.99.0-eksbuild.1"
    _rejected("InvalidParameterException", eks.create_addon, clusterName="addons", addonName="no-such-addon")
    eks.delete_addon(**named)
    assert eks.list_addons(clusterName="addons")["addons"] == []
    assert eks.list_pod_identity_associations(clusterName="addons")["associations"] == []


def eks_pod_identity(aws: Aws) -> None:
    eks = _cluster(aws, "identities")
    pod = {"clusterName": "identities", "namespace": "inferloop", "serviceAccount": "tabular"}
    made = eks.create_pod_identity_association(**pod, roleArn=ROLE, tags={"Service": "tabular"})["association"]
    _rejected("ResourceInUseException", eks.create_pod_identity_association, **pod, roleArn=ROLE)
    named = {"clusterName": "identities", "associationId": made["associationId"]}
    eks.update_pod_identity_association(**named, roleArn=f"{ROLE}-2")
    found = eks.describe_pod_identity_association(**named)["association"]
    assert (found["roleArn"], found["tags"]) == (f"{ROLE}-2", {"Service": "tabular"})
    eks.delete_pod_identity_association(**named)
    _rejected("ResourceNotFoundException", eks.describe_pod_identity_association, **named)


def eks_tags(aws: Aws) -> None:
    eks = _cluster(aws, "tags")
    group = eks.create_nodegroup(clusterName="tags", nodegroupName="general", nodeRole=ROLE, subnets=_subnets(aws))
    arn = group["nodegroup"]["nodegroupArn"]
    eks.tag_resource(resourceArn=arn, tags={"A": "1", "B": "2", "C": "3"})
    eks.untag_resource(resourceArn=arn, tagKeys=["A", "B"])
    assert eks.list_tags_for_resource(resourceArn=arn)["tags"] == {"C": "3"}


# -- ElastiCache -------------------------------------------------------------------------------------------------------


def _subnet_group(aws: Aws, name: str) -> Any:
    cache = aws("elasticache")
    cache.create_cache_subnet_group(
        CacheSubnetGroupName=name, CacheSubnetGroupDescription="caches", SubnetIds=_subnets(aws)
    )
    return cache


def _cache(cache: Any, name: str, **more: Any) -> None:
    cache.create_replication_group(
        ReplicationGroupId=name, ReplicationGroupDescription="cache", CacheNodeType="cache.t4g.small", **more
    )


def elasticache_replication_groups(aws: Aws) -> None:
    cache = _subnet_group(aws, "replicated")
    _cache(
        cache,
        "replicated",
        Engine="valkey",
        EngineVersion="8.0",
        NumCacheClusters=2,
        AutomaticFailoverEnabled=True,
        MultiAZEnabled=True,
        TransitEncryptionEnabled=True,
        CacheSubnetGroupName="replicated",
        SnapshotRetentionLimit=7,
    )
    group = cache.describe_replication_groups(ReplicationGroupId="replicated")["ReplicationGroups"][0]
    assert group["MemberClusters"] == ["replicated-001", "replicated-002"], "not as many nodes as asked for"
    zones = [one["PreferredAvailabilityZone"] for one in group["NodeGroups"][0]["NodeGroupMembers"]]
    assert zones == ["us-east-1a", "us-east-1b"]
    node = cache.describe_cache_clusters(CacheClusterId="replicated-002")["CacheClusters"][0]
    assert (node["EngineVersion"], node["CacheSubnetGroupName"]) == ("8.0.0", "replicated")
    cache.modify_replication_group(ReplicationGroupId="replicated", CacheNodeType="cache.r7g.large")
    cache.increase_replica_count(ReplicationGroupId="replicated", NewReplicaCount=2, ApplyImmediately=True)
    group = cache.describe_replication_groups(ReplicationGroupId="replicated")["ReplicationGroups"][0]
    assert (group["CacheNodeType"], len(group["MemberClusters"])) == ("cache.r7g.large", 3)
    _rejected(
        "InvalidParameterCombination",
        cache.modify_replication_group,
        ReplicationGroupId="replicated",
        AutomaticFailoverEnabled=False,
    )
    cache.delete_replication_group(ReplicationGroupId="replicated")
    _rejected("ReplicationGroupNotFoundFault", cache.describe_replication_groups, ReplicationGroupId="replicated")


def elasticache_parameter_groups(aws: Aws) -> None:
    cache = aws("elasticache")
    named = {"CacheParameterGroupName": "own"}
    cache.create_cache_parameter_group(**named, CacheParameterGroupFamily="valkey8", Description="own")
    wanted = {"ParameterName": "maxmemory-policy", "ParameterValue": "allkeys-lru"}
    cache.modify_cache_parameter_group(**named, ParameterNameValues=[wanted])
    found = cache.describe_cache_parameters(**named, Source="user")["Parameters"]
    assert [(one["ParameterName"], one["ParameterValue"]) for one in found] == [("maxmemory-policy", "allkeys-lru")]
    _cache(cache, "parameters", Engine="valkey", CacheParameterGroupName="own")
    _rejected("InvalidCacheParameterGroupState", cache.delete_cache_parameter_group, **named)
    cache.delete_replication_group(ReplicationGroupId="parameters")
    cache.reset_cache_parameter_group(**named, ParameterNameValues=[wanted])
    assert cache.describe_cache_parameters(**named)["Parameters"] == []
    cache.delete_cache_parameter_group(**named)
    _rejected("CacheParameterGroupNotFound", cache.describe_cache_parameter_groups, **named)


def elasticache_subnet_groups(aws: Aws) -> None:
    cache = _subnet_group(aws, "subnets")
    more = _subnets(aws)
    cache.modify_cache_subnet_group(CacheSubnetGroupName="subnets", SubnetIds=more)
    group = cache.describe_cache_subnet_groups(CacheSubnetGroupName="subnets")["CacheSubnetGroups"][0]
    assert sorted(one["SubnetIdentifier"] for one in group["Subnets"]) == sorted(more)
    cache.delete_cache_subnet_group(CacheSubnetGroupName="subnets")
    _rejected("CacheSubnetGroupNotFoundFault", cache.describe_cache_subnet_groups, CacheSubnetGroupName="subnets")


def elasticache_users(aws: Aws) -> None:
    cache = aws("elasticache")
    for user, name in (("u-default", "default"), ("u-tabular", "tabular")):
        cache.create_user(UserId=user, UserName=name, Engine="redis", AccessString="off -@all", NoPasswordRequired=True)
    _rejected("DefaultUserRequired", cache.create_user_group, UserGroupId="g", Engine="redis", UserIds=["u-tabular"])
    cache.create_user_group(UserGroupId="g", Engine="redis", UserIds=["u-default"])
    cache.modify_user_group(UserGroupId="g", UserIdsToAdd=["u-tabular"])
    cache.modify_user(UserId="u-tabular", AccessString="on ~tabular:* +@read")
    assert cache.describe_users(UserId="u-tabular")["Users"][0]["AccessString"] == "on ~tabular:* +@read"
    _cache(cache, "users", TransitEncryptionEnabled=True, UserGroupIds=["g"])
    _rejected("InvalidUserGroupState", cache.delete_user_group, UserGroupId="g")
    cache.delete_replication_group(ReplicationGroupId="users")
    cache.delete_user_group(UserGroupId="g")
    cache.delete_user(UserId="u-tabular")
    _rejected("UserNotFound", cache.describe_users, UserId="u-tabular")


def elasticache_tags(aws: Aws) -> None:
    arn = "arn:aws:elasticache:us-east-1:123456789012:usergroup:anything"
    assert aws("elasticache").list_tags_for_resource(ResourceName=arn)["TagList"] == []


# -- RDS ---------------------------------------------------------------------------------------------------------------


def _database(aws: Aws, name: str, **more: Any) -> dict[str, Any]:
    settings = {"Engine": "postgres", "EngineVersion": "16.4", "DBInstanceClass": "db.t4g.medium"}
    credentials = {"MasterUsername": "platform", "ManageMasterUserPassword": True, "AllocatedStorage": 20}
    made: dict[str, Any] = aws("rds").create_db_instance(DBInstanceIdentifier=name, **settings, **credentials, **more)[
        "DBInstance"
    ]
    return made


def rds_resource_ids(aws: Aws) -> None:
    ids = {_database(aws, name)["DbiResourceId"] for name in ("ids-a", "ids-b")}
    assert len(ids) == 2, "two instances share an id"
    found = aws("rds").describe_db_instances(Filters=[{"Name": "dbi-resource-id", "Values": [ids.pop()]}])
    assert len(found["DBInstances"]) == 1


def rds_instance_settings(aws: Aws) -> None:
    _database(aws, "settings", EnablePerformanceInsights=True)
    rds = aws("rds")
    found = rds.describe_db_instances(DBInstanceIdentifier="settings")["DBInstances"][0]
    assert found.get("PerformanceInsightsEnabled"), "no performance insights"
    assert found["PerformanceInsightsRetentionPeriod"] == 7
    assert found["CACertificateIdentifier"] == "rds-ca-rsa2048-g1"
    rds.modify_db_instance(DBInstanceIdentifier="settings", EnablePerformanceInsights=False)
    assert not rds.describe_db_instances(DBInstanceIdentifier="settings")["DBInstances"][0][
        "PerformanceInsightsEnabled"
    ]


def rds_cluster_scaling(aws: Aws) -> None:
    rds = aws("rds")
    rds.create_db_cluster(
        DBClusterIdentifier="scaling",
        Engine="aurora-postgresql",
        MasterUsername="platform",
        ManageMasterUserPassword=True,
        ServerlessV2ScalingConfiguration={"MinCapacity": 0.5, "MaxCapacity": 4},
    )
    found = rds.describe_db_clusters(DBClusterIdentifier="scaling")["DBClusters"][0]
    assert found["ServerlessV2ScalingConfiguration"] == {"MinCapacity": 0.5, "MaxCapacity": 4}
    assert "ScalingConfigurationInfo" not in found, "a Serverless v1 configuration that nobody asked for"


def rds_parameter_groups(aws: Aws) -> None:
    rds = aws("rds")
    named = {"DBParameterGroupName": "parameters"}
    rds.create_db_parameter_group(**named, DBParameterGroupFamily="postgres16", Description="own")
    forced = {"ParameterName": "rds.force_ssl", "ParameterValue": "1", "ApplyMethod": "immediate"}
    rds.modify_db_parameter_group(**named, Parameters=[forced])
    found = rds.describe_db_parameters(**named, Source="user")["Parameters"]
    assert [one.get("Source") for one in found] == ["user"], "a parameter without a source"
    _database(aws, "parameters", **named)
    _rejected("InvalidDBParameterGroupState", rds.delete_db_parameter_group, **named)
    rds.delete_db_instance(DBInstanceIdentifier="parameters", SkipFinalSnapshot=True)
    rds.reset_db_parameter_group(**named, Parameters=[forced])
    assert rds.describe_db_parameters(**named)["Parameters"] == []
    rds.delete_db_parameter_group(**named)


# -- the other services ------------------------------------------------------------------------------------------------


def autoscaling_tags(aws: Aws) -> None:
    scaling = aws("application-autoscaling")
    ecs = aws("ecs")
    ecs.create_cluster(clusterName="scaled")
    task = ecs.register_task_definition(
        family="scaled", containerDefinitions=[{"name": "a", "image": "b", "memory": 8}]
    )
    ecs.create_service(
        cluster="scaled", serviceName="api", taskDefinition=task["taskDefinition"]["taskDefinitionArn"], desiredCount=1
    )
    arn = scaling.register_scalable_target(
        ServiceNamespace="ecs",
        ResourceId="service/scaled/api",
        ScalableDimension="ecs:service:DesiredCount",
        MinCapacity=1,
        MaxCapacity=2,
        Tags={"Service": "tabular"},
    )["ScalableTargetARN"]
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"Service": "tabular"}
    scaling.tag_resource(ResourceARN=arn, Tags={"Team": "data"})
    scaling.untag_resource(ResourceARN=arn, TagKeys=["Service"])
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"Team": "data"}


def _role(aws: Aws, name: str) -> str:
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}],
    }
    made = aws("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    return str(made["Role"]["Arn"])


def _function(aws: Aws, name: str, **more: Any) -> Any:
    functions = aws("lambda")
    functions.create_function(
        FunctionName=name,
        Role=_role(aws, name),
        Runtime="python3.12",
        Handler="index.handler",
        Code={"ZipFile": b"PK\x05\x06" + bytes(18)},
        **more,
    )
    return functions


def lambda_invocation(aws: Aws) -> None:
    functions = _function(aws, "invoked")
    answer = functions.invoke(FunctionName="invoked", Payload=b"{}")
    assert "FunctionError" not in answer, "the function cannot run"
    assert "not run" in json.loads(answer["Payload"].read())["sandbox"]
    _rejected("ResourceNotFoundException", functions.invoke, FunctionName="no-such-function", Payload=b"{}")


def lambda_logging(aws: Aws) -> None:
    logging = {"LogFormat": "JSON", "LogGroup": "/inferloop/functions"}
    functions = _function(aws, "logging", LoggingConfig=logging)
    found = functions.get_function_configuration(FunctionName="logging")["LoggingConfig"]
    assert logging.items() <= found.items(), "logging is forgotten"


def _plan(aws: Aws, name: str) -> tuple[Any, str, str]:
    backup = aws("backup")
    backup.create_backup_vault(BackupVaultName=name)
    rule = {"RuleName": "daily", "TargetBackupVaultName": name, "ScheduleExpression": "cron(0 3 * * ? *)"}
    made = backup.create_backup_plan(
        BackupPlan={"BackupPlanName": name, "Rules": [rule]}, BackupPlanTags={"Project": "inferloop"}
    )
    return backup, made["BackupPlanId"], made["BackupPlanArn"]


def backup_recovery_points(aws: Aws) -> None:
    backup = aws("backup")
    backup.create_backup_vault(BackupVaultName="points")
    assert backup.list_recovery_points_by_backup_vault(BackupVaultName="points")["RecoveryPoints"] == []


def backup_selections(aws: Aws) -> None:
    backup, plan, _ = _plan(aws, "selections")
    tag = {"ConditionType": "STRINGEQUALS", "ConditionKey": "Backup", "ConditionValue": "true"}
    wanted = {"SelectionName": "tagged", "IamRoleArn": ROLE, "ListOfTags": [tag]}
    made = backup.create_backup_selection(BackupPlanId=plan, BackupSelection=wanted)["SelectionId"]
    assert backup.get_backup_selection(BackupPlanId=plan, SelectionId=made)["BackupSelection"] == wanted
    assert [one["SelectionId"] for one in backup.list_backup_selections(BackupPlanId=plan)["BackupSelectionsList"]] == [
        made
    ]
    backup.delete_backup_selection(BackupPlanId=plan, SelectionId=made)
    assert backup.list_backup_selections(BackupPlanId=plan)["BackupSelectionsList"] == []


def backup_tags(aws: Aws) -> None:
    backup, _, arn = _plan(aws, "tags")
    # botocore ends the path with a slash, the provider's SDK does not.
    backup.meta.events.register(
        "before-sign.backup.ListTags",
        lambda request, **_: setattr(request, "url", request.url.rstrip("/")),
    )
    assert backup.list_tags(ResourceArn=arn)["Tags"] == {"Project": "inferloop"}, "no tags without the slash"


def _environment(aws: Aws, name: str, **more: Any) -> Any:
    subnets = _subnets(aws)
    vpc = aws("ec2").describe_subnets(SubnetIds=subnets)["Subnets"][0]["VpcId"]
    group = aws("ec2").create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
    batch = aws("batch")
    resources = {"type": "FARGATE_SPOT", "maxvCpus": 16, "subnets": subnets, "securityGroupIds": [group]}
    batch.create_compute_environment(
        computeEnvironmentName=name, type="MANAGED", state="ENABLED", computeResources=resources, **more
    )
    return batch


def batch_service_linked_role(aws: Aws) -> None:
    batch = _environment(aws, "linked")
    found = batch.describe_compute_environments(computeEnvironments=["linked"])["computeEnvironments"][0]
    assert found["serviceRole"].endswith("role/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch")


def batch_update_policy(aws: Aws) -> None:
    batch = _environment(aws, "updated", serviceRole=_role(aws, "batch"))
    policy = {"jobExecutionTimeoutMinutes": 30, "terminateJobsOnUpdate": False}
    batch.update_compute_environment(computeEnvironment="updated", updatePolicy=policy)
    found = batch.describe_compute_environments(computeEnvironments=["updated"])["computeEnvironments"][0]
    assert found.get("updatePolicy") == policy, "the update policy is forgotten"


def _budget(aws: Aws, name: str) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    budgets = aws("budgets")
    budget = {
        "BudgetName": name,
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "BudgetLimit": {"Amount": "100", "Unit": "USD"},
    }
    notification = {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80.0}
    subscriber = {"SubscriptionType": "EMAIL", "Address": "ops@example.com"}
    budgets.create_budget(
        AccountId="123456789012",
        Budget=budget,
        NotificationsWithSubscribers=[{"Notification": notification, "Subscribers": [subscriber]}],
        ResourceTags=[{"Key": "Project", "Value": "inferloop"}],
    )
    return budgets, {"AccountId": "123456789012", "BudgetName": name}, notification


def budgets_subscribers(aws: Aws) -> None:
    budgets, named, notification = _budget(aws, "subscribers")
    found = budgets.describe_subscribers_for_notification(**named, Notification=notification)["Subscribers"]
    assert found == [{"SubscriptionType": "EMAIL", "Address": "ops@example.com"}]


def budgets_tags(aws: Aws) -> None:
    budgets, _, _ = _budget(aws, "tags")
    arn = "arn:aws:budgets::123456789012:budget/tags"
    assert budgets.list_tags_for_resource(ResourceARN=arn)["ResourceTags"] == [{"Key": "Project", "Value": "inferloop"}]
    budgets.tag_resource(ResourceARN=arn, ResourceTags=[{"Key": "Team", "Value": "data"}])
    budgets.untag_resource(ResourceARN=arn, ResourceTagKeys=["Project"])
    assert budgets.list_tags_for_resource(ResourceARN=arn)["ResourceTags"] == [{"Key": "Team", "Value": "data"}]


def budgets_update(aws: Aws) -> None:
    budgets, named, _ = _budget(aws, "changed")
    budget = budgets.describe_budget(**named)["Budget"] | {"BudgetLimit": {"Amount": "200", "Unit": "USD"}}
    budgets.update_budget(AccountId=named["AccountId"], NewBudget=budget)
    assert budgets.describe_budget(**named)["Budget"]["BudgetLimit"]["Amount"] == "200"


def ce_anomalies(aws: Aws) -> None:
    costs = aws("ce")
    monitor = {"MonitorName": "services", "MonitorType": "DIMENSIONAL", "MonitorDimension": "SERVICE"}
    arn = costs.create_anomaly_monitor(AnomalyMonitor=monitor)["MonitorArn"]
    found = costs.get_anomaly_monitors(MonitorArnList=[arn])["AnomalyMonitors"]
    assert [monitor.items() <= one.items() for one in found] == [True]
    subscription = {
        "SubscriptionName": "alerts",
        "MonitorArnList": [arn],
        "Subscribers": [{"Type": "EMAIL", "Address": "ops@example.com"}],
        "Frequency": "DAILY",
        "Threshold": 50.0,
    }
    made = costs.create_anomaly_subscription(AnomalySubscription=subscription)["SubscriptionArn"]
    costs.update_anomaly_subscription(SubscriptionArn=made, Frequency="WEEKLY")
    found = costs.get_anomaly_subscriptions(SubscriptionArnList=[made])["AnomalySubscriptions"]
    assert [one["Frequency"] for one in found] == ["WEEKLY"]
    costs.delete_anomaly_subscription(SubscriptionArn=made)
    assert costs.get_anomaly_subscriptions()["AnomalySubscriptions"] == []
    costs.delete_anomaly_monitor(MonitorArn=arn)
    assert costs.get_anomaly_monitors()["AnomalyMonitors"] == []


def _policy_lives(cloudfront: Any, kind: str, word: str, config: dict[str, Any]) -> None:
    """Create, change and delete a policy; reading shows each step."""
    made = getattr(cloudfront, f"create_{word}")(**{f"{kind}Config": config})
    name = made[kind]["Id"]
    get = getattr(cloudfront, f"get_{word}")
    changed = config | {"Comment": "changed"}
    getattr(cloudfront, f"update_{word}")(**{"Id": name, "IfMatch": made["ETag"], f"{kind}Config": changed})
    found = get(Id=name)
    assert changed.items() <= found[kind][f"{kind}Config"].items()
    assert found["ETag"] != made["ETag"]
    getattr(cloudfront, f"delete_{word}")(Id=name, IfMatch=found["ETag"])
    _rejected(f"NoSuch{kind}", get, Id=name)


def cloudfront_cache_policies(aws: Aws) -> None:
    config = {"Name": "static", "Comment": "", "DefaultTTL": 60, "MaxTTL": 600, "MinTTL": 0}
    _policy_lives(aws("cloudfront"), "CachePolicy", "cache_policy", config)


def cloudfront_response_headers_policies(aws: Aws) -> None:
    hsts = {"Override": True, "AccessControlMaxAgeSec": 60, "IncludeSubdomains": True, "Preload": True}
    config = {"Name": "secure", "Comment": "", "SecurityHeadersConfig": {"StrictTransportSecurity": hsts}}
    _policy_lives(aws("cloudfront"), "ResponseHeadersPolicy", "response_headers_policy", config)


def cloudfront_distributions(aws: Aws) -> None:
    cloudfront = aws("cloudfront")
    site = {
        "Id": "site",
        "DomainName": "static.s3.us-east-1.amazonaws.com",
        "OriginAccessControlId": "E1",
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }
    ports = {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "https-only"}
    api = {"Id": "api", "DomainName": "api.example.com", "CustomOriginConfig": ports}
    certificate = {
        "ACMCertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/a",
        "SSLSupportMethod": "sni-only",
        "MinimumProtocolVersion": "TLSv1.2_2021",
    }
    behavior = {
        "TargetOriginId": "site",
        "ViewerProtocolPolicy": "redirect-to-https",
        "AllowedMethods": CACHED | {"CachedMethods": CACHED},
        "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
    }
    made = cloudfront.create_distribution(
        DistributionConfig={
            "CallerReference": "probe",
            "Comment": "",
            "Enabled": True,
            "Origins": {"Quantity": 2, "Items": [site, api]},
            "DefaultCacheBehavior": behavior,
            "ViewerCertificate": certificate,
        }
    )
    found = cloudfront.get_distribution(Id=made["Distribution"]["Id"])["Distribution"]["DistributionConfig"]
    assert certificate.items() <= found["ViewerCertificate"].items(), "another certificate than asked for"
    assert "ForwardedValues" not in found["DefaultCacheBehavior"], "values to forward beside a cache policy"
    assert [one["OriginAccessControlId"] for one in found["Origins"]["Items"]] == ["E1", ""]
    assert found["OriginGroups"]["Quantity"] == 0
    assert found["PriceClass"] == "PriceClass_All"


def cloudtrail_names(aws: Aws) -> None:
    aws("s3").create_bucket(Bucket="trails")
    trails = aws("cloudtrail")
    arns = {name: trails.create_trail(Name=name, S3BucketName="trails")["TrailARN"] for name in ("dev", "staging")}
    for wanted in ("dev", arns["dev"]):
        found = trails.describe_trails(trailNameList=[wanted])["trailList"]
        assert [one["Name"] for one in found] == ["dev"], "another trail than asked for"
    assert {"dev", "staging"} <= {one["Name"] for one in trails.describe_trails()["trailList"]}


def ec2_launch_template_tags(aws: Aws) -> None:
    ec2 = aws("ec2")

    def tags(kind: str) -> list[dict[str, Any]]:
        return [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": kind}]}]

    ec2.create_launch_template(
        LaunchTemplateName="nodes",
        TagSpecifications=tags("launch-template"),
        LaunchTemplateData={"TagSpecifications": tags("instance")},
    )
    found = ec2.describe_launch_template_versions(LaunchTemplateName="nodes")["LaunchTemplateVersions"][0]
    kinds = [one["ResourceType"] for one in found["LaunchTemplateData"]["TagSpecifications"]]
    assert kinds == ["instance"], "the template's own tags among those for instances"
    template = ec2.describe_launch_templates(LaunchTemplateNames=["nodes"])["LaunchTemplates"][0]
    assert template["Tags"] == [{"Key": "Name", "Value": "launch-template"}]


def ec2_rule_descriptions(aws: Aws) -> None:
    ec2 = aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="rules", Description="rules", VpcId=vpc)["GroupId"]
    tcp = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
    peers = [
        {"UserIdGroupPairs": [{"GroupId": group, "Description": "from a group"}]},
        {"PrefixListIds": [{"PrefixListId": "pl-63a5400a", "Description": "from a prefix list"}]},
        {"IpRanges": [{"CidrIp": "192.0.2.0/24", "Description": "from a range"}]},
    ]
    for peer in peers:
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[tcp | peer])
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])["SecurityGroupRules"]
    found = {rule.get("Description") for rule in rules if not rule["IsEgress"]}
    assert found == {"from a group", "from a prefix list", "from a range"}, "descriptions are lost"


def ecs_services(aws: Aws) -> None:
    ecs = aws("ecs")
    ecs.create_cluster(clusterName="services")
    task = ecs.register_task_definition(family="api", containerDefinitions=[{"name": "a", "image": "b", "memory": 8}])
    strategy = [{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}]
    breaker = {"enable": True, "rollback": True}
    deployment = {"maximumPercent": 200, "minimumHealthyPercent": 100, "deploymentCircuitBreaker": breaker}
    ecs.create_service(
        cluster="services",
        serviceName="api",
        taskDefinition=task["taskDefinition"]["taskDefinitionArn"],
        desiredCount=2,
        capacityProviderStrategy=strategy,
        deploymentConfiguration=deployment,
        enableECSManagedTags=True,
        healthCheckGracePeriodSeconds=30,
    )
    found = ecs.describe_services(cluster="services", services=["api"])["services"][0]
    assert found.get("capacityProviderStrategy") == strategy, "the capacity providers are forgotten"
    assert "launchType" not in found
    assert deployment.items() <= found["deploymentConfiguration"].items()
    assert (found["enableECSManagedTags"], found["healthCheckGracePeriodSeconds"]) == (True, 30)


def efs_backup_policy(aws: Aws) -> None:
    files = aws("efs")
    system = files.create_file_system(CreationToken="backed-up", Backup=False)["FileSystemId"]
    assert files.describe_backup_policy(FileSystemId=system)["BackupPolicy"]["Status"] == "DISABLED"
    files.put_backup_policy(FileSystemId=system, BackupPolicy={"Status": "ENABLED"})
    assert files.describe_backup_policy(FileSystemId=system)["BackupPolicy"]["Status"] == "ENABLED"


def efs_policy_removal(aws: Aws) -> None:
    files = aws("efs")
    system = files.create_file_system(CreationToken="restricted")["FileSystemId"]
    deny = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    files.put_file_system_policy(FileSystemId=system, Policy=policy)
    files.delete_file_system_policy(FileSystemId=system)
    _rejected("PolicyNotFound", files.describe_file_system_policy, FileSystemId=system)


def guardduty_features(aws: Aws) -> None:
    guardduty = aws("guardduty")
    detector = guardduty.create_detector(Enable=True)["DetectorId"]
    for name in ("S3_DATA_EVENTS", "RDS_LOGIN_EVENTS"):
        guardduty.update_detector(DetectorId=detector, Features=[{"Name": name, "Status": "ENABLED"}])
    found = {one["Name"] for one in guardduty.get_detector(DetectorId=detector)["Features"]}
    assert {"S3_DATA_EVENTS", "RDS_LOGIN_EVENTS"} <= found, "a feature is dropped"


def s3_conditional_denials(aws: Aws) -> None:
    s3 = aws("s3")
    s3.create_bucket(Bucket="denials")
    everything = ["arn:aws:s3:::denials", "arn:aws:s3:::denials/*"]
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": everything}
    tls = deny | {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    s3.put_bucket_policy(Bucket="denials", Policy=json.dumps({"Version": "2012-10-17", "Statement": [tls]}))
    s3.put_object(Bucket="denials", Key="a", Body=b"b")
    writes = deny | {"Action": "s3:PutObject"}
    s3.put_bucket_policy(Bucket="denials", Policy=json.dumps({"Version": "2012-10-17", "Statement": [tls, writes]}))
    _rejected("403", s3.put_object, Bucket="denials", Key="a", Body=b"c")
    assert s3.get_object(Bucket="denials", Key="a")["Body"].read() == b"b"


def s3_event_bridge(aws: Aws) -> None:
    s3 = aws("s3")
    s3.create_bucket(Bucket="events")
    s3.put_bucket_notification_configuration(
        Bucket="events", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    found = s3.get_bucket_notification_configuration(Bucket="events")
    assert "EventBridgeConfiguration" in found, "EventBridge is forgotten"


def s3_lifecycle(aws: Aws) -> None:
    s3 = aws("s3")
    s3.create_bucket(Bucket="lifecycle")
    keep = {"NoncurrentVersionExpiration": {"NoncurrentDays": 30, "NewerNoncurrentVersions": 3}}
    rules = [
        {"ID": "versions", "Status": "Enabled", "Filter": {"Prefix": ""}, **keep},
        {"ID": "large", "Status": "Enabled", "Filter": {"ObjectSizeGreaterThan": 1000}, **keep},
        {"ID": "small", "Status": "Enabled", "Filter": {"And": {"Prefix": "a/", "ObjectSizeLessThan": 9}}, **keep},
    ]
    s3.put_bucket_lifecycle_configuration(Bucket="lifecycle", LifecycleConfiguration={"Rules": rules})
    found = s3.get_bucket_lifecycle_configuration(Bucket="lifecycle")["Rules"]
    assert found == rules, "a rule is told otherwise"
    s3.delete_bucket_lifecycle(Bucket="lifecycle")
    _rejected("NoSuchLifecycleConfiguration", s3.get_bucket_lifecycle_configuration, Bucket="lifecycle")


def sqs_policy_kept(aws: Aws) -> None:
    sqs = aws("sqs")
    queue = sqs.create_queue(QueueName="policy")["QueueUrl"]
    arn = "arn:aws:sqs:us-east-1:123456789012:policy"
    allowed = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "60"})
    found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert json.loads(found.get("Policy", "null")) == json.loads(policy), "the policy is forgotten"
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": ""})
    assert "Policy" not in sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]


def sqs_redrive_policies(aws: Aws) -> None:
    sqs = aws("sqs")
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    live = sqs.create_queue(QueueName="live")["QueueUrl"]
    redrive = '{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:123456789012:dead","maxReceiveCount":5}'
    allowed = '{"redrivePermission":"byQueue","sourceQueueArns":["arn:aws:sqs:us-east-1:123456789012:live"]}'
    for queue, name, value in ((live, "RedrivePolicy", redrive), (dead, "RedriveAllowPolicy", allowed)):
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={name: value})
        found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=[name])["Attributes"]
        assert found == {name: value}, f"{name} is told otherwise"


def xray_groups(aws: Aws) -> None:
    xray = aws("xray")
    made = xray.create_group(GroupName="textnlp", FilterExpression='service("textnlp")')["Group"]
    xray.update_group(GroupARN=made["GroupARN"], InsightsConfiguration={"InsightsEnabled": True})
    found = xray.get_group(GroupName="textnlp")["Group"]
    assert (found["FilterExpression"], found["InsightsConfiguration"]["InsightsEnabled"]) == (
        'service("textnlp")',
        True,
    )
    xray.delete_group(GroupName="textnlp")
    _rejected("InvalidRequestException", xray.get_group, GroupName="textnlp")


def _rule(aws: Aws, name: str) -> tuple[Any, str]:
    wildcards = dict.fromkeys(("ServiceName", "ServiceType", "Host", "HTTPMethod", "URLPath", "ResourceARN"), "*")
    rule = {"RuleName": name, "Priority": 100, "FixedRate": 0.1, "ReservoirSize": 1, "Version": 1, **wildcards}
    xray = aws("xray")
    made = xray.create_sampling_rule(SamplingRule=rule, Tags=[{"Key": "Service", "Value": "textnlp"}])
    return xray, made["SamplingRuleRecord"]["SamplingRule"]["RuleARN"]


def xray_sampling_rules(aws: Aws) -> None:
    xray, arn = _rule(aws, "sampled")
    xray.update_sampling_rule(SamplingRuleUpdate={"RuleARN": arn, "FixedRate": 0.5})
    records = xray.get_sampling_rules()["SamplingRuleRecords"]
    assert [one["SamplingRule"]["FixedRate"] for one in records if one["SamplingRule"]["RuleARN"] == arn] == [0.5]
    xray.delete_sampling_rule(RuleARN=arn)
    assert arn not in [one["SamplingRule"]["RuleARN"] for one in xray.get_sampling_rules()["SamplingRuleRecords"]]


def xray_tags(aws: Aws) -> None:
    xray, arn = _rule(aws, "tagged")
    xray.tag_resource(ResourceARN=arn, Tags=[{"Key": "Team", "Value": "data"}])
    xray.untag_resource(ResourceARN=arn, TagKeys=["Service"])
    assert xray.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "Team", "Value": "data"}]
