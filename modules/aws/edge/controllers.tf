# What controllers in the cluster may do here; whoever gives their service accounts a role puts it in.
locals {
  ec2      = "arn:${var.account.partition}:ec2:${var.account.region}:${var.account.id}"
  elb      = "arn:${var.account.partition}:elasticloadbalancing:${var.account.region}:${var.account.id}"
  zone_arn = "arn:${var.account.partition}:route53:::hostedzone/${coalesce(local.zone_id, "none")}"

  # The controller tags whatever it makes with the name of its cluster, and may touch nothing else.
  asks_for_cluster = { StringEquals = { "aws:RequestTag/elbv2.k8s.aws/cluster" = try(var.cluster.name, null) } }
  is_of_cluster    = { StringEquals = { "aws:ResourceTag/elbv2.k8s.aws/cluster" = try(var.cluster.name, null) } }

  controller_statements = {
    load-balancer = [
      {
        Sid    = "See"
        Effect = "Allow"
        Action = [
          "acm:DescribeCertificate", "acm:ListCertificates",
          "ec2:DescribeAccountAttributes", "ec2:DescribeAddresses", "ec2:DescribeAvailabilityZones", "ec2:DescribeInstances",
          "ec2:DescribeInternetGateways", "ec2:DescribeNetworkInterfaces", "ec2:DescribeRouteTables", "ec2:DescribeSecurityGroups",
          "ec2:DescribeSubnets", "ec2:DescribeTags", "ec2:DescribeVpcs", "ec2:DescribeVpcPeeringConnections", "ec2:GetSecurityGroupsForVpc",
          "elasticloadbalancing:DescribeCapacityReservation", "elasticloadbalancing:DescribeListenerAttributes",
          "elasticloadbalancing:DescribeListenerCertificates", "elasticloadbalancing:DescribeListeners",
          "elasticloadbalancing:DescribeLoadBalancerAttributes", "elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeRules",
          "elasticloadbalancing:DescribeSSLPolicies", "elasticloadbalancing:DescribeTags", "elasticloadbalancing:DescribeTargetGroupAttributes",
          "elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetHealth", "elasticloadbalancing:DescribeTrustStores",
          "shield:DescribeProtection", "shield:GetSubscriptionState",
          "waf-regional:GetWebACL", "waf-regional:GetWebACLForResource",
        ]
        Resource = "*"
      },
      {
        Sid       = "FirstLoadBalancerOfAccount"
        Effect    = "Allow"
        Action    = "iam:CreateServiceLinkedRole"
        Resource  = "arn:${var.account.partition}:iam::${var.account.id}:role/aws-service-role/elasticloadbalancing.amazonaws.com/*"
        Condition = { StringEquals = { "iam:AWSServiceName" = "elasticloadbalancing.amazonaws.com" } }
      },
      {
        Sid    = "FirewallBeforeLoadBalancers"
        Effect = "Allow"
        Action = ["wafv2:AssociateWebACL", "wafv2:DisassociateWebACL", "wafv2:GetWebACL", "wafv2:GetWebACLForResource"]
        Resource = [
          "${local.elb}:loadbalancer/app/*",
          "arn:${var.account.partition}:wafv2:${var.account.region}:${var.account.id}:regional/webacl/*",
        ]
      },
      {
        Sid       = "RulesOfSecurityGroups"
        Effect    = "Allow"
        Action    = ["ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"]
        Resource  = "${local.ec2}:security-group/*"
        Condition = { ArnEquals = { "ec2:Vpc" = "${local.ec2}:vpc/${var.network.vpc_id}" } }
      },
      {
        Sid      = "MakeSecurityGroups"
        Effect   = "Allow"
        Action   = "ec2:CreateSecurityGroup"
        Resource = ["${local.ec2}:security-group/*", "${local.ec2}:vpc/${var.network.vpc_id}"]
      },
      {
        Sid       = "TagNewSecurityGroups"
        Effect    = "Allow"
        Action    = "ec2:CreateTags"
        Resource  = "${local.ec2}:security-group/*"
        Condition = { StringEquals = merge(local.asks_for_cluster.StringEquals, { "ec2:CreateAction" = "CreateSecurityGroup" }) }
      },
      {
        Sid       = "OwnSecurityGroups"
        Effect    = "Allow"
        Action    = ["ec2:CreateTags", "ec2:DeleteSecurityGroup", "ec2:DeleteTags"]
        Resource  = "${local.ec2}:security-group/*"
        Condition = local.is_of_cluster
      },
      {
        Sid       = "MakeLoadBalancers"
        Effect    = "Allow"
        Action    = ["elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:CreateTargetGroup"]
        Resource  = "${local.elb}:*"
        Condition = local.asks_for_cluster
      },
      {
        Sid       = "TagNewLoadBalancers"
        Effect    = "Allow"
        Action    = "elasticloadbalancing:AddTags"
        Resource  = ["${local.elb}:loadbalancer/*", "${local.elb}:targetgroup/*"]
        Condition = { StringEquals = merge(local.asks_for_cluster.StringEquals, { "elasticloadbalancing:CreateAction" = ["CreateLoadBalancer", "CreateTargetGroup"] }) }
      },
      {
        Sid    = "OwnLoadBalancers"
        Effect = "Allow"
        Action = [
          "elasticloadbalancing:AddTags", "elasticloadbalancing:DeleteLoadBalancer", "elasticloadbalancing:DeleteTargetGroup",
          "elasticloadbalancing:DeregisterTargets", "elasticloadbalancing:ModifyCapacityReservation", "elasticloadbalancing:ModifyIpPools",
          "elasticloadbalancing:ModifyListenerAttributes", "elasticloadbalancing:ModifyLoadBalancerAttributes",
          "elasticloadbalancing:ModifyTargetGroup", "elasticloadbalancing:ModifyTargetGroupAttributes", "elasticloadbalancing:RegisterTargets",
          "elasticloadbalancing:RemoveTags", "elasticloadbalancing:SetIpAddressType", "elasticloadbalancing:SetSecurityGroups",
          "elasticloadbalancing:SetSubnets",
        ]
        Resource  = "${local.elb}:*"
        Condition = local.is_of_cluster
      },
      {
        # New listeners and rules carry no tag yet when they are made or tagged.
        Sid    = "ListenersAndRules"
        Effect = "Allow"
        Action = [
          "elasticloadbalancing:AddListenerCertificates", "elasticloadbalancing:AddTags", "elasticloadbalancing:CreateListener",
          "elasticloadbalancing:CreateRule", "elasticloadbalancing:DeleteListener", "elasticloadbalancing:DeleteRule",
          "elasticloadbalancing:ModifyListener", "elasticloadbalancing:ModifyRule", "elasticloadbalancing:RemoveListenerCertificates",
          "elasticloadbalancing:RemoveTags", "elasticloadbalancing:SetRulePriorities",
        ]
        Resource = ["${local.elb}:listener/*", "${local.elb}:listener-rule/*"]
      },
      {
        Sid       = "ListenersOfOwnLoadBalancers"
        Effect    = "Allow"
        Action    = ["elasticloadbalancing:CreateListener", "elasticloadbalancing:SetWebAcl"]
        Resource  = "${local.elb}:loadbalancer/*"
        Condition = local.is_of_cluster
      },
    ]
    external-dns = [
      {
        Sid      = "SeeZones"
        Effect   = "Allow"
        Action   = ["route53:ListHostedZones", "route53:ListHostedZonesByName", "route53:ListTagsForResource", "route53:ListTagsForResources"]
        Resource = "*"
      },
      {
        Sid      = "SeeRecords"
        Effect   = "Allow"
        Action   = "route53:ListResourceRecordSets"
        Resource = local.zone_arn
      },
      {
        Sid       = "ChangeAddresses"
        Effect    = "Allow"
        Action    = "route53:ChangeResourceRecordSets"
        Resource  = local.zone_arn
        Condition = { "ForAllValues:StringEquals" = { "route53:ChangeResourceRecordSetsRecordTypes" = ["A", "AAAA", "CNAME", "TXT"] } }
      },
    ]
    cert-manager = [
      {
        Sid      = "SeeZones"
        Effect   = "Allow"
        Action   = ["route53:GetChange", "route53:ListHostedZonesByName"]
        Resource = "*"
      },
      {
        Sid      = "SeeRecords"
        Effect   = "Allow"
        Action   = "route53:ListResourceRecordSets"
        Resource = local.zone_arn
      },
      {
        Sid      = "AnswerChallenges"
        Effect   = "Allow"
        Action   = "route53:ChangeResourceRecordSets"
        Resource = local.zone_arn
        Condition = {
          "ForAllValues:StringEquals" = { "route53:ChangeResourceRecordSetsRecordTypes" = ["TXT"] }
          "ForAllValues:StringLike"   = { "route53:ChangeResourceRecordSetsNormalizedRecordNames" = ["_acme-challenge.*"] }
        }
      },
    ]
  }

  controller_policies = { for controller, statements in local.controller_statements : controller => jsonencode({ Version = "2012-10-17", Statement = statements })
    if var.cluster != null && (controller == "load-balancer" || var.domain != null)
  }
}
