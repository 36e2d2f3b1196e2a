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
# The gateway's sidecar looks here, too: callers from outside have the time that they are given.
timeout.linkerd.io/request: {{ ternary (max (int64 $mesh.timeoutSeconds) (int64 .root.Values.gateway.timeoutSeconds)) (int64 $mesh.timeoutSeconds) (ne .root.Values.gateway.kind "none") }}s
{{- with $mesh.circuitBreaker }}
balancer.linkerd.io/failure-accrual: consecutive
balancer.linkerd.io/failure-accrual-consecutive-max-failures: {{ .consecutiveErrors | default 5 | int64 | quote }}
balancer.linkerd.io/failure-accrual-consecutive-min-penalty: {{ .ejectionSeconds | default 30 | int64 }}s
{{- end }}
{{- end }}
{{- end }}
