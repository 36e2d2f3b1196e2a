{{- /* Ends with an error: where in the values, what is wrong, what to do. */}}
{{- define "inferloop-service.refuse" -}}
{{- fail (printf "values of %s: %s: %s" .root.Values.name .path .message) }}
{{- end }}

{{- /* Names of processes by where they stand in the values, as YAML. */}}
{{- define "inferloop-service.processNames" -}}
{{- range $name, $_ := .Values.processes }}
processes.{{ $name }}: {{ quote $name }}
{{- end }}
{{- end }}

{{- /* Refuses variables that name a secret which is not declared, or a property that it does not have: root, path, env. */}}
{{- define "inferloop-service.checkEnv" -}}
{{- range $variable, $source := .env | default dict }}
{{- with $source.secret }}
{{- include "inferloop-service.checkSecret" (dict "root" $.root "path" (printf "%s.env.%s.secret" $.path $variable) "name" .name "key" (.key | default "value")) }}
{{- end }}
{{- end }}
{{- end }}

{{- /* Refuses a secret that is not declared, or a property that it does not have: root, path, name, key. */}}
{{- define "inferloop-service.checkSecret" -}}
{{- $secret := get .root.Values.secrets .name }}
{{- if not $secret }}
{{- include "inferloop-service.refuse" (dict "root" .root "path" .path "message" (printf "there is no entry %q in secrets (%s); declare it there" .name (keys .root.Values.secrets | sortAlpha | join ", " | default "none"))) }}
{{- else if not (has .key ($secret.properties | default (list "value"))) }}
{{- include "inferloop-service.refuse" (dict "root" .root "path" .path "message" (printf "secrets.%s.properties has no %q; add it there, or name one of: %s" .name .key ($secret.properties | default (list "value") | join ", "))) }}
{{- end }}
{{- end }}

{{- /* Refuses files that are not declared, and paths that meet: root, path, process. */}}
{{- define "inferloop-service.checkMounts" -}}
{{- $paths := dict "/tmp" "scratch" }}
{{- with .process.volume }}
{{- $own := trimSuffix "/" (.path | default "/data") }}
{{- if or (eq $own "/tmp") (eq $own "") }}
{{- include "inferloop-service.refuse" (dict "root" $.root "path" (printf "%s.volume.path" $.path) "message" "/ and /tmp are taken; choose another path, such as /data") }}
{{- end }}
{{- $_ := set $paths $own "volume" }}
{{- end }}
{{- range $file, $given := .process.mounts | default dict }}
{{- $own := trimSuffix "/" $given }}
{{- $where := printf "%s.mounts.%s" $.path $file }}
{{- if not (hasKey $.root.Values.files $file) }}
{{- include "inferloop-service.refuse" (dict "root" $.root "path" $where "message" (printf "there is no entry %q in files (%s); declare it there" $file (keys $.root.Values.files | sortAlpha | join ", " | default "none"))) }}
{{- end }}
{{- if or (hasKey $paths $own) (eq $own "") }}
{{- include "inferloop-service.refuse" (dict "root" $.root "path" $where "message" (printf "%s is taken by %s; choose another path" $given (get $paths $own | default "the image"))) }}
{{- end }}
{{- $_ := set $paths $own $where }}
{{- end }}
{{- end }}

{{- /* Refuses fields that the kind of a process does not have: root, path, name, process. */}}
{{- define "inferloop-service.checkKind" -}}
{{- $kinds := dict "volume" (list "StatefulSet") "schedule" (list "CronJob") "completions" (list "Job") "parallelism" (list "Job")
    "autoscaling" (list "Deployment" "StatefulSet") "disruptionBudget" (list "Deployment" "StatefulSet") "port" (list "Deployment" "StatefulSet") }}
{{- range $field, $accepted := $kinds }}
{{- if and (get $.process $field) (not (has $.process.kind $accepted)) }}
{{- include "inferloop-service.refuse" (dict "root" $.root "path" (printf "%s.%s" $.path $field) "message" (printf "a %s has none; leave it out, or choose kind %s" $.process.kind (join " or " $accepted))) }}
{{- end }}
{{- end }}
{{- range $probe, $given := .process.probes }}
{{- if and $given (not $.process.port) (not $given.port) }}
{{- include "inferloop-service.refuse" (dict "root" $.root "path" (printf "%s.probes.%s" $.path $probe) "message" "the process does not listen; give it a port, or leave the probe out") }}
{{- end }}
{{- end }}
{{- end }}

{{- /* Refuses autoscaling that cannot work: root, path, autoscaling, process. */}}
{{- define "inferloop-service.checkAutoscaling" -}}
{{- $given := .autoscaling }}
{{- $keda := eq ($given.kind | default "hpa") "keda" }}
{{- $problem := "" }}
{{- if gt (int64 $given.min) (int64 $given.max) }}
{{- $problem = printf "min is %d and max is %d; min must not be more" (int64 $given.min) (int64 $given.max) }}
{{- else if and (not $keda) (or $given.requestsPerSecond $given.triggers) }}
{{- $problem = "requestsPerSecond and triggers need kind keda; a HorizontalPodAutoscaler alone sees cpu and memory only" }}
{{- else if and (not $keda) (eq (int64 $given.min) 0) }}
{{- $problem = "min 0 needs kind keda and a trigger that sees work without a pod; choose these, or min 1" }}
{{- else if not (or $given.cpu $given.memory $given.requestsPerSecond $given.triggers) }}
{{- $problem = "nothing to scale by; give cpu, memory, requestsPerSecond or triggers, or leave autoscaling out" }}
{{- else if and (eq (int64 $given.min) 0) (not $given.triggers) }}
{{- $problem = "min 0 needs a trigger that sees work without a pod, such as a queue's or a schedule; add one to triggers, or choose min 1" }}
{{- else if and $given.requestsPerSecond (not (and .root.Values.monitoring.metrics.enabled .process.port (eq .name "main"))) }}
{{- $problem = "requestsPerSecond needs process main, its port and monitoring.metrics.enabled: Prometheus counts the requests of the Service" }}
{{- else }}
{{- range $resource := list "cpu" "memory" }}
{{- if and (get $given $resource) (not (get ($.process.resources.requests | default dict) $resource)) }}
{{- $problem = printf "%s is a share of what is requested; give resources.requests.%s" $resource $resource }}
{{- end }}
{{- end }}
{{- end }}
{{- if $problem }}
{{- include "inferloop-service.refuse" (dict "root" .root "path" .path "message" $problem) }}
{{- end }}
{{- $names := dict }}
{{- range $index, $trigger := $given.triggers }}
{{- $where := printf "%s.triggers[%d]" $.path $index }}
{{- with $trigger.authentication }}
{{- if not (hasKey $.root.Values.triggerAuthentications .) }}
{{- include "inferloop-service.refuse" (dict "root" $.root "path" (printf "%s.authentication" $where) "message" (printf "there is no entry %q in triggerAuthentications (%s); declare it there" . (keys $.root.Values.triggerAuthentications | sortAlpha | join ", " | default "none"))) }}
{{- end }}
{{- end }}
{{- with $trigger.name }}
{{- if or (hasKey $names .) (eq . "requests-per-second") }}
{{- include "inferloop-service.refuse" (dict "root" $.root "path" (printf "%s.name" $where) "message" (printf "%q is the name of two triggers; choose another" .)) }}
{{- end }}
{{- $_ := set $names . true }}
{{- end }}
{{- end }}
{{- end }}

{{- /* Refuses a budget that never lets a pod go: root, path, process. Nodes could not be drained. */}}
{{- define "inferloop-service.checkBudget" -}}
{{- $most := (.process.autoscaling | default dict).max | default .process.replicas | default 1 | int64 }}
{{- $budget := .process.disruptionBudget }}
{{- $stays := $budget.minAvailable }}
{{- if or (and (not (kindIs "invalid" $stays)) (not (kindIs "string" $stays)) (ge (int64 $stays) $most)) (eq (toString $stays) "100%")
    (eq (toString $budget.maxUnavailable) "0") }}
{{- include "inferloop-service.refuse" (dict "root" .root "path" (printf "%s.disruptionBudget" .path) "message" (printf "with at most %d replicas no pod could ever be evicted, and no node drained; let one go, or give more replicas" $most)) }}
{{- end }}
{{- end }}

{{- /* Refuses what contradicts itself in a process: root, name, process. */}}
{{- define "inferloop-service.checkProcess" -}}
{{- $path := printf "processes.%s" .name }}
{{- $context := dict "root" .root "path" $path "name" .name "process" .process "env" .process.env }}
{{- include "inferloop-service.checkKind" $context }}
{{- include "inferloop-service.checkEnv" $context }}
{{- include "inferloop-service.checkMounts" $context }}
{{- with .process.autoscaling }}
{{- include "inferloop-service.checkAutoscaling" (dict "root" $.root "path" (printf "%s.autoscaling" $path) "name" $.name "process" $.process "autoscaling" .) }}
{{- end }}
{{- if .process.disruptionBudget }}{{ include "inferloop-service.checkBudget" $context }}{{ end }}
{{- if and .process.port (ge (int64 .process.drainSeconds) (int64 .process.terminationGraceSeconds)) }}
{{- include "inferloop-service.refuse" (dict "root" .root "path" (printf "%s.drainSeconds" $path) "message" (printf "of terminationGraceSeconds (%d) nothing is left to end in; make it less" (int64 .process.terminationGraceSeconds))) }}
{{- end }}
{{- if and (eq (toString .process.rollout.maxSurge) "0") (eq (toString .process.rollout.maxUnavailable) "0") }}
{{- include "inferloop-service.refuse" (dict "root" .root "path" (printf "%s.rollout" $path) "message" "with neither a pod more nor a pod fewer nothing can be replaced; let one of both be 1") }}
{{- end }}
{{- if hasKey .root.Values.rayJobs (trimPrefix "ray-" .name) }}
{{- if hasPrefix "ray-" .name }}
{{- include "inferloop-service.refuse" (dict "root" .root "path" $path "message" "pods of the RayJob of this name would be taken for this process; choose another name") }}
{{- end }}
{{- end }}
{{- end }}
