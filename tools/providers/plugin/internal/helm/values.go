package helm

import (
	"encoding/json"
	"fmt"
	"strings"

	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/strvals"
	"sigs.k8s.io/yaml"

	"inferloop/tools/providers/plugin/internal/standin"
)

const cloak = "(sensitive value)"

// valuesOf merges everything that a release's arguments say about its values: `values` in their order, then `set`,
// `set_list` and `set_sensitive`.
func valuesOf(arguments *standin.Object) (map[string]any, error) {
	merged := map[string]any{}
	for index, text := range arguments.Texts("values") {
		given := map[string]any{}
		if err := yaml.Unmarshal([]byte(text), &given); err != nil {
			return nil, &standin.Fault{
				Summary: "Values are not YAML", Argument: "values",
				Detail: fmt.Sprintf("Element %d of values has to be a mapping in YAML: %s.", index, err),
			}
		}
		merged = merge(merged, given)
	}
	for _, one := range arguments.Objects("set") {
		if err := set(merged, "set", one); err != nil {
			return nil, err
		}
	}
	for _, one := range arguments.Objects("set_list") {
		line := fmt.Sprintf("%s={%s}", one.Text("name"), strings.Join(one.Texts("value"), ","))
		if err := strvals.ParseInto(line, merged); err != nil {
			return nil, misread("set_list", one.Text("name"), err)
		}
	}
	for _, one := range arguments.Objects("set_sensitive") {
		if err := set(merged, "set_sensitive", one); err != nil {
			return nil, err
		}
	}
	return merged, nil
}

func set(values map[string]any, argument string, one *standin.Object) error {
	name, line := one.Text("name"), one.Text("name")+"="+one.Text("value")
	var err error
	switch one.Text("type") {
	case "string":
		err = strvals.ParseIntoString(line, values)
	case "literal":
		var value any
		if err = yaml.Unmarshal([]byte(one.Text("value")), &value); err == nil {
			values[name] = value
		}
	default:
		err = strvals.ParseInto(line, values)
	}
	if err != nil {
		return misread(argument, name, err)
	}
	return nil
}

func misread(argument, name string, err error) error {
	return &standin.Fault{
		Summary: "A value cannot be set", Argument: argument,
		Detail: fmt.Sprintf("%s of %q: %s. Commas and dots in names and values are escaped with a backslash.", argument, name, err),
	}
}

// merge lays the second mapping over the first, mapping by mapping.
func merge(below, above map[string]any) map[string]any {
	made := make(map[string]any, len(below))
	for key, value := range below {
		made[key] = value
	}
	for key, value := range above {
		inner, ok := value.(map[string]any)
		under, both := made[key].(map[string]any)
		if ok && both {
			made[key] = merge(under, inner)
		} else {
			made[key] = value
		}
	}
	return made
}

// shownValues returns a release's values as JSON, with what `set_sensitive` gave cloaked, by place and by content.
func shownValues(found *release.Release, arguments *standin.Object) (string, error) {
	if found.Config == nil {
		return "{}", nil
	}
	text, err := json.Marshal(found.Config)
	if err != nil {
		return "", err
	}
	shown := map[string]any{}
	if err := json.Unmarshal(text, &shown); err != nil {
		return "", err
	}
	secrets := map[string]bool{}
	for _, one := range arguments.Objects("set_sensitive") {
		secrets[one.Text("value")] = true
		cloakPlace(shown, strings.Split(one.Text("name"), "."))
	}
	text, err = json.Marshal(cloakContent(shown, secrets))
	return string(text), err
}

func cloakPlace(values map[string]any, path []string) {
	if len(path) == 1 {
		if _, there := values[path[0]]; there {
			values[path[0]] = cloak
		}
		return
	}
	if inner, ok := values[path[0]].(map[string]any); ok {
		cloakPlace(inner, path[1:])
	}
}

func cloakContent(value any, secrets map[string]bool) any {
	switch given := value.(type) {
	case map[string]any:
		for key, inner := range given {
			given[key] = cloakContent(inner, secrets)
		}
	case []any:
		for index, inner := range given {
			given[index] = cloakContent(inner, secrets)
		}
	case string:
		if given != "" && secrets[given] {
			return cloak
		}
	}
	return value
}

// secretsOf returns what must not stand in a message.
func secretsOf(arguments *standin.Object) []string {
	secrets := []string{arguments.Text("repository_password")}
	for _, one := range arguments.Objects("set_sensitive") {
		secrets = append(secrets, one.Text("value"))
	}
	return secrets
}

func withoutSecrets(text string, secrets []string) string {
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, cloak)
		}
	}
	return text
}
