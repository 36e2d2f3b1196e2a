{{- /* Specification of an ExternalSecret that becomes the Secret `target`: secret, target. */}}
{{- define "inferloop-service.externalSecretSpec" -}}
refreshInterval: {{ .secret.refresh | default "1h" }}
secretStoreRef:
  kind: ClusterSecretStore
  name: {{ .secret.store | default "platform" }}
target:
  name: {{ .target }}
  creationPolicy: Owner
  # A store that cannot be reached for a while must not take the Secret from running pods.
  deletionPolicy: Retain
data:
  {{- range .secret.properties | default (list "value") }}
  - secretKey: {{ . | quote }}
    remoteRef:
      key: {{ $.secret.key | quote }}
      {{- if not $.secret.plain }}
      property: {{ . | quote }}
      {{- end }}
  {{- end }}
{{- end }}
