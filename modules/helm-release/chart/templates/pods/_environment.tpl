{{- /* Variables of OpenTelemetry (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/). */}}
{{- define "inferloop-service.tracing" -}}
{{- with .Values.monitoring.tracing }}
OTEL_EXPORTER_OTLP_ENDPOINT: {{ .endpoint }}
OTEL_EXPORTER_OTLP_PROTOCOL: http/protobuf
OTEL_PROPAGATORS: tracecontext,baggage
OTEL_SERVICE_NAME: {{ $.Values.name }}
# A caller that traces is followed always, so that a trace is whole; the share counts where a trace begins.
OTEL_TRACES_SAMPLER: parentbased_traceidratio
OTEL_TRACES_SAMPLER_ARG: {{ toString .samplingRate | quote }}
{{- end }}
OTEL_RESOURCE_ATTRIBUTES: k8s.namespace.name={{ .Release.Namespace }},k8s.pod.name=$(POD_NAME),deployment.environment.name={{ .Values.environment }}
{{- end }}

{{- /*
Variables of a container: what podTemplate takes. With config those of .Values.config stand here, in place of the ConfigMap. Those that
are declared win over those of the chart. POD_NAME stands first: a variable can only use one that stands before it.
*/}}
{{- define "inferloop-service.env" -}}
{{- $root := .root }}
{{- $own := dict }}
{{- if $root.Values.monitoring.tracing.enabled }}
{{- $own = include "inferloop-service.tracing" $root | fromYaml }}
{{- end }}
{{- if and (not .process.port) (include "inferloop-service.ownMetricsPort" .) }}
{{- $_ := set $own "GUARDIAN_METRICS_PORT" (include "inferloop-service.ownMetricsPort" .) }}
{{- end }}
{{- $all := dict }}
{{- range $name, $value := $own }}
{{- if not (hasKey $root.Values.config $name) }}{{ $_ := set $all $name (dict "value" $value) }}{{ end }}
{{- end }}
{{- if .config }}
{{- range $name, $value := $root.Values.config }}{{ $_ := set $all $name (dict "value" $value) }}{{ end }}
{{- end }}
{{- range $name, $source := .process.env }}{{ $_ := set $all $name $source }}{{ end }}
{{- if and $root.Values.monitoring.tracing.enabled (not (or (hasKey $all "POD_NAME") (hasKey $root.Values.config "POD_NAME"))) }}
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
{{- end }}
{{- $prefix := .secrets | default $root.Values.name }}
{{- range $name, $source := $all }}
- name: {{ $name }}
  {{- if $source.secret }}
  valueFrom:
    secretKeyRef:
      name: {{ $prefix }}-{{ $source.secret.name }}
      key: {{ $source.secret.key | default "value" | quote }}
  {{- else }}
  value: {{ $source.value | quote }}
  {{- end }}
{{- end }}
{{- end }}
