package helm

import (
	"os"
	"path/filepath"
	"strings"

	"helm.sh/helm/v3/pkg/action"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"inferloop/tools/providers/plugin/internal/standin"
)

// variables of the environment that stand in for arguments of the provider's `kubernetes` that are left out, as the
// real provider documents them.
var variables = map[string]string{
	"host":                     "KUBE_HOST",
	"username":                 "KUBE_USER",
	"password":                 "KUBE_PASSWORD",
	"tls_server_name":          "KUBE_TLS_SERVER_NAME",
	"client_certificate":       "KUBE_CLIENT_CERT_DATA",
	"client_key":               "KUBE_CLIENT_KEY_DATA",
	"cluster_ca_certificate":   "KUBE_CLUSTER_CA_CERT_DATA",
	"config_path":              "KUBE_CONFIG_PATH",
	"config_context":           "KUBE_CTX",
	"config_context_auth_info": "KUBE_CTX_AUTH_INFO",
	"config_context_cluster":   "KUBE_CTX_CLUSTER",
	"token":                    "KUBE_TOKEN",
	"proxy_url":                "KUBE_PROXY_URL",
}

// connection is how the cluster is reached.
type connection struct {
	loading   *clientcmd.ClientConfigLoadingRules
	overrides clientcmd.ConfigOverrides
	burst     int
	queries   float32
	driver    string
}

// connect reads the provider's settings.
func connect(config *standin.Object) (*connection, error) {
	made := &connection{
		loading: &clientcmd.ClientConfigLoadingRules{},
		burst:   int(config.Number("burst_limit")),
		queries: float32(config.Number("qps")),
		driver:  driverOf(config),
	}
	kubernetes := config.Nested("kubernetes")
	if kubernetes == nil {
		kubernetes = standin.Empty(nestedType(config, "kubernetes"))
	}
	text := func(name string) string {
		if kubernetes.Null(name) {
			return os.Getenv(variables[name])
		}
		return kubernetes.Text(name)
	}
	paths := kubernetes.Texts("config_paths")
	if len(paths) == 0 {
		paths = filepath.SplitList(os.Getenv("KUBE_CONFIG_PATHS"))
	}
	if path := text("config_path"); path != "" {
		paths = []string{path}
	}
	for index, path := range paths {
		paths[index] = expandHome(path)
	}
	if len(paths) == 1 {
		made.loading.ExplicitPath = paths[0]
	} else {
		made.loading.Precedence = paths
	}
	if len(paths) > 0 {
		made.overrides.CurrentContext = text("config_context")
		made.overrides.Context.AuthInfo = text("config_context_auth_info")
		made.overrides.Context.Cluster = text("config_context_cluster")
	}
	cluster, user := &made.overrides.ClusterInfo, &made.overrides.AuthInfo
	cluster.InsecureSkipTLSVerify = kubernetes.Flag("insecure") || os.Getenv("KUBE_INSECURE") == "true"
	cluster.TLSServerName = text("tls_server_name")
	cluster.CertificateAuthorityData = []byte(text("cluster_ca_certificate"))
	cluster.ProxyURL = text("proxy_url")
	user.ClientCertificateData = []byte(text("client_certificate"))
	user.ClientKeyData = []byte(text("client_key"))
	user.Username = text("username")
	user.Password = text("password")
	user.Token = text("token")
	if host := text("host"); host != "" {
		secure := len(cluster.CertificateAuthorityData) > 0 || len(user.ClientCertificateData) > 0 || cluster.InsecureSkipTLSVerify
		server, _, err := rest.DefaultServerURL(host, "", schema.GroupVersion{}, secure)
		if err != nil {
			return nil, err
		}
		cluster.Server = server.String()
	}
	if program := kubernetes.Nested("exec"); program != nil {
		user.Exec = &api.ExecConfig{
			APIVersion:      program.Text("api_version"),
			Command:         program.Text("command"),
			Args:            program.Texts("args"),
			InteractiveMode: api.NeverExecInteractiveMode,
		}
		for name, value := range program.TextMap("env") {
			user.Exec.Env = append(user.Exec.Env, api.ExecEnvVar{Name: name, Value: value})
		}
	}
	return made, nil
}

// actions returns helm's actions on one namespace.
func (c *connection) actions(namespace string) (*action.Configuration, error) {
	overrides := c.overrides
	overrides.Context.Namespace = namespace
	reaching := &clients{
		config: clientcmd.NewNonInteractiveDeferredLoadingClientConfig(c.loading, &overrides),
		burst:  c.burst, queries: c.queries,
	}
	made := new(action.Configuration)
	quiet := func(string, ...any) {} // it would write into a pipe that nobody reads once terraform is gone
	if err := made.Init(reaching, namespace, c.driver, quiet); err != nil {
		return nil, err
	}
	return made, nil
}

// clients hands helm's libraries their clients.
type clients struct {
	config  clientcmd.ClientConfig
	burst   int
	queries float32
}

func (g *clients) ToRawKubeConfigLoader() clientcmd.ClientConfig { return g.config }

func (g *clients) ToRESTConfig() (*rest.Config, error) {
	config, err := g.config.ClientConfig()
	if err != nil {
		return nil, err
	}
	config.Burst, config.QPS = g.burst, g.queries
	config.WarningHandler = rest.NoWarnings{}
	return config, nil
}

func (g *clients) ToDiscoveryClient() (discovery.CachedDiscoveryInterface, error) {
	config, err := g.ToRESTConfig()
	if err != nil {
		return nil, err
	}
	client, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, err
	}
	return memory.NewMemCacheClient(client), nil
}

func (g *clients) ToRESTMapper() (meta.RESTMapper, error) {
	client, err := g.ToDiscoveryClient()
	if err != nil {
		return nil, err
	}
	return restmapper.NewShortcutExpander(restmapper.NewDeferredDiscoveryRESTMapper(client), client, nil), nil
}

func expandHome(path string) string {
	if home, err := os.UserHomeDir(); err == nil && (path == "~" || strings.HasPrefix(path, "~/")) {
		return home + path[1:]
	}
	return path
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
