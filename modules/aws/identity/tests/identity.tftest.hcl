mock_provider "aws" {
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/made" }
  }
  mock_resource "aws_iam_openid_connect_provider" {
    defaults = { arn = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com" }
  }
}

variables {
  name    = "acme-dev"
  account = { id = "111122223333", region = "eu-central-1" }
  labels  = { Project = "acme", Team = "none" }
  cluster = {
    name              = "acme-dev"
    oidc_issuer       = "https://oidc.eks.eu-central-1.amazonaws.com/id/ABCD"
    oidc_provider_arn = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/ABCD"
  }
}

run "each_service_gets_what_its_dependencies_need" {
  command = apply

  variables {
    services = {
      text = {
        name            = "acme-dev-text"
        namespace       = "acme"
        service_account = "text"
        labels          = { Service = "text", Team = "text" }
        buckets         = { models = { arn = "arn:aws:s3:::acme-dev-models", prefix = "/models/text", key_arn = "arn:aws:kms:eu-central-1:111122223333:key/b" }, out = { arn = "arn:aws:s3:::acme-dev-out", read = false } }
        queues          = { jobs = { arn = "arn:aws:sqs:eu-central-1:111122223333:jobs", send = true, key_arn = "arn:aws:kms:eu-central-1:111122223333:key/q" }, done = { arn = "arn:aws:sqs:eu-central-1:111122223333:done", receive = true } }
        secrets         = { token = { arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:token-abcdef", key_arn = "arn:aws:kms:eu-central-1:111122223333:key/s" } }
        databases       = { postgres = { connect_arn = "arn:aws:rds-db:eu-central-1:111122223333:dbuser:db-ABC/text" } }
        caches          = { redis = { arn = "arn:aws:elasticache:eu-central-1:111122223333:replicationgroup:acme", user_arn = "arn:aws:elasticache:eu-central-1:111122223333:user:text" } }
        tables          = { runs = { arn = "arn:aws:dynamodb:eu-central-1:111122223333:table/runs", write = false, key_arn = "arn:aws:kms:eu-central-1:111122223333:key/t" } }
        functions       = { index = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:index" } }
        jobs            = { generate = { queue_arn = "arn:aws:batch:eu-central-1:111122223333:job-queue/spot", definition_arn = "arn:aws:batch:eu-central-1:111122223333:job-definition/generate" } }
        keys            = { own = { arn = "arn:aws:kms:eu-central-1:111122223333:key/own", encrypt = false } }
        tracing         = true
        metrics         = { namespace = "text" }
      }
      idle = { name = "acme-dev-idle", namespace = "acme", service_account = "idle" }
      dns  = { name = "acme-dev-dns", namespace = "external-dns", service_account = "external-dns", policies = { records = jsonencode({ Version = "2012-10-17", Statement = [] }) } }
      web  = { name = "acme-dev-web", namespace = "acme", service_account = "web", mode = "irsa", tracing = true }
      own  = { name = "acme-dev-own", namespace = "acme", service_account = "own", existing = { role_arn = "arn:aws:iam::111122223333:role/theirs" } }
    }
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.service["text"].policy).Statement : "${join(",", flatten([statement.Action]))} ${join(",", flatten([statement.Resource]))}"] == [
      "s3:GetBucketLocation arn:aws:s3:::acme-dev-models",
      "s3:ListBucket,s3:ListBucketMultipartUploads arn:aws:s3:::acme-dev-models",
      "s3:GetObject,s3:AbortMultipartUpload,s3:DeleteObject,s3:ListMultipartUploadParts,s3:PutObject arn:aws:s3:::acme-dev-models/models/text/*",
      "kms:Decrypt,kms:GenerateDataKey arn:aws:kms:eu-central-1:111122223333:key/b",
      "s3:GetBucketLocation arn:aws:s3:::acme-dev-out",
      "s3:ListBucketMultipartUploads arn:aws:s3:::acme-dev-out",
      "s3:AbortMultipartUpload,s3:DeleteObject,s3:ListMultipartUploadParts,s3:PutObject arn:aws:s3:::acme-dev-out/*",
      "sqs:GetQueueAttributes,sqs:GetQueueUrl,sqs:ChangeMessageVisibility,sqs:DeleteMessage,sqs:ReceiveMessage arn:aws:sqs:eu-central-1:111122223333:done",
      "sqs:GetQueueAttributes,sqs:GetQueueUrl,sqs:SendMessage arn:aws:sqs:eu-central-1:111122223333:jobs",
      "kms:Decrypt,kms:GenerateDataKey arn:aws:kms:eu-central-1:111122223333:key/q",
      "secretsmanager:DescribeSecret,secretsmanager:GetSecretValue arn:aws:secretsmanager:eu-central-1:111122223333:secret:token-abcdef",
      "kms:Decrypt arn:aws:kms:eu-central-1:111122223333:key/s",
      "dynamodb:DescribeTable,dynamodb:BatchGetItem,dynamodb:ConditionCheckItem,dynamodb:GetItem,dynamodb:Query,dynamodb:Scan arn:aws:dynamodb:eu-central-1:111122223333:table/runs,arn:aws:dynamodb:eu-central-1:111122223333:table/runs/index/*",
      "kms:Decrypt,kms:DescribeKey arn:aws:kms:eu-central-1:111122223333:key/t",
      "rds-db:connect arn:aws:rds-db:eu-central-1:111122223333:dbuser:db-ABC/text",
      "elasticache:Connect arn:aws:elasticache:eu-central-1:111122223333:replicationgroup:acme,arn:aws:elasticache:eu-central-1:111122223333:user:text",
      "lambda:InvokeFunction arn:aws:lambda:eu-central-1:111122223333:function:index,arn:aws:lambda:eu-central-1:111122223333:function:index:*",
      "batch:SubmitJob arn:aws:batch:eu-central-1:111122223333:job-queue/spot,arn:aws:batch:eu-central-1:111122223333:job-definition/generate,arn:aws:batch:eu-central-1:111122223333:job-definition/generate:*",
      "batch:DescribeJobs,batch:ListJobs *",
      "kms:DescribeKey,kms:Decrypt arn:aws:kms:eu-central-1:111122223333:key/own",
      "xray:GetSamplingRules,xray:GetSamplingStatisticSummaries,xray:GetSamplingTargets,xray:PutTelemetryRecords,xray:PutTraceSegments *",
      "cloudwatch:PutMetricData *",
    ]
    error_message = "The role must hold exactly the actions on exactly the resources that its dependencies need."
  }
  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.service["text"].policy).Statement : jsonencode(statement.Condition) if can(statement.Condition)] == [
      jsonencode({ StringLike = { "s3:prefix" = ["models/text/*"] } }),
      jsonencode({ StringEquals = { "kms:ViaService" = "s3.eu-central-1.amazonaws.com" } }),
      jsonencode({ StringEquals = { "kms:ViaService" = "sqs.eu-central-1.amazonaws.com" } }),
      jsonencode({ StringEquals = { "kms:EncryptionContext:SecretARN" = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:token-abcdef", "kms:ViaService" = "secretsmanager.eu-central-1.amazonaws.com" } }),
      jsonencode({ StringEquals = { "kms:ViaService" = "dynamodb.eu-central-1.amazonaws.com" } }),
      jsonencode({ StringEquals = { "cloudwatch:namespace" = "text" } }),
    ]
    error_message = "Listing must be limited to the prefix, keys to the service that holds the data, metrics to the namespace."
  }
  assert {
    condition     = output.policies["text"] == aws_iam_role_policy.service["text"].policy && !contains(keys(output.policies), "idle") && !contains(keys(aws_iam_role_policy.service), "idle")
    error_message = "A service that uses nothing must have a role without policy."
  }
  assert {
    condition = jsondecode(aws_iam_role.service["text"].assume_role_policy).Statement == [{
      Effect    = "Allow"
      Principal = { Service = "pods.eks.amazonaws.com" }
      Action    = ["sts:AssumeRole", "sts:TagSession"]
      Condition = {
        StringEquals = { "aws:RequestTag/eks-cluster-arn" = "arn:aws:eks:eu-central-1:111122223333:cluster/acme-dev", "aws:RequestTag/kubernetes-namespace" = "acme", "aws:RequestTag/kubernetes-service-account" = "text" }
      }
    }]
    error_message = "With pod identity the role must trust one service account of one cluster."
  }
  assert {
    condition = jsondecode(aws_iam_role.service["web"].assume_role_policy).Statement == [{
      Effect    = "Allow"
      Principal = { Federated = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/ABCD" }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = { StringEquals = {
        "oidc.eks.eu-central-1.amazonaws.com/id/ABCD:aud" = "sts.amazonaws.com"
        "oidc.eks.eu-central-1.amazonaws.com/id/ABCD:sub" = "system:serviceaccount:acme:web"
      } }
    }]
    error_message = "With IRSA the role must trust one service account of one issuer."
  }
  assert {
    condition     = tolist(keys(aws_eks_pod_identity_association.service)) == tolist(["dns", "idle", "own", "text"]) && aws_eks_pod_identity_association.service["text"].service_account == "text" && aws_eks_pod_identity_association.service["text"].namespace == "acme" && aws_eks_pod_identity_association.service["text"].cluster_name == "acme-dev"
    error_message = "Every service in mode pod-identity must have an association, no other."
  }
  assert {
    condition     = aws_eks_pod_identity_association.service["own"].role_arn == "arn:aws:iam::111122223333:role/theirs" && output.role_arns["own"] == "arn:aws:iam::111122223333:role/theirs" && !contains(keys(output.role_names), "own")
    error_message = "A role that is brought must be associated, and none made."
  }
  assert {
    condition     = { for key, policy in aws_iam_role_policy.other : key => policy.name } == { "dns/records" = "records" } && jsondecode(aws_iam_role_policy.other["dns/records"].policy).Statement == [] && !contains(keys(output.policies), "dns")
    error_message = "A policy that is brought must be in the role as it is."
  }
  assert {
    condition     = output.annotations["web"]["eks.amazonaws.com/role-arn"] == output.role_arns["web"] && length(output.annotations["text"]) == 0 && output.modes["web"] == "irsa" && output.modes["text"] == "pod-identity"
    error_message = "Only service accounts in mode irsa need an annotation."
  }
  assert {
    condition     = aws_iam_role.service["text"].tags["Team"] == "text" && aws_iam_role.service["text"].tags["Project"] == "acme" && aws_iam_role.service["text"].name == "acme-dev-text"
    error_message = "A role must carry the common labels with those of its service over them."
  }
  assert {
    condition     = length(aws_iam_openid_connect_provider.ci) + length(aws_iam_role.ci) == 0 && output.ci_plan_role_arn == null && output.ci_provider_arn == null
    error_message = "Without CI there must be no CI roles."
  }
}

run "ci_plans_and_applies_with_roles_of_their_own" {
  command = apply

  variables {
    mode                     = "irsa"
    permissions_boundary_arn = "arn:aws:iam::111122223333:policy/boundary"
    services                 = { text = { name = "acme-dev-text", namespace = "acme", service_account = "text" } }
    ci = {
      issuer = "https://token.actions.githubusercontent.com"
      plan   = { subjects = ["repo:acme/platform:pull_request", "repo:acme/platform:ref:refs/heads/main"] }
      apply  = { subjects = ["repo:acme/platform:environment:dev"], policy_arns = { admin = "arn:aws:iam::aws:policy/AdministratorAccess" } }
      state  = { bucket_arn = "arn:aws:s3:::acme-state", key_prefix = "acme/dev/", key_arn = "arn:aws:kms:eu-central-1:111122223333:key/state" }
    }
  }

  assert {
    condition     = aws_iam_openid_connect_provider.ci[0].url == "https://token.actions.githubusercontent.com" && aws_iam_openid_connect_provider.ci[0].client_id_list == toset(["sts.amazonaws.com"])
    error_message = "The provider must be that of the CI system with its audience."
  }
  assert {
    condition = jsondecode(aws_iam_role.ci["plan"].assume_role_policy).Statement == [{
      Effect    = "Allow"
      Principal = { Federated = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com" }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = { StringEquals = {
        "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
        "token.actions.githubusercontent.com:sub" = ["repo:acme/platform:pull_request", "repo:acme/platform:ref:refs/heads/main"]
      } }
    }]
    error_message = "The plan role must trust exactly the subjects that plan."
  }
  assert {
    condition     = jsondecode(aws_iam_role.ci["apply"].assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] == ["repo:acme/platform:environment:dev"]
    error_message = "The apply role must trust exactly the subjects that apply."
  }
  assert {
    condition     = { for key, attachment in aws_iam_role_policy_attachment.ci : key => attachment.policy_arn } == { "apply/admin" = "arn:aws:iam::aws:policy/AdministratorAccess", "plan/read" = "arn:aws:iam::aws:policy/ReadOnlyAccess" }
    error_message = "The plan role must only read; the apply role must hold the policies given."
  }
  assert {
    condition = { for role, policy in aws_iam_role_policy.ci : role => [for statement in jsondecode(policy.policy).Statement : "${statement.Effect} ${statement.Sid}"] } == {
      apply = ["Allow FindState", "Allow ReadState", "Allow LockState", "Allow WriteState", "Allow UseStateKey"]
      plan  = ["Allow FindState", "Allow ReadState", "Allow LockState", "Allow UseStateKey", "Deny NoData", "Deny NoObjects"]
    }
    error_message = "A plan may read and lock the state but not write it, and may read no data."
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.ci["plan"].policy).Statement[2].Resource == "arn:aws:s3:::acme-state/acme/dev/*.tflock" && jsondecode(aws_iam_role_policy.ci["plan"].policy).Statement[5].NotResource == ["arn:aws:s3:::acme-state/acme/dev/*"] && contains(jsondecode(aws_iam_role_policy.ci["plan"].policy).Statement[4].Action, "secretsmanager:GetSecretValue")
    error_message = "A plan may write lock files only, and read no object but the state and no secret."
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.ci["apply"].policy).Statement[0].Condition.StringLike["s3:prefix"] == ["acme/dev/*", "env:/*"] && jsondecode(aws_iam_role_policy.ci["apply"].policy).Statement[3].Resource == "arn:aws:s3:::acme-state/acme/dev/*"
    error_message = "Only the names of this state and of workspaces may be listed, and only this state be written."
  }
  assert {
    condition     = alltrue([for role in concat(values(aws_iam_role.ci), values(aws_iam_role.service)) : role.permissions_boundary == "arn:aws:iam::111122223333:policy/boundary"])
    error_message = "Every role must be bounded."
  }
  assert {
    condition     = length(aws_eks_pod_identity_association.service) == 0 && output.modes["text"] == "irsa"
    error_message = "The module's mode must hold for services that set none."
  }
  assert {
    condition     = output.ci_plan_role_arn == aws_iam_role.ci["plan"].arn && output.ci_apply_role_arn == aws_iam_role.ci["apply"].arn && output.ci_provider_arn == aws_iam_openid_connect_provider.ci[0].arn
    error_message = "The outputs must name the CI roles and provider."
  }
}

run "a_provider_that_is_there_is_used_and_plan_alone_is_enough" {
  command = plan

  variables {
    ci = {
      issuer          = "https://gitlab.example.com/"
      audience        = "https://gitlab.example.com"
      existing        = { provider_arn = "arn:aws:iam::111122223333:oidc-provider/gitlab.example.com" }
      session_seconds = 7200
      plan            = { subjects = ["project_path:acme/platform:ref_type:branch:ref:main"], policy_arns = { view = "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess" } }
    }
  }

  assert {
    condition     = length(aws_iam_openid_connect_provider.ci) == 0 && jsondecode(aws_iam_role.ci["plan"].assume_role_policy).Statement[0].Principal.Federated == "arn:aws:iam::111122223333:oidc-provider/gitlab.example.com" && jsondecode(aws_iam_role.ci["plan"].assume_role_policy).Statement[0].Condition.StringEquals["gitlab.example.com:aud"] == "https://gitlab.example.com"
    error_message = "The provider that is brought must be trusted, under the issuer's name without scheme and closing slash."
  }
  assert {
    condition     = keys(aws_iam_role.ci)[0] == "plan" && length(aws_iam_role.ci) == 1 && aws_iam_role.ci["plan"].max_session_duration == 7200 && aws_iam_role_policy_attachment.ci["plan/view"].policy_arn == "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"
    error_message = "Only the role asked for must be made, with its own policies and session length."
  }
  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.ci["plan"].policy).Statement : "${statement.Sid} ${join(",", flatten([statement.Resource]))}"] == ["NoData *", "NoObjects *"]
    error_message = "Without a state every object must be out of reach."
  }
}

run "services_without_a_cluster_are_refused" {
  command = plan
  variables {
    cluster  = null
    services = { text = { name = "acme-dev-text", namespace = "acme", service_account = "text" } }
  }
  expect_failures = [aws_iam_role.service["text"]]
}

run "a_brought_role_without_a_cluster_is_refused" {
  command = plan
  variables {
    cluster  = null
    services = { text = { name = "acme-dev-text", namespace = "acme", service_account = "text", existing = { role_arn = "arn:aws:iam::111122223333:role/theirs" } } }
  }
  expect_failures = [aws_eks_pod_identity_association.service["text"]]
}

run "irsa_without_an_issuer_is_refused" {
  command = plan
  variables {
    cluster  = { name = "acme-dev" }
    services = { text = { name = "acme-dev-text", namespace = "acme", service_account = "text", mode = "irsa" } }
  }
  expect_failures = [aws_iam_role.service["text"]]
}

run "a_policy_over_the_limit_is_refused" {
  command = plan
  variables {
    services = { text = { name = "acme-dev-text", namespace = "acme", service_account = "text", secrets = { for index in range(80) : "secret-${index}" => { arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:acme-dev-text-${index}-abcdef" } } } }
  }
  expect_failures = [aws_iam_role_policy.service["text"]]
}

run "a_brought_policy_over_the_limit_is_refused" {
  command = plan
  variables {
    services = { keda = { name = "acme-dev-keda", namespace = "keda", service_account = "keda-operator", policies = { queues = join("", [for index in range(1000) : "arn:aws:sqs"]) } } }
  }
  expect_failures = [aws_iam_role_policy.other["keda/queues"]]
}

run "a_brought_policy_of_the_name_of_ours_is_refused" {
  command = plan
  variables {
    services = { keda = { name = "acme-dev-keda", namespace = "keda", service_account = "keda-operator", policies = { dependencies = "{}" } } }
  }
  expect_failures = [var.services]
}

run "wildcard_subjects_are_refused" {
  command = plan
  variables {
    mode = "kiam"
    name = "ACME"
    ci   = { issuer = "https://token.actions.githubusercontent.com", plan = { subjects = ["repo:acme/*"] } }
  }
  expect_failures = [var.ci, var.mode, var.name]
}

run "an_issuer_without_tls_is_refused" {
  command = plan
  variables {
    ci = { issuer = "http://token.actions.githubusercontent.com" }
  }
  expect_failures = [var.ci]
}

run "a_ci_role_for_nobody_is_refused" {
  command = plan
  variables {
    ci = { issuer = "https://token.actions.githubusercontent.com", plan = { subjects = [] } }
  }
  expect_failures = [var.ci]
}

run "a_wildcard_audience_is_refused" {
  command = plan
  variables {
    ci = { issuer = "https://token.actions.githubusercontent.com", audience = "*" }
  }
  expect_failures = [var.ci]
}

run "an_apply_role_without_policies_is_refused" {
  command = plan
  variables {
    ci = { issuer = "https://token.actions.githubusercontent.com", apply = { subjects = ["a"], policy_arns = {} } }
  }
  expect_failures = [var.ci]
}

run "a_state_prefix_that_ends_inside_a_name_is_refused" {
  command = plan
  variables {
    ci = { issuer = "https://token.actions.githubusercontent.com", state = { bucket_arn = "arn:aws:s3:::s", key_prefix = "acme/dev" } }
  }
  expect_failures = [var.ci]
}

run "a_session_over_12_hours_is_refused" {
  command = plan
  variables {
    ci = { issuer = "https://token.actions.githubusercontent.com", session_seconds = 50000 }
  }
  expect_failures = [var.ci]
}

run "a_role_name_over_64_characters_is_refused" {
  command = plan
  variables {
    services = { text = { name = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", namespace = "acme", service_account = "text" } }
  }
  expect_failures = [var.services]
}

run "a_wildcard_namespace_is_refused" {
  command = plan
  variables {
    services = { text = { name = "acme-dev-text", namespace = "*", service_account = "text" } }
  }
  expect_failures = [var.services]
}

run "one_service_account_for_two_services_is_refused" {
  command = plan
  variables {
    services = { a = { name = "a", namespace = "acme", service_account = "text" }, b = { name = "b", namespace = "acme", service_account = "text" } }
  }
  expect_failures = [var.services]
}

run "an_unknown_mode_of_a_service_is_refused" {
  command = plan
  variables {
    services = { text = { name = "acme-dev-text", namespace = "acme", service_account = "text", mode = "kiam" } }
  }
  expect_failures = [var.services]
}

run "a_queue_that_is_not_used_is_refused" {
  command = plan
  variables {
    services = { text = { name = "acme-dev-text", namespace = "acme", service_account = "text", queues = { a = { arn = "arn:aws:sqs:eu-central-1:111122223333:a" } } } }
  }
  expect_failures = [var.services]
}

run "a_bucket_that_is_not_used_is_refused" {
  command = plan
  variables {
    services = { text = { name = "acme-dev-text", namespace = "acme", service_account = "text", buckets = { a = { arn = "arn:aws:s3:::a", read = false, write = false } } } }
  }
  expect_failures = [var.services]
}

run "a_wildcard_prefix_is_refused" {
  command = plan
  variables {
    services = { text = { name = "acme-dev-text", namespace = "acme", service_account = "text", buckets = { a = { arn = "arn:aws:s3:::a", prefix = "a*" } } } }
  }
  expect_failures = [var.services]
}

run "a_key_that_is_not_used_is_refused" {
  command = plan
  variables {
    services = { text = { name = "acme-dev-text", namespace = "acme", service_account = "text", keys = { a = { arn = "arn:aws:kms:eu-central-1:111122223333:key/a", encrypt = false, decrypt = false } } } }
  }
  expect_failures = [var.services]
}

run "values_that_are_known_after_apply_only_can_be_planned" {
  command = plan

  module {
    source = "./tests/unknown"
  }

  assert {
    condition     = module.identity.role_names["text"] == "acme-dev-text"
    error_message = "A cluster, buckets and a state made in the same apply must be usable."
  }
}
