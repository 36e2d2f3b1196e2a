package helm

import (
	"fmt"
	"io"
	"net/url"
	"os"
	"path"
	"strings"

	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/downloader"
	"helm.sh/helm/v3/pkg/getter"
	"helm.sh/helm/v3/pkg/registry"

	"inferloop/tools/providers/plugin/internal/standin"
)

// registered is what helm's install and upgrade have in common: they fetch charts with a client of registries.
type registered interface{ SetRegistryClient(*registry.Client) }

// load finds a release's chart, fetches it where it is not here, and checks that it can be installed.
func (b *Backend) load(arguments *standin.Object, places *action.ChartPathOptions, client registered) (*chart.Chart, string, error) {
	name, err := b.locate(arguments, places, client)
	if err != nil {
		return nil, "", err
	}
	b.fetching.Lock()
	defer b.fetching.Unlock()
	file, err := places.LocateChart(name, b.settings)
	if err != nil {
		fault := explain("The chart cannot be found", err, arguments)
		fault.Argument = "chart"
		return nil, "", fault
	}
	loaded, err := loader.Load(file)
	if err != nil {
		return nil, "", broken(file, err)
	}
	if kind := loaded.Metadata.Type; kind != "" && kind != "application" {
		return nil, "", broken(file, fmt.Errorf("it is a %s chart, which cannot be installed", kind))
	}
	if err := action.CheckDependencies(loaded, loaded.Metadata.Dependencies); err != nil {
		if !arguments.Flag("dependency_update") {
			return nil, "", broken(file, fmt.Errorf(
				"%w. Run `helm dependency update %s`, or set dependency_update", err, arguments.Text("chart"),
			))
		}
		if err := b.updateDependencies(arguments, file); err != nil {
			return nil, "", explain("The charts that the chart depends on cannot be fetched", err, arguments)
		}
		if loaded, err = loader.Load(file); err != nil {
			return nil, "", broken(file, err)
		}
	}
	return loaded, file, nil
}

// locate sets where a chart is looked for, and returns its name as helm's command line would be given it.
func (b *Backend) locate(arguments *standin.Object, places *action.ChartPathOptions, client registered) (string, error) {
	name, repository := strings.TrimSpace(arguments.Text("chart")), arguments.Text("repository")
	if registry.IsOCI(repository) {
		place, err := url.Parse(repository)
		if err != nil {
			return "", &standin.Fault{Summary: "The repository is not a URL", Detail: err.Error() + ".", Argument: "repository"}
		}
		place.Path = path.Join(place.Path, name)
		name, repository = place.String(), ""
	} else if _, err := url.ParseRequestURI(repository); err != nil && repository != "" {
		if !strings.Contains(name, "/") { // the name of a repository that `helm repo add` knows
			name = repository + "/" + name
		}
		repository = ""
	}
	if registry.IsOCI(name) {
		options := []registry.ClientOption{registry.ClientOptCredentialsFile(b.settings.RegistryConfig)}
		if user := arguments.Text("repository_username"); user != "" {
			options = append(options, registry.ClientOptBasicAuth(user, arguments.Text("repository_password")))
		}
		made, err := registry.NewClient(options...)
		if err != nil {
			return "", explain("The registry of charts cannot be used", err, arguments)
		}
		client.SetRegistryClient(made)
	}
	places.CaFile = arguments.Text("repository_ca_file")
	places.CertFile = arguments.Text("repository_cert_file")
	places.KeyFile = arguments.Text("repository_key_file")
	places.Keyring = arguments.Text("keyring")
	places.Password = arguments.Text("repository_password")
	places.PassCredentialsAll = arguments.Flag("pass_credentials")
	places.RepoURL = repository
	places.Username = arguments.Text("repository_username")
	places.Verify = arguments.Flag("verify")
	if !isHere(name) {
		places.Version = wantedVersion(arguments)
	}
	return name, nil
}

// isHere tells whether a chart is a folder, a file or a URL, so that there is only one version of it.
func isHere(name string) bool {
	if address, err := url.ParseRequestURI(name); err == nil && address.Host != "" && !registry.IsOCI(name) {
		return true
	}
	_, err := os.Stat(name)
	return err == nil
}

func wantedVersion(arguments *standin.Object) string {
	version := strings.TrimSpace(arguments.Text("version"))
	if version == "" && arguments.Flag("devel") {
		return ">0.0.0-0"
	}
	return version
}

func (b *Backend) updateDependencies(arguments *standin.Object, folder string) error {
	client, err := registry.NewClient(registry.ClientOptCredentialsFile(b.settings.RegistryConfig))
	if err != nil {
		return err
	}
	manager := &downloader.Manager{
		Out:              io.Discard,
		ChartPath:        folder,
		Keyring:          arguments.Text("keyring"),
		Getters:          getter.All(b.settings),
		RegistryClient:   client,
		RepositoryConfig: b.settings.RepositoryConfig,
		RepositoryCache:  b.settings.RepositoryCache,
	}
	return manager.Update()
}

func broken(file string, err error) *standin.Fault {
	return &standin.Fault{
		Summary: "The chart cannot be used", Detail: fmt.Sprintf("%s: %s.", file, err), Argument: "chart",
	}
}
