// Command policy-simulator says which traffic NetworkPolicies let pass, as cyclonus (github.com/mattfenwick/cyclonus)
// evaluates them. Its own command prints tables for people; this one reads and writes JSON.
//
// It reads {"policies": [NetworkPolicy, ...], "traffic": [matcher.Traffic, ...]} and writes a list of
// {"egress": bool, "ingress": bool}, one for each traffic: whether policies at its source and at its destination allow it.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/mattfenwick/cyclonus/pkg/matcher"
	networking "k8s.io/api/networking/v1"
)

type question struct {
	Policies []*networking.NetworkPolicy `json:"policies"`
	Traffic  []*matcher.Traffic          `json:"traffic"`
}

type answer struct {
	Egress  bool `json:"egress"`
	Ingress bool `json:"ingress"`
}

func run() error {
	decoder := json.NewDecoder(os.Stdin)
	decoder.DisallowUnknownFields()
	var asked question
	if err := decoder.Decode(&asked); err != nil {
		return fmt.Errorf("what was asked is not of the form {policies, traffic}: %w", err)
	}
	for _, policy := range asked.Policies {
		if len(policy.Spec.PolicyTypes) == 0 {
			return fmt.Errorf("policy %s/%s has no policyTypes: take it from an API server, which fills them in",
				policy.Namespace, policy.Name)
		}
	}
	rules := matcher.BuildNetworkPolicies(false, asked.Policies)
	answers := make([]answer, 0, len(asked.Traffic))
	for _, traffic := range asked.Traffic {
		allowed := rules.IsTrafficAllowed(traffic)
		answers = append(answers, answer{allowed.Egress.IsAllowed(), allowed.Ingress.IsAllowed()})
	}
	return json.NewEncoder(os.Stdout).Encode(answers)
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
