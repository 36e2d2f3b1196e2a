mock_provider "aws" {
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab", key_id = "1234abcd-12ab-34cd-56ef-1234567890ab" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/eks/acme-dev/cluster" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/acme-dev-eks" }
  }
  mock_resource "aws_launch_template" {
    defaults = { id = "lt-0a1b2c3d4e5f60718", latest_version = 3 }
  }
  mock_resource "aws_iam_openid_connect_provider" {
    defaults = { arn = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/ABCD" }
  }
  mock_resource "aws_eks_cluster" {
    defaults = {
      arn                   = "arn:aws:eks:eu-central-1:111122223333:cluster/acme-dev"
      endpoint              = "https://ABCD.gr7.eu-central-1.eks.amazonaws.com"
      certificate_authority = [{ data = "Y2E=" }]
      identity              = [{ oidc = [{ issuer = "https://oidc.eks.eu-central-1.amazonaws.com/id/ABCD" }] }]
    }
  }
}

variables {
  name    = "acme-dev"
  account = { id = "111122223333", region = "eu-central-1" }
  labels  = { Project = "acme" }
  network = { vpc_id = "vpc-1", private_subnet_ids = ["subnet-1", "subnet-2", "subnet-3"] }
  node_pools = {
    general = { machine_types = ["m7i.large", "m6i.large"], min = 2, max = 6, labels = { team = "platform" } }
    spot    = { machine_types = ["m7g.large", "m6g.large"], min = 0, max = 10, spot = true }
    gpu     = { machine_types = ["g4dn.xlarge"], min = 0, max = 2, gpu = { type = "nvidia-t4" }, disk_gb = 120 }
  }
}

run "private_cluster_with_general_spot_and_gpu_pools" {
  command = apply

  variables {
    access_entries = {
      platform = { principal_arn = "arn:aws:iam::111122223333:role/platform", policies = { AmazonEKSClusterAdminPolicy = {} } }
      text = {
        principal_arn     = "arn:aws:iam::111122223333:role/teams/text"
        kubernetes_groups = ["text"]
        policies          = { AmazonEKSEditPolicy = { namespaces = ["text"] }, AmazonEKSViewPolicy = {} }
      }
    }
    addons = { aws-efs-csi-driver = {}, coredns = { version = "v1.12.1-eksbuild.2", configuration_json = "{\"replicaCount\":3}" } }
  }

  assert {
    condition     = aws_eks_cluster.this[0].access_config[0].authentication_mode == "API" && aws_eks_cluster.this[0].access_config[0].bootstrap_cluster_creator_admin_permissions == false
    error_message = "Access must go by entries only, and whoever makes the cluster must get none by that."
  }
  assert {
    condition     = aws_eks_cluster.this[0].vpc_config[0].endpoint_private_access && !aws_eks_cluster.this[0].vpc_config[0].endpoint_public_access
    error_message = "The endpoint must be private unless ranges are given."
  }
  assert {
    condition     = aws_eks_cluster.this[0].encryption_config[0].provider[0].key_arn == aws_kms_key.secrets[0].arn && aws_eks_cluster.this[0].encryption_config[0].resources == toset(["secrets"]) && aws_kms_key.secrets[0].enable_key_rotation && aws_kms_key.secrets[0].deletion_window_in_days == 30
    error_message = "Kubernetes secrets must be encrypted with a rotated key of the cluster."
  }
  assert {
    condition     = length(aws_eks_cluster.this[0].enabled_cluster_log_types) == 5 && aws_cloudwatch_log_group.control_plane[0].name == "/aws/eks/acme-dev/cluster" && aws_cloudwatch_log_group.control_plane[0].retention_in_days == 365 && aws_cloudwatch_log_group.control_plane[0].kms_key_id == aws_kms_key.secrets[0].arn
    error_message = "All control plane logs must go to an encrypted group with retention."
  }
  assert {
    condition     = aws_eks_cluster.this[0].kubernetes_network_config[0].service_ipv4_cidr == "172.20.0.0/16" && aws_eks_cluster.this[0].version == "1.35" && aws_eks_cluster.this[0].upgrade_policy[0].support_type == "STANDARD"
    error_message = "Version, service range and support must be those asked for."
  }
  assert {
    condition = { for key, association in aws_eks_access_policy_association.this : key => "${association.policy_arn} ${association.access_scope[0].type}" } == {
      "platform/AmazonEKSClusterAdminPolicy" = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy cluster"
      "text/AmazonEKSEditPolicy"             = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy namespace"
      "text/AmazonEKSViewPolicy"             = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy cluster"
    }
    error_message = "Each policy of an entry must be associated over the namespaces it names, or over the cluster."
  }
  assert {
    condition     = aws_eks_access_policy_association.this["text/AmazonEKSEditPolicy"].access_scope[0].namespaces == toset(["text"]) && aws_eks_access_entry.this["text"].kubernetes_groups == toset(["text"])
    error_message = "Namespaces and groups of an entry must be kept."
  }
  assert {
    condition     = tolist(keys(output.addon_versions)) == tolist(["aws-ebs-csi-driver", "aws-efs-csi-driver", "coredns", "eks-pod-identity-agent", "kube-proxy", "metrics-server", "vpc-cni"])
    error_message = "The built-in add-ons and those asked for must be there."
  }
  assert {
    condition     = tolist(keys(aws_eks_addon.base)) == tolist(["eks-pod-identity-agent", "kube-proxy"]) && keys(aws_eks_addon.network)[0] == "vpc-cni" && length(aws_eks_addon.workload) == 4
    error_message = "Identity agent, proxy and network must come before the nodes, the rest after."
  }
  assert {
    condition     = aws_eks_addon.workload["coredns"].addon_version == "v1.12.1-eksbuild.2" && aws_eks_addon.workload["coredns"].configuration_values == "{\"replicaCount\":3}" && jsondecode(aws_eks_addon.network["vpc-cni"].configuration_values).enableNetworkPolicy == "true"
    error_message = "Version and configuration of an add-on must be kept, and network policies be enforced by default."
  }
  assert {
    condition = { for name, addon in merge(aws_eks_addon.network, aws_eks_addon.workload) : name => [for association in addon.pod_identity_association : association.service_account] } == {
      "aws-ebs-csi-driver" = ["ebs-csi-controller-sa"], "aws-efs-csi-driver" = ["efs-csi-controller-sa"], "coredns" = [], "metrics-server" = [], "vpc-cni" = ["aws-node"]
    }
    error_message = "Add-ons that call AWS must have a role by pod identity, the others none."
  }
  assert {
    condition     = aws_eks_pod_identity_association.files[0].service_account == "efs-csi-node-sa" && jsondecode(aws_iam_role.files[0].assume_role_policy).Statement[0].Condition.StringEquals["aws:RequestTag/kubernetes-service-account"] == "efs-csi-node-sa" && jsondecode(aws_iam_role_policy.files[0].policy).Statement[0].Condition.StringLike["elasticfilesystem:AccessPointArn"] == "arn:aws:elasticfilesystem:eu-central-1:111122223333:access-point/*"
    error_message = "What mounts file systems on the nodes must have a role of its own, for access points only."
  }
  assert {
    condition     = jsondecode(aws_iam_role.addon["vpc-cni"].assume_role_policy).Statement[0].Condition.StringEquals["aws:RequestTag/eks-cluster-arn"] == "arn:aws:eks:eu-central-1:111122223333:cluster/acme-dev" && jsondecode(aws_iam_role.addon["vpc-cni"].assume_role_policy).Statement[0].Condition.StringEquals["aws:RequestTag/kubernetes-service-account"] == "aws-node"
    error_message = "An add-on's role must be for its service account in this cluster only."
  }
  assert {
    condition     = jsondecode(aws_iam_role.cluster[0].assume_role_policy).Statement[0].Condition.ArnLike["aws:SourceArn"] == "arn:aws:eks:eu-central-1:111122223333:cluster/acme-dev"
    error_message = "The control plane's role must be for this cluster only."
  }
  assert {
    condition     = tolist(keys(aws_iam_role_policy_attachment.node)) == tolist(["AmazonEC2ContainerRegistryPullOnly", "AmazonEKSWorkerNodePolicy"])
    error_message = "The node role must not hold the network plug-in's policy or any wider one."
  }
  assert {
    condition     = alltrue([for template in aws_launch_template.node : template.metadata_options[0].http_tokens == "required" && template.metadata_options[0].http_put_response_hop_limit == 1])
    error_message = "Nodes must need IMDSv2 and keep it from pods."
  }
  assert {
    condition     = alltrue([for template in aws_launch_template.node : template.block_device_mappings[0].ebs[0].encrypted == "true" && template.block_device_mappings[0].ebs[0].kms_key_id == aws_kms_key.volumes[0].arn && template.block_device_mappings[0].ebs[0].volume_type == "gp3"]) && aws_launch_template.node["gpu"].block_device_mappings[0].ebs[0].volume_size == 120
    error_message = "Root volumes must be encrypted gp3 of the size asked for."
  }
  assert {
    condition     = alltrue([for template in aws_launch_template.node : toset(template.vpc_security_group_ids) == toset([output.security_group_id, aws_security_group.nodes[0].id])])
    error_message = "Nodes must carry the cluster's group and the group that says who is a node."
  }
  assert {
    condition     = alltrue([for template in aws_launch_template.node : alltrue([for specification in template.tag_specifications : specification.tags["Project"] == "acme"]) && length(template.tag_specifications) == 3])
    error_message = "Instances, volumes and interfaces must be tagged."
  }
  assert {
    condition     = { for name, group in aws_eks_node_group.this : name => "${group.ami_type} ${group.capacity_type}" } == { general = "AL2023_x86_64_STANDARD ON_DEMAND", spot = "AL2023_ARM_64_STANDARD SPOT", gpu = "AL2023_x86_64_NVIDIA ON_DEMAND" }
    error_message = "Image and capacity must follow the machine types, GPU and spot."
  }
  assert {
    condition     = aws_eks_node_group.this["gpu"].taint == toset([{ key = "nvidia.com/gpu", value = "present", effect = "NO_SCHEDULE" }]) && aws_eks_node_group.this["gpu"].labels["inferloop.io/gpu-type"] == "nvidia-t4" && aws_eks_node_group.this["gpu"].labels["inferloop.io/gpu-count"] == "1"
    error_message = "A GPU pool must carry the nvidia.com/gpu taint and labels with its GPUs."
  }
  assert {
    condition     = aws_eks_node_group.this["spot"].taint == toset([{ key = "inferloop.io/spot", value = "true", effect = "NO_SCHEDULE" }]) && length(aws_eks_node_group.this["general"].taint) == 0
    error_message = "A spot pool must be tainted, a general one not."
  }
  assert {
    condition     = aws_eks_node_group.this["general"].labels == tomap({ "team" = "platform", "inferloop.io/pool" = "general", "inferloop.io/capacity" = "on-demand" })
    error_message = "A pool without GPUs must have its own labels, its name and its capacity."
  }
  assert {
    condition     = { for name, group in aws_eks_node_group.this : name => "${group.scaling_config[0].min_size} ${group.scaling_config[0].desired_size} ${group.scaling_config[0].max_size}" } == { general = "2 2 6", spot = "0 0 10", gpu = "0 0 2" }
    error_message = "Each pool must scale between min and max, starting with min."
  }
  assert {
    condition     = alltrue([for group in aws_eks_node_group.this : group.update_config[0].max_unavailable_percentage == 33 && group.node_repair_config[0].enabled && group.launch_template[0].version == "3"])
    error_message = "Nodes must be updated in parts, repaired, and follow the newest launch template."
  }
  assert {
    condition     = output.node_pools["gpu"].taints == [{ key = "nvidia.com/gpu", value = "present", effect = "NoSchedule" }] && output.node_pools["spot"].arch == "arm64" && output.node_pools["general"].arch == "amd64"
    error_message = "The output must give taints as Kubernetes spells them, and the architecture."
  }
  assert {
    condition     = jsondecode(output.autoscaler_policy).Statement[2].Condition.StringEquals["aws:ResourceTag/k8s.io/cluster-autoscaler/acme-dev"] == "owned"
    error_message = "Cluster Autoscaler may size the groups of this cluster only."
  }
  assert {
    condition     = jsondecode(aws_kms_key.volumes[0].policy).Statement[1].Condition.StringEquals["kms:ViaService"] == "ec2.eu-central-1.amazonaws.com" && jsondecode(aws_kms_key.volumes[0].policy).Statement[2].Condition.Bool["kms:GrantIsForAWSResource"] == "true" && jsondecode(aws_kms_key.volumes[0].policy).Statement[2].Condition.StringEquals["kms:CallerAccount"] == "111122223333"
    error_message = "The volumes' key must serve EC2 on behalf of this account only."
  }
  assert {
    condition     = output.endpoint == "https://ABCD.gr7.eu-central-1.eks.amazonaws.com" && output.ca_certificate == "Y2E=" && output.oidc_issuer == "https://oidc.eks.eu-central-1.amazonaws.com/id/ABCD" && output.oidc_provider_arn == aws_iam_openid_connect_provider.this[0].arn && output.version == "1.35" && output.name == "acme-dev"
    error_message = "The outputs must describe the cluster."
  }
  assert {
    condition     = output.arn == "arn:aws:eks:eu-central-1:111122223333:cluster/acme-dev" && output.node_security_group_id == aws_security_group.nodes[0].id && output.secrets_key_arn == aws_kms_key.secrets[0].arn && output.volumes_key_arn == aws_kms_key.volumes[0].arn && output.log_group_name == "/aws/eks/acme-dev/cluster"
    error_message = "The outputs must describe what belongs to the cluster."
  }
}

run "public_endpoint_brought_keys_and_other_choices" {
  command = plan

  variables {
    public_access_cidrs      = ["203.0.113.0/24"]
    encryption_keys          = { secrets = { arn = "arn:aws:kms:eu-central-1:111122223333:key/s" }, volumes = { arn = "arn:aws:kms:eu-central-1:111122223333:key/v" } }
    permissions_boundary_arn = "arn:aws:iam::111122223333:policy/boundary"
    control_plane_logs       = { types = ["audit"], retention_days = 30 }
    addons = {
      metrics-server = { enabled = false }
      reports        = { identity = { service_account = "reports", policy_arns = { read = "arn:aws:iam::aws:policy/ReadOnlyAccess" } } }
    }
    node_pools = {
      general = { machine_types = ["m7i.large"], min = 1, max = 4, desired = 2 }
      cheap   = { machine_types = ["m7i.large"], spot = true, spot_taint = false, kubernetes_version = "1.32", max_unavailable_percent = 50, taints = { batch = { key = "batch", effect = "NoExecute" } } }
      large   = { machine_types = ["g5.12xlarge"], min = 0, max = 1, gpu = { type = "nvidia-a10g", count = 4 } }
    }
  }

  assert {
    condition     = aws_eks_cluster.this[0].vpc_config[0].endpoint_public_access && aws_eks_cluster.this[0].vpc_config[0].endpoint_private_access && aws_eks_cluster.this[0].vpc_config[0].public_access_cidrs == toset(["203.0.113.0/24"])
    error_message = "With ranges the endpoint must be public for them, and stay private beside."
  }
  assert {
    condition     = length(aws_kms_key.secrets) + length(aws_kms_key.volumes) == 0 && output.secrets_key_arn == "arn:aws:kms:eu-central-1:111122223333:key/s" && output.volumes_key_arn == "arn:aws:kms:eu-central-1:111122223333:key/v"
    error_message = "Keys that are brought must be used, and none made."
  }
  assert {
    condition     = alltrue([for role in concat(aws_iam_role.cluster, aws_iam_role.node, values(aws_iam_role.addon)) : role.permissions_boundary == "arn:aws:iam::111122223333:policy/boundary"])
    error_message = "Every role must be bounded."
  }
  assert {
    condition     = !contains(keys(aws_eks_addon.workload), "metrics-server") && aws_iam_role_policy_attachment.addon["reports/read"].role == "acme-dev-eks-reports" && length(aws_eks_addon.workload["reports"].pod_identity_association) == 1
    error_message = "Add-ons can be switched off and others added with their own role."
  }
  assert {
    condition     = aws_eks_node_group.this["general"].scaling_config[0].desired_size == 2 && aws_eks_node_group.this["cheap"].version == "1.32" && aws_eks_node_group.this["cheap"].update_config[0].max_unavailable_percentage == 50
    error_message = "A pool's own start size, version and update step must be used."
  }
  assert {
    condition     = [for taint in aws_eks_node_group.this["cheap"].taint : "${taint.key} ${taint.effect}"] == ["batch NO_EXECUTE"]
    error_message = "A spot pool may go without the spot taint, and pools may have taints of their own."
  }
  assert {
    condition     = aws_eks_cluster.this[0].enabled_cluster_log_types == toset(["audit"]) && aws_cloudwatch_log_group.control_plane[0].retention_in_days == 30
    error_message = "Log types and retention must be those asked for."
  }
}

run "a_change_that_needs_new_nodes_gives_the_group_a_new_name" {
  command = apply

  variables {
    node_pools = { general = { machine_types = ["m7a.large"], min = 2, max = 6 } }
  }

  assert {
    condition     = output.node_group_names["general"] != run.private_cluster_with_general_spot_and_gpu_pools.node_group_names["general"] && startswith(output.node_group_names["general"], "general-")
    error_message = "Other machine types must give the node group another name, so that it can be made before the old one goes."
  }
}

run "existing_cluster_takes_access_entries_only" {
  command = plan

  variables {
    existing = {
      name           = "shared"
      endpoint       = "https://shared.example"
      ca_certificate = "Y2E="
    }
    access_entries = { platform = { principal_arn = "arn:aws:iam::111122223333:role/platform" } }
  }

  assert {
    condition     = length(aws_eks_cluster.this) + length(aws_eks_node_group.this) + length(aws_launch_template.node) + length(aws_eks_addon.base) + length(aws_eks_addon.workload) + length(aws_iam_role.node) + length(aws_iam_role.addon) + length(aws_kms_key.secrets) + length(aws_security_group.nodes) == 0
    error_message = "Nothing but access entries may be made for an existing cluster."
  }
  assert {
    condition     = aws_eks_access_entry.this["platform"].cluster_name == "shared" && output.name == "shared" && output.arn == "arn:aws:eks:eu-central-1:111122223333:cluster/shared" && output.endpoint == "https://shared.example" && output.node_pools["gpu"].labels["inferloop.io/gpu-type"] == "nvidia-t4"
    error_message = "The outputs must be those of the existing cluster, with the pools it is said to have."
  }
}

run "without_a_pool_for_addons_it_is_refused" {
  command = plan
  variables {
    node_pools = { spot = { machine_types = ["m7i.large"], spot = true }, asleep = { machine_types = ["m7i.large"], min = 0 } }
  }
  expect_failures = [aws_eks_cluster.this]
}

run "wrong_values_are_refused" {
  command = plan
  variables {
    name                = "-acme"
    account             = { id = "111122223333", region = "eu-central-1" }
    access_entries      = { a = { principal_arn = "arn:aws:sts::111122223333:assumed-role/a/b" } }
    addons              = { coredns = { configuration_json = "{" } }
    control_plane_logs  = { types = ["scheduling"], retention_days = 31 }
    kubernetes_version  = "1.35.1"
    network             = { vpc_id = "vpc-1", private_subnet_ids = ["subnet-1"] }
    node_pools          = { general = { machine_types = ["m7i.large"], min = 5, max = 3 } }
    public_access_cidrs = ["0.0.0.0/0"]
    service_cidr        = "100.64.0.0/16"
  }
  expect_failures = [
    var.name, var.access_entries, var.addons, var.control_plane_logs, var.kubernetes_version, var.network, var.node_pools,
    var.public_access_cidrs, var.service_cidr,
  ]
}

run "desired_above_max_is_refused" {
  command = plan
  variables {
    node_pools = { general = { machine_types = ["m7i.large"], min = 1, max = 3, desired = 4 } }
  }
  expect_failures = [var.node_pools]
}

run "another_gpu_than_the_machines_have_is_refused" {
  command = plan
  variables {
    node_pools = { general = { machine_types = ["m7i.large"] }, gpu = { machine_types = ["g5.xlarge"], gpu = { type = "nvidia-t4" } } }
  }
  expect_failures = [var.node_pools]
}

run "gpu_machines_without_gpu_are_refused" {
  command = plan
  variables {
    node_pools = { general = { machine_types = ["m7i.large"] }, gpu = { machine_types = ["g5.xlarge"] } }
  }
  expect_failures = [var.node_pools]
}

run "gpus_on_machines_without_any_are_refused" {
  command = plan
  variables {
    node_pools = { general = { machine_types = ["m7i.large"] }, gpu = { machine_types = ["m7i.xlarge"], gpu = { type = "nvidia-t4" } } }
  }
  expect_failures = [var.node_pools]
}

run "another_number_of_gpus_is_refused" {
  command = plan
  variables {
    node_pools = { general = { machine_types = ["m7i.large"] }, gpu = { machine_types = ["g5.12xlarge"], gpu = { type = "nvidia-a10g" } } }
  }
  expect_failures = [var.node_pools]
}

run "mixed_architectures_are_refused" {
  command = plan
  variables {
    node_pools = { general = { machine_types = ["m7i.large", "m7g.large"] } }
  }
  expect_failures = [var.node_pools]
}

run "labels_of_kubernetes_are_refused" {
  command = plan
  variables {
    node_pools = { general = { machine_types = ["m7i.large"], labels = { "node.kubernetes.io/x" = "y" } } }
  }
  expect_failures = [var.node_pools]
}

run "two_entries_of_one_principal_are_refused" {
  command = plan
  variables {
    access_entries = {
      a = { principal_arn = "arn:aws:iam::111122223333:role/a" }
      b = { principal_arn = "arn:aws:iam::111122223333:role/a" }
    }
  }
  expect_failures = [var.access_entries]
}

run "unknown_access_policies_are_refused" {
  command = plan
  variables {
    access_entries = { a = { principal_arn = "arn:aws:iam::111122223333:role/a", policies = { Admin = {} } } }
  }
  expect_failures = [var.access_entries]
}

run "groups_of_kubernetes_itself_are_refused" {
  command = plan
  variables {
    access_entries = { a = { principal_arn = "arn:aws:iam::111122223333:role/a", kubernetes_groups = ["system:masters"] } }
  }
  expect_failures = [var.access_entries]
}

run "a_retention_that_cloudwatch_does_not_know_is_refused" {
  command = plan
  variables {
    control_plane_logs = { retention_days = 31 }
  }
  expect_failures = [var.control_plane_logs]
}

run "an_existing_endpoint_without_tls_is_refused" {
  command = plan
  variables {
    existing = { name = "a", endpoint = "http://a", ca_certificate = "Y2E=" }
  }
  expect_failures = [var.existing]
}

run "an_existing_certificate_that_is_not_base64_is_refused" {
  command = plan
  variables {
    existing = { name = "a", endpoint = "https://a", ca_certificate = "-----BEGIN" }
  }
  expect_failures = [var.existing]
}

run "addons_of_an_existing_cluster_are_refused" {
  command = plan
  variables {
    existing = { name = "a", endpoint = "https://a", ca_certificate = "Y2E=" }
    addons   = { coredns = {} }
  }
  expect_failures = [var.existing]
}

run "a_pool_name_that_is_too_long_is_refused" {
  command = plan
  variables {
    node_pools = { general = { machine_types = ["m7i.large"] }, a-pool-with-more-than-20 = { machine_types = ["m7i.large"] } }
  }
  expect_failures = [var.node_pools]
}

run "a_machine_type_without_size_is_refused" {
  command = plan
  variables {
    node_pools = { general = { machine_types = ["m7i.large"] }, other = { machine_types = ["m7i"] } }
  }
  expect_failures = [var.node_pools]
}

run "a_disk_too_small_for_gpu_images_is_refused" {
  command = plan
  variables {
    node_pools = { general = { machine_types = ["m7i.large"] }, other = { machine_types = ["g6.xlarge"], gpu = { type = "nvidia-l4" }, disk_gb = 30 } }
  }
  expect_failures = [var.node_pools]
}

run "an_update_of_no_nodes_is_refused" {
  command = plan
  variables {
    node_pools = { general = { machine_types = ["m7i.large"] }, other = { machine_types = ["m7i.large"], max_unavailable_percent = 0 } }
  }
  expect_failures = [var.node_pools]
}

run "a_taint_effect_in_the_spelling_of_eks_is_refused" {
  command = plan
  variables {
    node_pools = { general = { machine_types = ["m7i.large"] }, other = { machine_types = ["m7i.large"], taints = { a = { key = "a", effect = "NO_SCHEDULE" } } } }
  }
  expect_failures = [var.node_pools]
}

run "a_pool_version_with_a_patch_is_refused" {
  command = plan
  variables {
    node_pools = { general = { machine_types = ["m7i.large"] }, other = { machine_types = ["m7i.large"], kubernetes_version = "1.35.2" } }
  }
  expect_failures = [var.node_pools]
}

run "a_role_name_over_64_characters_is_refused" {
  command = plan
  variables {
    name   = "acme-environment-number-thirteen"
    addons = { amazon-cloudwatch-observability = { identity = { service_account = "agent", policy_arns = {} } } }
  }
  expect_failures = [aws_iam_role.addon["amazon-cloudwatch-observability"]]
}

run "values_that_are_known_after_apply_only_can_be_planned" {
  command = plan

  module {
    source = "./tests/unknown"
  }

  assert {
    condition     = keys(module.cluster.node_pools)[0] == "general"
    error_message = "A network and keys made in the same apply must be usable."
  }
}
