{{- /* What gateways and meshes read on a Service: root, name. As YAML. */}}
{{- define "inferloop-service.serviceAnnotations" -}}
{{- $mesh := .root.Values.mesh }}
{{- $milliseconds := mul (int64 .root.Values.gateway.timeoutSeconds) 1000 | toString }}
{{- if eq .root.Values.gateway.kind "kong" }}
konghq.com/connect-timeout: "5000"
konghq.com/read-timeout: {{ $milliseconds | quote }}
konghq.com/write-timeout: {{ $milliseconds | quote }}
{{- if ne $mesh.kind "none" }}
# The mesh balances and measures by Service: Kong must call the Service, by its name, and not pods.
ingress.kubernetes.io/service-upstream: "true"
konghq.com/host-header: {{ include "inferloop-service.host" . }}
{{- end }}
{{- end }}
{{- if eq $mesh.kind "linkerd" }}
timeout.linkerd.io/request: {{ int64 $mesh.timeoutSeconds }}s
{{- with int64 $mesh.retries }}
# Linkerd tells no apart what did not reach the service; 502 to 503 is what nothing was done for.
retry.linkerd.io/http: 502-503
retry.linkerd.io/limit: {{ . | quote }}
{{- end }}
{{- with $mesh.circuitBreaker }}
balancer.linkerd.io/failure-accrual: consecutive
balancer.linkerd.io/failure-accrual-consecutive-max-failures: {{ .consecutiveErrors | default 5 | int64 | quote }}
balancer.linkerd.io/failure-accrual-consecutive-min-penalty: {{ .ejectionSeconds | default 30 | int64 }}s
{{- end }}
{{- end }}
{{- end }}
