{{- /* Refuses gateways that cannot do what is asked of them. */}}
{{- define "inferloop-service.checkGateway" -}}
{{- $gateway := .Values.gateway }}
{{- $auth := $gateway.auth | default dict }}
{{- $problem := "" }}
{{- $path := "gateway" }}
{{- if not (include "inferloop-service.port" .) }}
{{- $path = "gateway.kind" }}
{{- $problem = "process main does not listen; give processes.main.port, or choose kind none" }}
{{- else if and (eq $gateway.kind "istio") (ne .Values.mesh.kind "istio") }}
{{- $path = "gateway.kind" }}
{{- $problem = "istio needs mesh.kind istio; choose that, or another gateway" }}
{{- else if and (eq $gateway.kind "istio") (not $gateway.hosts) }}
{{- $path = "gateway.hosts" }}
{{- $problem = "Istio's gateway needs a host; give one" }}
{{- else if and $gateway.rateLimit (ne $gateway.kind "kong") }}
{{- $path = "gateway.rateLimit" }}
{{- $problem = printf "%s cannot count by client address; leave it out, or choose gateway.kind kong" $gateway.kind }}
{{- else if and (eq ($auth.type | default "") "key") (ne $gateway.kind "kong") }}
{{- $path = "gateway.auth" }}
{{- $problem = printf "%s does not know keys; choose type jwt, or gateway.kind kong" $gateway.kind }}
{{- else if and (eq ($auth.type | default "") "jwt") (ne .Values.mesh.kind "istio") (ne $gateway.kind "kong") }}
{{- $path = "gateway.auth" }}
{{- $problem = printf "%s does not check tokens; choose mesh.kind istio, which does, or gateway.kind kong" $gateway.kind }}
{{- else if and (eq (include "inferloop-service.tokens" .) "kong") (not $auth.secret) }}
{{- $path = "gateway.auth.secret" }}
{{- $problem = "Kong does not fetch an issuer's keys; name a secret with its public key (PEM), or choose mesh.kind istio, which fetches them" }}
{{- else if and (eq (include "inferloop-service.tokens" .) "kong") $auth.audience }}
{{- $path = "gateway.auth.audience" }}
{{- $problem = "Kong does not look for whom a token is, and would take those for others; leave it out, or choose mesh.kind istio, which looks" }}
{{- end }}
{{- if $problem }}
{{- include "inferloop-service.refuse" (dict "root" . "path" $path "message" $problem) }}
{{- end }}
{{- if $auth.secret }}
{{- include "inferloop-service.checkSecret" (dict "root" . "path" "gateway.auth.secret" "name" $auth.secret "key" ($auth.key | default "value")) }}
{{- end }}
{{- range $header, $_ := $gateway.requestHeaders.set }}
{{- if hasKey $gateway.requestHeaders.add $header }}
{{- include "inferloop-service.refuse" (dict "root" $ "path" (printf "gateway.requestHeaders.set.%s" $header) "message" "the header is in add, too; leave one out") }}
{{- end }}
{{- end }}
{{- with $gateway.cors }}
{{- if and .credentials (has "*" .origins) }}
{{- include "inferloop-service.refuse" (dict "root" $ "path" "gateway.cors.origins" "message" "browsers refuse * together with credentials; list the origins") }}
{{- end }}
{{- end }}
{{- end }}

{{- /* Refuses shares of traffic that nobody can hand out. */}}
{{- define "inferloop-service.checkShares" -}}
{{- $main := (include "inferloop-service.processes" . | fromYaml).main | default dict }}
{{- $problem := "" }}
{{- $path := "canary" }}
{{- with .Values.canary }}
{{- if not $main.port }}
{{- $problem = "process main does not listen, so there is no traffic to share; give processes.main.port, or leave canary out" }}
{{- else if ne $main.kind "Deployment" }}
{{- $problem = printf "process main is a %s; only a Deployment has a canary" $main.kind }}
{{- else if and (eq $.Values.mesh.kind "none") (not (has $.Values.gateway.kind (list "kong" "gateway-api"))) }}
{{- $problem = "nothing shares the traffic out; choose a mesh, or gateway.kind kong or gateway-api" }}
{{- else if not (or (dig "image" "tag" nil .) (dig "image" "digest" nil .)) }}
{{- $path = "canary.image" }}
{{- $problem = "it has neither tag nor digest, so it would be this version again; give one" }}
{{- end }}
{{- end }}
{{- if and .Values.migration (not $problem) (not (include "inferloop-service.istio" .)) }}
{{- $path = "migration" }}
{{- $problem = "only Istio sends a share out of the cluster; choose mesh.kind istio with a process main that listens, or leave it out" }}
{{- end }}
{{- if lt (int64 (include "inferloop-service.weights" . | fromYaml).main) 0 }}
{{- $path = "canary.weight" }}
{{- $problem = "with migration.weight it is more than 100 percent; lower one of both" }}
{{- end }}
{{- if $problem }}
{{- include "inferloop-service.refuse" (dict "root" . "path" $path "message" $problem) }}
{{- end }}
{{- end }}

{{- /* Refuses peers whose process or port does not exist. */}}
{{- define "inferloop-service.checkNetwork" -}}
{{- $processes := include "inferloop-service.processes" . | fromYaml }}
{{- range $index, $caller := .Values.network.ingressFrom }}
{{- $path := printf "network.ingressFrom[%d]" $index }}
{{- $name := $caller.process | default "main" }}
{{- $process := get $processes $name }}
{{- if not $process }}
{{- include "inferloop-service.refuse" (dict "root" $ "path" (printf "%s.process" $path) "message" (printf "there is no process %q (%s); name one of these, or leave the caller out" $name (keys $processes | sortAlpha | join ", " | default "none"))) }}
{{- else if and (eq (toString ($caller.port | default "http")) "http") (not $process.port) }}
{{- include "inferloop-service.refuse" (dict "root" $ "path" (printf "%s.port" $path) "message" (printf "process %s does not listen; give it a port, or leave the caller out" $name)) }}
{{- else if and (eq (toString $caller.port) "metrics") (not (include "inferloop-service.metricsPort" (dict "root" $ "process" $process))) }}
{{- include "inferloop-service.refuse" (dict "root" $ "path" (printf "%s.port" $path) "message" (printf "process %s has no metrics; see monitoring.metrics, or leave the caller out" $name)) }}
{{- end }}
{{- end }}
{{- end }}
