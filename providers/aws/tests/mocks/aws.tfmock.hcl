# Answers of the form that AWS gives, where others are built on them.
mock_data "aws_caller_identity" {
  defaults = { account_id = "123456789012" }
}

mock_data "aws_iam_policy_document" {
  defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
}

mock_resource "aws_acm_certificate" {
  defaults = {
    arn = "arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"
    domain_validation_options = [
      { domain_name = "tabular-static.dev.example.com", resource_record_name = "_c.dev.example.com.", resource_record_type = "CNAME", resource_record_value = "_d.acm-validations.aws." },
      { domain_name = "dev.example.com", resource_record_name = "_a.dev.example.com.", resource_record_type = "CNAME", resource_record_value = "_b.acm-validations.aws." },
    ]
  }
}

mock_resource "aws_acm_certificate_validation" {
  defaults = { certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555" }
}

mock_resource "aws_backup_vault" {
  defaults = { arn = "arn:aws:backup:us-east-1:123456789012:backup-vault:inferloop-dev" }
}

mock_resource "aws_batch_compute_environment" {
  defaults = { arn = "arn:aws:batch:us-east-1:123456789012:compute-environment/inferloop-dev" }
}

mock_resource "aws_batch_job_definition" {
  defaults = { arn = "arn:aws:batch:us-east-1:123456789012:job-definition/inferloop-dev:1", arn_prefix = "arn:aws:batch:us-east-1:123456789012:job-definition/inferloop-dev" }
}

mock_resource "aws_batch_job_queue" {
  defaults = { arn = "arn:aws:batch:us-east-1:123456789012:job-queue/inferloop-dev" }
}

mock_resource "aws_ce_anomaly_monitor" {
  defaults = { arn = "arn:aws:ce::123456789012:anomalymonitor/11111111-2222-3333-4444-555555555555" }
}

mock_resource "aws_cloudfront_distribution" {
  defaults = { arn = "arn:aws:cloudfront::123456789012:distribution/E1", domain_name = "d1.cloudfront.net", id = "E1" }
}

mock_resource "aws_cloudwatch_event_rule" {
  defaults = { arn = "arn:aws:events:us-east-1:123456789012:rule/inferloop-dev" }
}

mock_resource "aws_cloudwatch_log_group" {
  defaults = { arn = "arn:aws:logs:us-east-1:123456789012:log-group:aws-waf-logs-inferloop-dev" }
}

mock_resource "aws_db_instance" {
  defaults = {
    address            = "inferloop-dev-shared.abc.us-east-1.rds.amazonaws.com"
    arn                = "arn:aws:rds:us-east-1:123456789012:db:inferloop-dev-shared"
    master_user_secret = [{ kms_key_id = "key", secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:rds!db-1", secret_status = "active" }]
    resource_id        = "db-ABC"
  }
}

mock_resource "aws_dynamodb_table" {
  defaults = { arn = "arn:aws:dynamodb:us-east-1:123456789012:table/inferloop-dev" }
}

mock_resource "aws_ecr_repository" {
  defaults = { arn = "arn:aws:ecr:us-east-1:123456789012:repository/inferloop-dev/service", repository_url = "123456789012.dkr.ecr.us-east-1.amazonaws.com/inferloop-dev/service" }
}

mock_resource "aws_ecs_cluster" {
  defaults = { arn = "arn:aws:ecs:us-east-1:123456789012:cluster/inferloop-dev" }
}

mock_resource "aws_ecs_task_definition" {
  defaults = { arn = "arn:aws:ecs:us-east-1:123456789012:task-definition/inferloop-dev:1" }
}

mock_resource "aws_efs_access_point" {
  defaults = { arn = "arn:aws:elasticfilesystem:us-east-1:123456789012:access-point/fsap-1", id = "fsap-1" }
}

mock_resource "aws_efs_file_system" {
  defaults = { arn = "arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/fs-1", id = "fs-1" }
}

mock_resource "aws_eks_cluster" {
  defaults = {
    arn                   = "arn:aws:eks:us-east-1:123456789012:cluster/inferloop-dev"
    certificate_authority = [{ data = "Y2E=" }]
    endpoint              = "https://ABCD.gr7.us-east-1.eks.amazonaws.com"
    identity              = [{ oidc = [{ issuer = "https://oidc.eks.us-east-1.amazonaws.com/id/ABCD" }] }]
  }
}

mock_resource "aws_elasticache_replication_group" {
  defaults = { arn = "arn:aws:elasticache:us-east-1:123456789012:replicationgroup:inferloop-dev-shared", primary_endpoint_address = "shared.abc.use1.cache.amazonaws.com", reader_endpoint_address = "shared-ro.abc.use1.cache.amazonaws.com" }
}

mock_resource "aws_elasticache_user" {
  defaults = { arn = "arn:aws:elasticache:us-east-1:123456789012:user:inferloop-dev" }
}

mock_resource "aws_iam_instance_profile" {
  defaults = { arn = "arn:aws:iam::123456789012:instance-profile/inferloop-dev" }
}

mock_resource "aws_iam_openid_connect_provider" {
  defaults = { arn = "arn:aws:iam::123456789012:oidc-provider/token.example.com" }
}

mock_resource "aws_iam_role" {
  defaults = { arn = "arn:aws:iam::123456789012:role/inferloop-dev" }
}

mock_resource "aws_kms_key" {
  defaults = { arn = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555", key_id = "11111111-2222-3333-4444-555555555555" }
}

mock_resource "aws_lambda_function" {
  defaults = { arn = "arn:aws:lambda:us-east-1:123456789012:function:inferloop-dev" }
}

mock_resource "aws_launch_template" {
  defaults = { id = "lt-0a1b2c3d4e5f60718", latest_version = 1 }
}

mock_resource "aws_lb" {
  defaults = { arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/inferloop-dev/1", arn_suffix = "app/inferloop-dev/1", dns_name = "inferloop-dev-1.us-east-1.elb.amazonaws.com", zone_id = "Z35SXDOTRQ7X7K" }
}

mock_resource "aws_lb_listener" {
  defaults = { arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/inferloop-dev/1/2" }
}

mock_resource "aws_lb_target_group" {
  defaults = { arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/edge/1", arn_suffix = "targetgroup/edge/1" }
}

mock_resource "aws_rds_cluster" {
  defaults = {
    arn                 = "arn:aws:rds:us-east-1:123456789012:cluster:inferloop-dev-tabular-archive"
    cluster_resource_id = "cluster-ABC"
    endpoint            = "archive.cluster-abc.us-east-1.rds.amazonaws.com"
    master_user_secret  = [{ kms_key_id = "key", secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:rds!cluster-1", secret_status = "active" }]
    reader_endpoint     = "archive.cluster-ro-abc.us-east-1.rds.amazonaws.com"
  }
}

mock_resource "aws_route53_zone" {
  defaults = { name_servers = ["ns-1.awsdns-01.com", "ns-2.awsdns-02.net"], zone_id = "Z123", arn = "arn:aws:route53:::hostedzone/Z123" }
}

mock_resource "aws_s3_bucket" {
  defaults = { arn = "arn:aws:s3:::inferloop-dev", bucket_regional_domain_name = "inferloop-dev.s3.us-east-1.amazonaws.com" }
}

mock_resource "aws_secretsmanager_secret" {
  defaults = { arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:inferloop-dev-AbCdEf" }
}

mock_resource "aws_sns_topic" {
  defaults = { arn = "arn:aws:sns:us-east-1:123456789012:inferloop-dev" }
}

mock_resource "aws_sqs_queue" {
  defaults = { arn = "arn:aws:sqs:us-east-1:123456789012:inferloop-dev", url = "https://sqs.us-east-1.amazonaws.com/123456789012/inferloop-dev" }
}

mock_resource "aws_wafv2_web_acl" {
  defaults = { arn = "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/inferloop-dev/1" }
}
