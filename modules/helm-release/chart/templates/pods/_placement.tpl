{{- /* Taints that are accepted. Clouds taint nodes with GPUs by this key, whatever else the module knows of their pools. */}}
{{- define "inferloop-service.tolerations" -}}
{{- $gpu := dict "key" "nvidia.com/gpu" "operator" "Exists" "effect" "NoSchedule" }}
{{- $tolerations := .tolerations | default list }}
{{- if and (.resources | default dict).gpus (not (has $gpu $tolerations)) }}
{{- $tolerations = append $tolerations $gpu }}
{{- end }}
{{- if $tolerations }}
{{- toYaml $tolerations }}
{{- end }}
{{- end }}

{{- /* Nodes that are needed (zones) and preferred. */}}
{{- define "inferloop-service.nodeAffinity" -}}
{{- with .zones }}
requiredDuringSchedulingIgnoredDuringExecution:
  nodeSelectorTerms:
    - matchExpressions:
        - key: topology.kubernetes.io/zone
          operator: In
          values:
            {{- toYaml . | nindent 12 }}
{{- end }}
{{- with .preferredNodes }}
preferredDuringSchedulingIgnoredDuringExecution:
  {{- range $label, $value := . }}
  - weight: 100
    preference:
      matchExpressions:
        - key: {{ $label }}
          operator: In
          values: [{{ $value | quote }}]
  {{- end }}
{{- end }}
{{- end }}

{{- /*
How replicas are spread: root, component, process. They are spread as well as can be, never left out: a zone that is down must not stop
the others from growing. Each version of a Deployment is spread for itself.
*/}}
{{- define "inferloop-service.spread" -}}
{{- $keys := dict "zone" (list "topology.kubernetes.io/zone" "kubernetes.io/hostname") "node" (list "kubernetes.io/hostname") "none" list }}
{{- range get $keys .process.spread }}
- topologyKey: {{ . }}
  maxSkew: 1
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "inferloop-service.selector" $ | nindent 6 }}
  {{- if eq $.process.kind "Deployment" }}
  matchLabelKeys: [pod-template-hash]
  {{- end }}
{{- end }}
{{- end }}

{{- /* Label and annotation that put a pod into the mesh, or keep it out: root, inside. As YAML with labels and annotations. */}}
{{- define "inferloop-service.meshMarks" -}}
{{- $kind := .root.Values.mesh.kind }}
{{- $linkerd := ternary "enabled" "disabled" .inside }}
labels: {{ ternary (dict "sidecar.istio.io/inject" (toString .inside)) dict (eq $kind "istio") | toJson }}
annotations: {{ ternary (dict "linkerd.io/inject" $linkerd) dict (eq $kind "linkerd") | toJson }}
{{- end }}
