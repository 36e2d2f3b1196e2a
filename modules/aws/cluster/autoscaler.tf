# The controller itself is installed in the cluster, and the module identity gives it a role; here is what it may do, which is to size the
# node groups of this cluster.
locals {
  autoscaler_cluster = var.existing == null ? var.name : var.existing.name
  autoscaler_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "SeeNodes"
        Effect = "Allow"
        Action = [
          "autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeAutoScalingInstances", "autoscaling:DescribeLaunchConfigurations",
          "autoscaling:DescribeScalingActivities", "autoscaling:DescribeTags", "ec2:DescribeImages", "ec2:DescribeInstanceTypes",
          "ec2:DescribeLaunchTemplateVersions", "ec2:GetInstanceTypesFromInstanceRequirements",
        ]
        Resource = "*"
      },
      {
        Sid      = "SeeNodeGroups"
        Effect   = "Allow"
        Action   = "eks:DescribeNodegroup"
        Resource = "arn:${var.account.partition}:eks:${var.account.region}:${var.account.id}:nodegroup/${local.autoscaler_cluster}/*"
      },
      {
        # EKS puts this tag on the Auto Scaling groups of its node groups.
        Sid       = "SizeNodeGroups"
        Effect    = "Allow"
        Action    = ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"]
        Resource  = "arn:${var.account.partition}:autoscaling:${var.account.region}:${var.account.id}:autoScalingGroup:*"
        Condition = { StringEquals = { "aws:ResourceTag/k8s.io/cluster-autoscaler/${local.autoscaler_cluster}" = "owned" } }
      },
    ]
  })
}
