# What differs between clouds, kinds of process and queues, as data.
locals {
  process_kinds = { api = "Deployment", cron = "CronJob", job = "Job", stateful = "StatefulSet", worker = "Deployment" }
  # Types that answer requests, if they are the service itself.
  listening = ["api", "stateful"]

  gateway_namespaces = { gateway-api = "gateway", istio = "istio-system", kong = "kong" }

  # KEDA's triggers by what a queue speaks: the name of the wanted length, the cloud identity that asks for it, the ports of the queue itself.
  queue_kinds = {
    amqp       = { trigger = "rabbitmq", length = "value", identity = null, ports = [] }
    pubsub     = { trigger = "gcp-pubsub", length = "value", identity = "gcp", ports = [443] }
    servicebus = { trigger = "azure-servicebus", length = "messageCount", identity = "azure-workload", ports = [443, 5671] }
    sqs        = { trigger = "aws-sqs-queue", length = "queueLength", identity = "aws", ports = [443] }
  }

  file_drivers = {
    # The file system's policy lets in who logs in with an identity, over TLS.
    aws    = { driver = "efs.csi.aws.com", options = ["tls", "iam"], separator = "::" }
    azure  = { driver = "file.csi.azure.com", options = [], separator = "#" }
    gcp    = { driver = "filestore.csi.storage.gke.io", options = [], separator = "/" }
    onprem = { driver = "nfs.csi.k8s.io", options = [], separator = "#" }
  }

  # Where pods get the token of their cloud identity, beside the public addresses of the cloud's API.
  # https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html
  # https://cloud.google.com/kubernetes-engine/docs/how-to/network-policy#network-policy-and-workload-identity
  token_places = {
    aws    = [{ cidr = "169.254.170.23/32", port = 80, name = "pod-identity" }]
    azure  = []
    gcp    = [{ cidr = "169.254.169.252/32", port = 988, name = "workload-identity" }, { cidr = "169.254.169.254/32", port = 80, name = "metadata" }]
    onprem = []
  }

  production = contains(["prod", "production"], var.platform.environment)

  # The version of the generator, whose image a service runs that names none.
  generator = { repository = "inferloop-synthetic-api", tag = "0.1.0" }

  # What is left out of the values because it says nothing.
  nothing = ["null", "{}", "[]"]
}
