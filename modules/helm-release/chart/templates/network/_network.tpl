{{- /* A peer of a NetworkPolicy: namespace and app, or cidr and except. */}}
{{- define "inferloop-service.peer" -}}
{{- if .cidr }}
- ipBlock:
    cidr: {{ .cidr }}
    {{- with .except }}
    except:
      {{- toYaml . | nindent 6 }}
    {{- end }}
{{- else }}
- namespaceSelector:
    matchLabels:
      kubernetes.io/metadata.name: {{ .namespace }}
  {{- with .app }}
  podSelector:
    matchLabels:
      app.kubernetes.io/name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* Where traces go, where that is in the cluster; elsewhere it has to be declared. */}}
{{- define "inferloop-service.collector" -}}
{{- $found := regexFindAll "^https?://[a-z0-9-]+\\.[a-z0-9-]+\\.svc[a-z0-9.-]*(:[0-9]+)?" .Values.monitoring.tracing.endpoint 1 }}
{{- if and .Values.monitoring.tracing.enabled $found }}
{{- $host := regexReplaceAll "^https?://" (first $found) "" }}
namespace: {{ index (splitList "." $host) 1 }}
port: {{ if contains ":" $host }}{{ last (splitList ":" $host) }}{{ else }}{{ ternary 443 80 (hasPrefix "https:" (first $found)) }}{{ end }}
{{- end }}
{{- end }}

{{- /* What pods of the release may call: names, the mesh's control plane, the collector of traces, and what is declared. */}}
{{- define "inferloop-service.egress" -}}
# Names of the cluster's DNS.
- to:
    {{- include "inferloop-service.peer" (dict "namespace" "kube-system") | trim | nindent 4 }}
  ports:
    - {port: 53, protocol: UDP}
    - {port: 53, protocol: TCP}
{{- if eq .Values.mesh.kind "istio" }}
# Certificates and settings of the sidecar.
- to:
    {{- include "inferloop-service.peer" (dict "namespace" "istio-system") | trim | nindent 4 }}
  ports:
    - {port: 15012, protocol: TCP}
{{- else if eq .Values.mesh.kind "linkerd" }}
# Identity, destinations and policies of the sidecar.
- to:
    {{- include "inferloop-service.peer" (dict "namespace" "linkerd") | trim | nindent 4 }}
  ports:
    - {port: 8080, protocol: TCP}
    - {port: 8086, protocol: TCP}
    - {port: 8090, protocol: TCP}
{{- end }}
{{- with include "inferloop-service.collector" . | fromYaml }}
# Traces.
- to:
    {{- include "inferloop-service.peer" (dict "namespace" .namespace) | trim | nindent 4 }}
  ports:
    - {port: {{ int64 .port }}, protocol: TCP}
{{- end }}
{{- range .Values.network.egressTo }}
{{- with .name }}
# {{ . }}
{{- end }}
- to:
    {{- include "inferloop-service.peer" . | trim | nindent 4 }}
  ports:
    - {port: {{ int64 .port }}, protocol: {{ .protocol | default "TCP" }}}
    {{- if and .namespace (eq $.Values.mesh.kind "linkerd") }}
    # Where the other pod's sidecar answers.
    - {port: 4143, protocol: TCP}
    {{- end }}
{{- end }}
{{- end }}

{{- /* The number of a port that is named http or metrics: root, process, port. */}}
{{- define "inferloop-service.portNumber" -}}
{{- $port := .port | default "http" }}
{{- if kindIs "string" $port }}
{{- if eq $port "metrics" }}{{ include "inferloop-service.metricsPort" . }}{{ else }}{{ int64 .process.port }}{{ end }}
{{- else }}{{ int64 $port }}{{ end }}
{{- end }}
