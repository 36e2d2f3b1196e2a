package helm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage/driver"

	"inferloop/tools/providers/plugin/internal/standin"
)

// defaults are the values of arguments that are left out.
var defaults = map[string]any{
	"atomic":                     false,
	"cleanup_on_fail":            false,
	"create_namespace":           false,
	"dependency_update":          false,
	"disable_crd_hooks":          false,
	"disable_openapi_validation": false,
	"disable_webhooks":           false,
	"force_update":               false,
	"lint":                       false,
	"max_history":                0,
	"pass_credentials":           false,
	"recreate_pods":              false,
	"render_subchart_notes":      true,
	"replace":                    false,
	"reset_values":               false,
	"reuse_values":               false,
	"skip_crds":                  false,
	"take_ownership":             false,
	"timeout":                    300,
	"upgrade_install":            false,
	"verify":                     false,
	"wait":                       true,
	"wait_for_jobs":              false,
}

// decided are attributes that follow from the others.
var decided = []string{"id", "manifest", "metadata", "resources", "status", "version"}

// remaking are arguments that an existing release cannot change.
var remaking = []string{"name", "namespace"}

const patience = 20 * time.Minute // for an operation that `timeouts` does not limit

// releases are the resources of type helm_release.
type releases struct{ backend *Backend }

// Check refuses what would be without effect, and what can be seen to be wrong without the chart.
func (r *releases) Check(config *standin.Object) []*standin.Fault {
	var faults []*standin.Fault
	for _, name := range []string{"postrender", "set_wo", "set_wo_revision"} {
		if !config.Null(name) {
			faults = append(faults, unsupported(name))
		}
	}
	for _, name := range []string{"disable_crd_hooks", "upgrade_install"} {
		if config.Flag(name) {
			faults = append(faults, unsupported(name))
		}
	}
	if name := config.Text("name"); config.Known("name") && (name == "" || len(name) > 53) {
		faults = append(faults, &standin.Fault{
			Summary: "The release's name does not fit", Argument: "name",
			Detail: fmt.Sprintf("%q has %d characters; 1 to 53 are accepted.", name, len(name)),
		})
	}
	for argument, accepted := range map[string][]string{
		"set": {"", "auto", "string", "literal"}, "set_sensitive": {"", "auto", "string", "literal"},
	} {
		for _, one := range config.Objects(argument) {
			if kind := one.Text("type"); one.Known("type") && !slices.Contains(accepted, kind) {
				faults = append(faults, &standin.Fault{
					Summary: "Unknown type of a value", Argument: argument,
					Detail: fmt.Sprintf("%q has type %q; accepted: auto, string, literal.", one.Text("name"), kind),
				})
			}
		}
	}
	if timeouts := config.Nested("timeouts"); timeouts != nil {
		for _, name := range []string{"create", "read", "update", "delete"} {
			if _, err := limit(config, name); timeouts.Known(name) && err != nil {
				faults = append(faults, &standin.Fault{
					Summary: "A time limit is not a duration", Argument: "timeouts",
					Detail: fmt.Sprintf("timeouts.%s: %s; write it like \"10m\" or \"1h30m\".", name, err),
				})
			}
		}
	}
	return faults
}

// Plan fills in defaults, looks at the chart, and tells what an apply decides.
func (r *releases) Plan(_ context.Context, prior, proposed, config *standin.Object) (*standin.Object, []string, error) {
	planned := proposed.Copy()
	for name, value := range defaults {
		if config.Null(name) {
			planned.Set(name, value)
		}
	}
	if config.Null("namespace") {
		planned.Set("namespace", firstOf(os.Getenv("HELM_NAMESPACE"), "default"))
	}
	if config.Known("set") && !config.Null("set") {
		sets := config.Objects("set")
		for index, one := range sets {
			if one.Null("type") {
				sets[index] = one.Copy()
				sets[index].Set("type", "")
			}
		}
		planned.SetObjects("set", sets)
	}
	for _, name := range []string{"id", "manifest", "resources"} {
		planned.Set(name, nil)
	}
	planned.Set("status", release.StatusDeployed.String())
	if err := r.planChart(planned, config); err != nil {
		return nil, nil, err
	}
	if prior == nil {
		planned.SetUnknown("id")
		planned.SetUnknown("metadata")
		return planned, nil, nil
	}
	var replacing []string
	for _, name := range remaking {
		if !planned.Field(name).Equal(prior.Field(name)) {
			replacing = append(replacing, name)
		}
	}
	planned.Set("id", prior.Field("id"))
	planned.Set("metadata", prior.Field("metadata"))
	if changed(prior, planned) {
		planned.SetUnknown("metadata")
	}
	if len(replacing) > 0 {
		planned.SetUnknown("id")
	}
	return planned, replacing, nil
}

// planChart sets the version that will be there, once the chart can be looked at.
func (r *releases) planChart(planned, config *standin.Object) error {
	for _, name := range []string{"chart", "repository", "version", "devel"} {
		if !config.Known(name) {
			planned.SetUnknown("version")
			return nil
		}
	}
	asked := planned.Copy()
	asked.Set("version", config.Field("version"))
	client := action.NewInstall(new(action.Configuration))
	loaded, file, err := r.backend.load(asked, &client.ChartPathOptions, client)
	if err != nil {
		return err
	}
	version := loaded.Metadata.Version
	if wanted := config.Text("version"); wanted != "" {
		if strings.TrimPrefix(wanted, "v") != strings.TrimPrefix(version, "v") {
			return &standin.Fault{
				Summary: "The chart has another version", Argument: "version",
				Detail: fmt.Sprintf("version is %q, and the chart found has %q. Write %[2]q, or leave version out.", wanted, version),
			}
		}
		version = wanted
	}
	planned.Set("version", version)
	if !valuesKnown(config) {
		return nil
	}
	values, err := valuesOf(planned)
	if err != nil || !planned.Flag("lint") {
		return err
	}
	return lint(file, values, planned)
}

func valuesKnown(config *standin.Object) bool {
	return !slices.ContainsFunc([]string{"values", "set", "set_list", "set_sensitive"}, func(name string) bool {
		return !config.Known(name)
	})
}

func lint(file string, values map[string]any, arguments *standin.Object) error {
	result := action.NewLint().Run([]string{file}, values)
	if len(result.Errors) == 0 {
		return nil
	}
	return explain("helm lint finds the chart or its values wrong", errors.Join(result.Errors...), arguments)
}

func changed(prior, planned *standin.Object) bool {
	for name := range planned.Type().AttributeTypes {
		if name != "metadata" && name != "id" && !planned.Field(name).Equal(prior.Field(name)) {
			return true
		}
	}
	return false
}

// Create installs.
func (r *releases) Create(ctx context.Context, planned *standin.Object) (*standin.Object, error) {
	ctx, cancel, err := limited(ctx, planned, "create")
	if err != nil {
		return nil, err
	}
	defer cancel()
	actions, err := r.actions(planned)
	if err != nil {
		return nil, err
	}
	client := action.NewInstall(actions)
	loaded, values, err := r.input(planned, &client.ChartPathOptions, client)
	if err != nil {
		return nil, err
	}
	client.Atomic = planned.Flag("atomic")
	client.CreateNamespace = planned.Flag("create_namespace")
	client.Description = planned.Text("description")
	client.Devel = planned.Flag("devel")
	client.DisableHooks = planned.Flag("disable_webhooks")
	client.DisableOpenAPIValidation = planned.Flag("disable_openapi_validation")
	client.Namespace = planned.Text("namespace")
	client.ReleaseName = planned.Text("name")
	client.Replace = planned.Flag("replace")
	client.SkipCRDs = planned.Flag("skip_crds")
	client.SubNotes = planned.Flag("render_subchart_notes")
	client.TakeOwnership = planned.Flag("take_ownership")
	client.Timeout = time.Duration(planned.Number("timeout")) * time.Second
	client.Wait = planned.Flag("wait")
	client.WaitForJobs = planned.Flag("wait_for_jobs")
	installed, failure := client.RunWithContext(ctx, loaded, values)
	if failure == nil {
		return described(planned, installed)
	}
	fault := explain("The release was not installed", failure, planned)
	if installed == nil || strings.Contains(failure.Error(), "still in use") {
		return nil, fault
	}
	// What failed and stayed belongs into the state, or the next apply finds its name in use.
	left, err := action.NewGet(actions).Run(planned.Text("name"))
	if err != nil {
		return nil, fault
	}
	now, err := described(planned, left)
	if err != nil {
		return nil, fault
	}
	return now, fault
}

// Read looks at the release's last revision.
func (r *releases) Read(_ context.Context, state *standin.Object) (*standin.Object, error) {
	actions, err := r.actions(state)
	if err != nil {
		return nil, err
	}
	found, err := action.NewGet(actions).Run(state.Text("name"))
	if errors.Is(err, driver.ErrReleaseNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, explain("The release cannot be read", err, state)
	}
	return described(state, found)
}

// Update upgrades.
func (r *releases) Update(ctx context.Context, prior, planned *standin.Object) (*standin.Object, error) {
	ctx, cancel, err := limited(ctx, planned, "update")
	if err != nil {
		return prior, err
	}
	defer cancel()
	actions, err := r.actions(planned)
	if err != nil {
		return prior, err
	}
	client := action.NewUpgrade(actions)
	loaded, values, err := r.input(planned, &client.ChartPathOptions, client)
	if err != nil {
		return prior, err
	}
	client.Atomic = planned.Flag("atomic")
	client.CleanupOnFail = planned.Flag("cleanup_on_fail")
	client.Description = planned.Text("description")
	client.Devel = planned.Flag("devel")
	client.DisableHooks = planned.Flag("disable_webhooks")
	client.DisableOpenAPIValidation = planned.Flag("disable_openapi_validation")
	client.Force = planned.Flag("force_update")
	client.MaxHistory = int(planned.Number("max_history"))
	client.Namespace = planned.Text("namespace")
	client.Recreate = planned.Flag("recreate_pods")
	client.ResetValues = planned.Flag("reset_values")
	client.ReuseValues = planned.Flag("reuse_values")
	client.SkipCRDs = planned.Flag("skip_crds")
	client.SubNotes = planned.Flag("render_subchart_notes")
	client.TakeOwnership = planned.Flag("take_ownership")
	client.Timeout = time.Duration(planned.Number("timeout")) * time.Second
	client.Wait = planned.Flag("wait")
	client.WaitForJobs = planned.Flag("wait_for_jobs")
	upgraded, failure := client.RunWithContext(ctx, planned.Text("name"), loaded, values)
	if failure != nil {
		return prior, explain("The release was not upgraded", failure, planned)
	}
	return described(planned, upgraded)
}

// Delete uninstalls; a release that is gone already is fine.
func (r *releases) Delete(_ context.Context, state *standin.Object) (string, error) {
	actions, err := r.actions(state)
	if err != nil {
		return "", err
	}
	wait, err := limit(state, "delete")
	if err != nil {
		return "", err
	}
	client := action.NewUninstall(actions)
	client.IgnoreNotFound = true
	client.DisableHooks = state.Flag("disable_webhooks")
	client.Timeout = min(wait, time.Duration(state.Number("timeout"))*time.Second)
	client.Wait = state.Flag("wait")
	done, err := client.Run(state.Text("name"))
	if err != nil {
		return "", explain("The release was not uninstalled", err, state)
	}
	if done == nil {
		return "", nil
	}
	return done.Info, nil
}

// Import finds a release by `namespace/name`.
func (r *releases) Import(ctx context.Context, id string, empty *standin.Object) (*standin.Object, error) {
	namespace, name, found := strings.Cut(id, "/")
	if !found || namespace == "" || name == "" || strings.Contains(name, "/") {
		return nil, &standin.Fault{
			Summary: "A release is imported by namespace and name",
			Detail:  fmt.Sprintf("%q is not of the form NAMESPACE/NAME.", id),
		}
	}
	state := empty.Copy()
	state.Set("namespace", namespace)
	state.Set("name", name)
	for argument, value := range defaults {
		state.Set(argument, value)
	}
	actions, err := r.actions(state)
	if err != nil {
		return nil, err
	}
	last, err := action.NewGet(actions).Run(name)
	if err != nil {
		return nil, explain("The release cannot be imported", err, state)
	}
	state.Set("chart", last.Chart.Metadata.Name)
	state.Set("description", last.Info.Description)
	return described(state, last)
}

func (r *releases) actions(arguments *standin.Object) (*action.Configuration, error) {
	actions, err := r.backend.cluster.actions(arguments.Text("namespace"))
	if err != nil {
		return nil, explain("The cluster cannot be used", err, arguments)
	}
	if err := actions.KubeClient.IsReachable(); err != nil {
		return nil, explain("The cluster cannot be reached", err, arguments)
	}
	return actions, nil
}

func (r *releases) input(
	planned *standin.Object, places *action.ChartPathOptions, client registered,
) (*chart.Chart, map[string]any, error) {
	loaded, _, err := r.backend.load(planned, places, client)
	if err != nil {
		return nil, nil, err
	}
	values, err := valuesOf(planned)
	return loaded, values, err
}

// described returns the arguments with what a revision says about itself.
func described(arguments *standin.Object, found *release.Release) (*standin.Object, error) {
	now := arguments.Copy()
	about := found.Chart.Metadata
	values, err := shownValues(found, arguments)
	if err != nil {
		return nil, err
	}
	now.Set("id", found.Name)
	now.Set("name", found.Name)
	now.Set("namespace", found.Namespace)
	now.Set("status", found.Info.Status.String())
	now.Set("manifest", nil)
	now.Set("resources", nil)
	if !now.Known("description") {
		now.Set("description", nil)
	}
	if strings.TrimPrefix(about.Version, "v") != strings.TrimPrefix(arguments.Text("version"), "v") {
		now.Set("version", about.Version)
	}
	now.SetFields("metadata", map[string]any{
		"name":           found.Name,
		"namespace":      found.Namespace,
		"revision":       found.Version,
		"chart":          about.Name,
		"version":        about.Version,
		"app_version":    about.AppVersion,
		"values":         values,
		"notes":          found.Info.Notes,
		"first_deployed": found.Info.FirstDeployed.Unix(),
		"last_deployed":  found.Info.LastDeployed.Unix(),
	})
	return now, nil
}

// limit returns how long an operation may take.
func limit(arguments *standin.Object, operation string) (time.Duration, error) {
	timeouts := arguments.Nested("timeouts")
	if timeouts == nil || timeouts.Text(operation) == "" {
		return patience, nil
	}
	return time.ParseDuration(timeouts.Text(operation))
}

func limited(ctx context.Context, arguments *standin.Object, operation string) (context.Context, context.CancelFunc, error) {
	wait, err := limit(arguments, operation)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	return ctx, cancel, nil
}
