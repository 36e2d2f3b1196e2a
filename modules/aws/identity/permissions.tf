# What each kind of dependency needs, as statements, one list per kind. Keys are used only through the service that holds the data.
locals {
  via = { for service in ["dynamodb", "s3", "secretsmanager", "sqs"] : service => "${service}.${var.account.region}.amazonaws.com" }

  bucket_paths = { for key, service in var.services : key => {
    for name, bucket in service.buckets : name => trim(bucket.prefix, "/") == "" ? "" : "${trim(bucket.prefix, "/")}/"
  } }

  bucket_statements = { for key, service in var.services : key => flatten([for name, bucket in service.buckets : [
    {
      Effect   = "Allow"
      Action   = "s3:GetBucketLocation"
      Resource = bucket.arn
    },
    merge({
      Effect   = "Allow"
      Action   = concat(bucket.read ? ["s3:ListBucket"] : [], bucket.write ? ["s3:ListBucketMultipartUploads"] : [])
      Resource = bucket.arn
      }, {
      for condition in ["Condition"] : condition => { StringLike = { "s3:prefix" = ["${local.bucket_paths[key][name]}*"] } } if local.bucket_paths[key][name] != ""
    }),
    {
      Effect = "Allow"
      Action = concat(
        bucket.read ? ["s3:GetObject"] : [],
        bucket.write ? ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:ListMultipartUploadParts", "s3:PutObject"] : [],
      )
      Resource = "${bucket.arn}/${local.bucket_paths[key][name]}*"
    },
    [for key_arn in [bucket.key_arn] : {
      Effect    = "Allow"
      Action    = bucket.write ? ["kms:Decrypt", "kms:GenerateDataKey"] : ["kms:Decrypt"] # a multipart upload reads its parts back
      Resource  = key_arn
      Condition = { StringEquals = { "kms:ViaService" = local.via.s3 } }
    } if key_arn != null],
  ]]) }

  queue_statements = { for key, service in var.services : key => flatten([for queue in service.queues : [
    {
      Effect = "Allow"
      Action = concat(
        ["sqs:GetQueueAttributes", "sqs:GetQueueUrl"],
        queue.send ? ["sqs:SendMessage"] : [],
        queue.receive ? ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage"] : [],
      )
      Resource = queue.arn
    },
    [for key_arn in [queue.key_arn] : {
      Effect    = "Allow"
      Action    = queue.send ? ["kms:Decrypt", "kms:GenerateDataKey"] : ["kms:Decrypt"]
      Resource  = key_arn
      Condition = { StringEquals = { "kms:ViaService" = local.via.sqs } }
    } if key_arn != null],
  ]]) }

  secret_statements = { for key, service in var.services : key => flatten([for secret in service.secrets : [
    {
      Effect   = "Allow"
      Action   = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]
      Resource = secret.arn
    },
    [for key_arn in [secret.key_arn] : {
      Effect    = "Allow"
      Action    = "kms:Decrypt"
      Resource  = key_arn
      Condition = { StringEquals = { "kms:ViaService" = local.via.secretsmanager, "kms:EncryptionContext:SecretARN" = secret.arn } }
    } if key_arn != null],
  ]]) }

  table_statements = { for key, service in var.services : key => flatten([for table in service.tables : [
    {
      Effect = "Allow"
      Action = concat(
        ["dynamodb:DescribeTable"],
        table.read ? ["dynamodb:BatchGetItem", "dynamodb:ConditionCheckItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan"] : [],
        table.write ? ["dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"] : [],
      )
      Resource = concat([table.arn], table.read ? ["${table.arn}/index/*"] : [])
    },
    [for key_arn in [table.key_arn] : {
      Effect    = "Allow"
      Action    = ["kms:Decrypt", "kms:DescribeKey"] # writes too: DynamoDB encrypts with a data key that it decrypts first
      Resource  = key_arn
      Condition = { StringEquals = { "kms:ViaService" = local.via.dynamodb } }
    } if key_arn != null],
  ]]) }

  other_statements = { for key, service in var.services : key => concat(
    [for database in service.databases : { Effect = "Allow", Action = "rds-db:connect", Resource = database.connect_arn }],
    [for cache in service.caches : { Effect = "Allow", Action = "elasticache:Connect", Resource = [cache.arn, cache.user_arn] }],
    [for function in service.functions : { Effect = "Allow", Action = "lambda:InvokeFunction", Resource = [function.arn, "${function.arn}:*"] }],
    [for job in service.jobs : { Effect = "Allow", Action = "batch:SubmitJob", Resource = [job.queue_arn, job.definition_arn, "${job.definition_arn}:*"] }],
    # Batch knows no single job in these two.
    [for jobs in [service.jobs] : { Effect = "Allow", Action = ["batch:DescribeJobs", "batch:ListJobs"], Resource = "*" } if length(jobs) > 0],
    [for entry in service.keys : {
      Effect   = "Allow"
      Action   = concat(["kms:DescribeKey"], entry.encrypt ? ["kms:Encrypt", "kms:GenerateDataKey"] : [], entry.decrypt ? ["kms:Decrypt"] : [])
      Resource = entry.arn
    }],
    [for tracing in [service.tracing] : {
      Effect   = "Allow"
      Action   = ["xray:GetSamplingRules", "xray:GetSamplingStatisticSummaries", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments"]
      Resource = "*"
    } if tracing],
    [for metrics in [service.metrics] : {
      Effect    = "Allow"
      Action    = "cloudwatch:PutMetricData"
      Resource  = "*"
      Condition = { StringEquals = { "cloudwatch:namespace" = metrics.namespace } }
    } if metrics != null],
  ) }

  uses_something = { for key, service in var.services : key =>
    sum([for kind in [service.buckets, service.queues, service.secrets, service.databases, service.caches, service.tables, service.functions, service.jobs, service.keys] : length(kind)]) > 0 ||
    service.tracing || service.metrics != null
  }

  policies = { for key, service in var.services : key => jsonencode({
    Version   = "2012-10-17"
    Statement = concat(local.bucket_statements[key], local.queue_statements[key], local.secret_statements[key], local.table_statements[key], local.other_statements[key])
  }) if local.uses_something[key] }
}
