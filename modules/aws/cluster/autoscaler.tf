# The controller itself is installed in the cluster; here is what it may do, which is to size the node groups of this cluster.
locals {
  autoscaler = local.make ? var.autoscaler[*] : []
}

resource "aws_iam_role" "autoscaler" {
  count = length(local.autoscaler)

  name                 = "${var.name}-eks-autoscaler"
  description          = "Cluster Autoscaler of the EKS cluster ${var.name}"
  permissions_boundary = var.permissions_boundary_arn
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "pods.eks.amazonaws.com" }
      Action    = ["sts:AssumeRole", "sts:TagSession"]
      Condition = {
        StringEquals = {
          "aws:RequestTag/eks-cluster-arn"            = local.arn
          "aws:RequestTag/kubernetes-namespace"       = local.autoscaler[0].namespace
          "aws:RequestTag/kubernetes-service-account" = local.autoscaler[0].service_account
        }
      }
    }]
  })
  tags = var.labels
}

resource "aws_iam_role_policy" "autoscaler" {
  count = length(local.autoscaler)

  name = "node-groups"
  role = aws_iam_role.autoscaler[0].id
  policy = jsonencode({
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
        Resource = "arn:${var.account.partition}:eks:${var.account.region}:${var.account.id}:nodegroup/${var.name}/*"
      },
      {
        # EKS puts this tag on the Auto Scaling groups of its node groups.
        Sid       = "SizeNodeGroups"
        Effect    = "Allow"
        Action    = ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"]
        Resource  = "arn:${var.account.partition}:autoscaling:${var.account.region}:${var.account.id}:autoScalingGroup:*"
        Condition = { StringEquals = { "aws:ResourceTag/k8s.io/cluster-autoscaler/${var.name}" = "owned" } }
      },
    ]
  })
}

resource "aws_eks_pod_identity_association" "autoscaler" {
  count = length(local.autoscaler)

  cluster_name    = local.name
  namespace       = local.autoscaler[0].namespace
  service_account = local.autoscaler[0].service_account
  role_arn        = aws_iam_role.autoscaler[0].arn
  tags            = var.labels

  depends_on = [aws_eks_addon.base, aws_iam_role_policy.autoscaler]
}
