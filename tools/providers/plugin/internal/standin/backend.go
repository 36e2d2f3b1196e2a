// Package standin is a provider that checks and plans every type by its schema alone, and applies those of its types
// that a backend implements.
package standin

import (
	"context"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Fault is an error with a title and, where it is about one argument, the argument.
type Fault struct {
	Summary  string
	Detail   string
	Argument string
	Warning  bool
}

func (f *Fault) Error() string { return f.Summary + ": " + f.Detail }

func (f *Fault) diagnostic() *tfprotov6.Diagnostic {
	made := &tfprotov6.Diagnostic{Severity: tfprotov6.DiagnosticSeverityError, Summary: f.Summary, Detail: f.Detail}
	if f.Warning {
		made.Severity = tfprotov6.DiagnosticSeverityWarning
	}
	if f.Argument != "" {
		made.Attribute = tftypes.NewAttributePath().WithAttributeName(f.Argument)
	}
	return made
}

// Backend makes some of a provider's types real.
type Backend interface {
	// CheckConfig tells what is wrong with the provider's settings, before anything is known for sure.
	CheckConfig(config *Object) []*Fault
	// Configure takes the provider's settings.
	Configure(config *Object) []*Fault
	// Resources are the types that can be applied.
	Resources() map[string]Resource
}

// Resource is a type of resource that can be applied. A nil object stands for one that does not exist.
type Resource interface {
	// Check tells what is wrong with a configuration, of which some may not be known yet.
	Check(config *Object) []*Fault
	// Plan returns what there is to be after an apply, and the arguments whose change makes a new one necessary.
	Plan(ctx context.Context, prior, proposed, config *Object) (*Object, []string, error)
	// Create makes one. It returns what there is even beside an error.
	Create(ctx context.Context, planned *Object) (*Object, error)
	// Read returns what there is now.
	Read(ctx context.Context, state *Object) (*Object, error)
	// Update changes one. It returns what there is even beside an error.
	Update(ctx context.Context, prior, planned *Object) (*Object, error)
	// Delete takes one away, and returns a message where there is something to say.
	Delete(ctx context.Context, state *Object) (string, error)
	// Import finds one by its name.
	Import(ctx context.Context, id string, empty *Object) (*Object, error)
}
