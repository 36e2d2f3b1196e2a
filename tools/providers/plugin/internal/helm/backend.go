// Package helm applies helm_release with helm's own library, which the real provider uses as well.
package helm

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"helm.sh/helm/v3/pkg/cli"

	"inferloop/tools/providers/plugin/internal/standin"
)

// Backend is the part of the provider that applies.
type Backend struct {
	settings *cli.EnvSettings
	cluster  *connection
	fetching sync.Mutex // helm's cache of charts is not made for several at once
}

// New returns a backend that knows no cluster yet.
func New() *Backend { return &Backend{settings: cli.New()} }

var drivers = []string{"secret", "secrets", "configmap", "configmaps"}

// CheckConfig refuses settings that would be without effect.
func (b *Backend) CheckConfig(config *standin.Object) []*standin.Fault {
	var faults []*standin.Fault
	for _, name := range []string{"registries", "plugins_path"} {
		if !config.Null(name) {
			faults = append(faults, unsupported(name))
		}
	}
	if experiments := config.Nested("experiments"); experiments != nil && experiments.Flag("manifest") {
		faults = append(faults, unsupported("experiments"))
	}
	if driver := driverOf(config); driver != "" && !slices.Contains(drivers, driver) {
		faults = append(faults, &standin.Fault{
			Summary: "Unknown storage driver",
			Detail: fmt.Sprintf(
				"The stand-in keeps releases in secrets or config maps, not in %q, as helm_driver or HELM_DRIVER says.", driver,
			),
		})
	}
	if kubernetes := config.Nested("kubernetes"); kubernetes != nil {
		if !kubernetes.Null("config_path") && !kubernetes.Null("config_paths") {
			faults = append(faults, &standin.Fault{
				Summary: "Two arguments for one thing", Argument: "kubernetes",
				Detail: "Give either config_path or config_paths.",
			})
		}
	}
	return faults
}

func driverOf(config *standin.Object) string {
	return firstOf(config.Text("helm_driver"), os.Getenv("HELM_DRIVER"))
}

// Configure takes the provider's settings.
func (b *Backend) Configure(config *standin.Object) []*standin.Fault {
	if text := config.Text("registry_config_path"); text != "" {
		b.settings.RegistryConfig = text
	}
	if text := config.Text("repository_config_path"); text != "" {
		b.settings.RepositoryConfig = text
	}
	if text := config.Text("repository_cache"); text != "" {
		b.settings.RepositoryCache = text
	}
	b.settings.Debug = b.settings.Debug || config.Flag("debug")
	cluster, err := connect(config)
	if err != nil {
		return []*standin.Fault{{
			Summary: "The cluster's address cannot be read", Detail: err.Error() + ".", Argument: "kubernetes",
		}}
	}
	b.cluster = cluster
	return nil
}

// Resources are the types that can be applied.
func (b *Backend) Resources() map[string]standin.Resource {
	return map[string]standin.Resource{"helm_release": &releases{b}}
}

func unsupported(name string) *standin.Fault {
	return &standin.Fault{
		Summary: "Not supported by the stand-in for hashicorp/helm", Argument: name,
		Detail: fmt.Sprintf(
			"%q has no effect here, so it is refused. Leave it out, or run this where the Terraform registry answers and "+
				"the real provider is used.", name,
		),
	}
}

func nestedType(object *standin.Object, name string) tftypes.Object {
	return object.Type().AttributeTypes[name].(tftypes.Object)
}

// explain returns a fault with helm's own words, without secrets, and the next step where one is known.
func explain(summary string, err error, arguments *standin.Object) *standin.Fault {
	text := withoutSecrets(err.Error(), secretsOf(arguments))
	name, namespace := arguments.Text("name"), arguments.Text("namespace")
	for _, known := range hints {
		if strings.Contains(text, known.words) {
			hint := strings.NewReplacer("NAMESPACE", namespace, "NAME", name).Replace(known.hint)
			return &standin.Fault{Summary: summary, Detail: text + "\n\n" + hint}
		}
	}
	return &standin.Fault{Summary: summary, Detail: text}
}

// hints are next steps by words of helm's messages; the first that fits is given.
var hints = []struct{ words, hint string }{
	{
		"Kubernetes cluster unreachable",
		"Look at the provider's `kubernetes` argument, and whether the API server answers: kubectl version",
	},
	{
		"cannot re-use a name that is still in use",
		"The release is there, but not in this state. Take it over with `terraform import ADDRESS NAMESPACE/NAME`, or " +
			"look at it with `helm history NAME -n NAMESPACE` and take it away with `helm uninstall NAME -n NAMESPACE`.",
	},
	{
		"another operation (install/upgrade/rollback) is in progress",
		"Wait for it where somebody else is at work. Where that run was killed, see `helm history NAME -n NAMESPACE`, then " +
			"`helm rollback NAME -n NAMESPACE`, or `helm uninstall NAME -n NAMESPACE` where it is the first revision.",
	},
	{
		"has no deployed releases",
		"No revision ever succeeded: take the rest away with `helm uninstall NAME -n NAMESPACE`, and apply again.",
	},
	{
		"namespaces \"",
		"Make the namespace first, or set create_namespace: kubectl create namespace NAMESPACE",
	},
	{
		"no matches for kind",
		"The cluster does not know this kind: install what brings its custom resource definition first.",
	},
	{
		"context canceled",
		"It was interrupted. `helm status NAME -n NAMESPACE` shows what is there; apply again to go on.",
	},
	{
		"deadline exceeded",
		"Look at `kubectl get pods,events -n NAMESPACE`, and raise `timeout` where it only needs longer.",
	},
	{
		"timed out waiting for the condition",
		"Look at `kubectl get pods,events -n NAMESPACE`, and raise `timeout` where it only needs longer.",
	},
}
