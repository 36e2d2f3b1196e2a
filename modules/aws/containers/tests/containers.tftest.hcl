mock_provider "aws" {
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/made" }
  }
  mock_resource "aws_ecs_cluster" {
    defaults = { arn = "arn:aws:ecs:us-east-1:123456789012:cluster/inferloop-dev" }
  }
  mock_resource "aws_ecs_task_definition" {
    defaults = { arn = "arn:aws:ecs:us-east-1:123456789012:task-definition/made:1" }
  }
  mock_resource "aws_lb" {
    defaults = { arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/inferloop-dev/0123456789abcdef", arn_suffix = "app/inferloop-dev/0123456789abcdef" }
  }
  mock_resource "aws_lb_listener" {
    defaults = { arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/inferloop-dev/0123456789abcdef/1" }
  }
  mock_resource "aws_lb_target_group" {
    defaults = { arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/made/0123456789abcdef", arn_suffix = "targetgroup/made/0123456789abcdef" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/ecs/made" }
  }
  mock_resource "aws_security_group" {
    defaults = { id = "sg-0123456789abcdef0" }
  }
}

variables {
  name          = "inferloop-dev"
  account       = { id = "123456789012", region = "us-east-1" }
  network       = { vpc_id = "vpc-1", public_subnet_ids = ["subnet-1", "subnet-2"], private_subnet_ids = ["subnet-3", "subnet-4"] }
  load_balancer = { certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555" }
}

run "nothing_is_made_for_no_services" {
  command = plan
  assert {
    condition     = length(aws_ecs_cluster.this) + length(aws_lb.this) + length(aws_security_group.load_balancer) == 0 && output.cluster_arn == null
    error_message = "An empty map must make nothing."
  }
}

run "services_run_hardened_behind_https" {
  variables {
    load_balancer = {
      certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"
      web_acl         = { arn = "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/inferloop-dev/1" }
    }
    services = {
      tabular = {
        name           = "inferloop-dev-tabular-with-a-long-name"
        image          = "123456789012.dkr.ecr.us-east-1.amazonaws.com/tabular@sha256:0"
        repository_arn = "arn:aws:ecr:us-east-1:123456789012:repository/tabular"
        port           = 8000
        env            = { STAGE = "dev" }
        secrets        = { KEY = { arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:keys-AbCdEf:field::" } }
        permissions    = { read-models = { actions = ["s3:GetObject"], resources = ["arn:aws:s3:::models/*"] } }
        tracing_image  = "registry.example/collector:1"
        ingress        = { paths = ["/api/tabular/"], hosts = ["dev.inferloop.example"], priority = 10 }
        autoscaling    = { min = 2, max = 6, cpu_percent = 70, requests_per_minute = 600, schedules = { night = { expression = "cron(0 22 * * ? *)", min = 1, max = 2 } } }
      }
      worker = { name = "inferloop-dev-worker", image = "registry.example/worker:1", spot = true, replicas = 3, vcpus = 1, memory_mb = 2048 }
    }
  }
  assert {
    condition = alltrue([for definition in aws_ecs_task_definition.this : alltrue([
      jsondecode(definition.container_definitions)[0].readonlyRootFilesystem,
      jsondecode(definition.container_definitions)[0].user == "10001",
      jsondecode(definition.container_definitions)[0].linuxParameters.capabilities.drop == ["ALL"],
    ])])
    error_message = "Containers must not be root, write to their root file system, or hold capabilities."
  }
  assert {
    condition     = aws_ecs_task_definition.this["tabular"].cpu == "512" && length(jsondecode(aws_ecs_task_definition.this["tabular"].container_definitions)) == 2 && length(jsondecode(aws_ecs_task_definition.this["worker"].container_definitions)) == 1
    error_message = "Tasks must have their size, and a tracing container only where asked."
  }
  assert {
    condition     = one(aws_ecs_service.this["worker"].capacity_provider_strategy).capacity_provider == "FARGATE_SPOT" && aws_ecs_service.this["worker"].desired_count == 3 && length(aws_ecs_service.this["worker"].load_balancer) == 0 && aws_ecs_service.this["tabular"].desired_count == 2
    error_message = "A worker must run on spot without traffic, a scaled service start at its minimum."
  }
  assert {
    condition     = alltrue([for service in aws_ecs_service.this : service.deployment_circuit_breaker[0].rollback && !service.network_configuration[0].assign_public_ip])
    error_message = "Failed releases must be taken back, and tasks stay private."
  }
  assert {
    condition     = aws_lb_listener.https[0].protocol == "HTTPS" && aws_lb.this[0].drop_invalid_header_fields && aws_lb.this[0].enable_deletion_protection && length(aws_wafv2_web_acl_association.this) == 1
    error_message = "The load balancer must speak HTTPS behind the firewall."
  }
  assert {
    condition     = toset(flatten([for condition in aws_lb_listener_rule.this["tabular"].condition : [for pattern in condition.path_pattern : pattern.values]])) == toset(["/api/tabular", "/api/tabular/*"]) && keys(aws_lb_listener_rule.this) == ["tabular"]
    error_message = "A path must be forwarded whole."
  }
  assert {
    condition     = length(aws_lb_target_group.this["tabular"].name) <= 32
    error_message = "The target group's name must stay within its limit."
  }
  assert {
    condition     = toset(keys(aws_appautoscaling_policy.this)) == toset(["tabular/ECSServiceAverageCPUUtilization", "tabular/ALBRequestCountPerTarget"]) && aws_appautoscaling_scheduled_action.this["tabular/night"].scalable_target_action[0].max_capacity == "2"
    error_message = "Scaling must follow the targets and windows that are given."
  }
  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.execution["tabular"].policy).Statement : statement.Sid] == ["WriteLog", "LogInToRegistry", "PullImage", "ReadSecrets"] && keys(aws_iam_role_policy.task) == ["tabular"]
    error_message = "Roles must allow what is needed and nothing else."
  }
}

run "existing_cluster_is_used" {
  variables {
    existing = { name = "central", arn = "arn:aws:ecs:us-east-1:123456789012:cluster/central" }
    services = { worker = { name = "worker", image = "registry.example/worker:1" } }
  }
  assert {
    condition     = length(aws_ecs_cluster.this) + length(aws_lb.this) == 0 && aws_ecs_service.this["worker"].cluster == "arn:aws:ecs:us-east-1:123456789012:cluster/central"
    error_message = "A cluster that exists must be used as it is."
  }
}

run "sizes_that_fargate_lacks_are_refused" {
  command = plan
  variables {
    services = { a = { name = "a", image = "registry.example/a:1", vcpus = 1, memory_mb = 512 } }
  }
  expect_failures = [aws_ecs_task_definition.this]
}

run "ingress_without_a_load_balancer_is_refused" {
  command = plan
  variables {
    load_balancer = null
    services      = { a = { name = "a", image = "registry.example/a:1", ingress = { paths = ["/a"], priority = 1 } } }
  }
  expect_failures = [aws_security_group.load_balancer]
}

run "impossible_settings_are_refused" {
  command = plan
  variables {
    services = {
      a = { name = "a b", image = "registry.example/a:1", user = "0", architecture = "riscv", stop_seconds = 500, ephemeral_gb = 5, autoscaling = { min = 3, max = 2, requests_per_minute = 5 } }
    }
  }
  expect_failures = [var.services]
}

run "a_bad_base_name_is_refused" {
  command = plan
  variables {
    name = "Acme"
  }
  expect_failures = [var.name]
}
