output "cluster_arn" {
  description = "ARN of the ECS cluster; null where there is no service."
  value       = local.cluster_arn
}

output "cluster_name" {
  description = "Name of the ECS cluster; null where there is no service."
  value       = local.cluster_name
}

output "load_balancer_arn_suffix" {
  description = "Part of the load balancer's ARN that its metrics take as dimension; null where none is made."
  value       = one(aws_lb.this[*].arn_suffix)
}

output "load_balancer_dns_name" {
  description = "DNS name of the load balancer; null where none is made."
  value       = one(aws_lb.this[*].dns_name)
  depends_on  = [aws_lb_listener.https]
}

output "load_balancer_zone_id" {
  description = "Route 53 zone id of the load balancer, for alias records; null where none is made."
  value       = one(aws_lb.this[*].zone_id)
}

output "security_group_ids" {
  description = "Security group of the tasks, by service key; databases and caches admit it."
  value       = { for key, group in aws_security_group.task : key => group.id }
}

output "service_names" {
  description = "Name of the ECS service, by service key."
  value       = { for key, service in aws_ecs_service.this : key => service.name }
}

output "target_group_arn_suffixes" {
  description = "Part of the target group's ARN that its metrics take as dimension, by service key."
  value       = { for key, group in aws_lb_target_group.this : key => group.arn_suffix }
}

output "task_role_arns" {
  description = "ARN of the role that the service's containers run as, by service key."
  value       = { for key, role in aws_iam_role.task : key => role.arn }
}
