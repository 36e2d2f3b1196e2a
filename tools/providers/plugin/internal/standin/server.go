package standin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"inferloop/tools/providers/plugin/internal/schema"
)

// Server answers terraform for one provider.
type Server struct {
	schemas *schema.Provider
	backend Backend
	running sync.WaitGroup
}

var _ tfprotov6.ProviderServer = (*Server)(nil)

var abilities = &tfprotov6.ServerCapabilities{GetProviderSchemaOptional: true, PlanDestroy: true}

// NewServer returns the server of a provider whose schemas are given and whose backend applies.
func NewServer(schemas *schema.Provider, backend Backend) *Server {
	return &Server{schemas: schemas, backend: backend}
}

// Wait returns when nothing is being created, updated or deleted any more.
func (s *Server) Wait() { s.running.Wait() }

func (s *Server) refusal(what string) *Fault {
	return &Fault{
		Summary: "The stand-in for " + s.schemas.Address + " does not do this",
		Detail: what + " This machine runs a stand-in, because the Terraform registry did not answer when plug-ins were " +
			"looked for. Run it where the registry or a mirror with the real provider can be reached.",
	}
}

// GetMetadata names the types.
func (s *Server) GetMetadata(
	context.Context, *tfprotov6.GetMetadataRequest,
) (*tfprotov6.GetMetadataResponse, error) {
	made := &tfprotov6.GetMetadataResponse{ServerCapabilities: abilities}
	for name := range s.schemas.Resources {
		made.Resources = append(made.Resources, tfprotov6.ResourceMetadata{TypeName: name})
	}
	for name := range s.schemas.Data {
		made.DataSources = append(made.DataSources, tfprotov6.DataSourceMetadata{TypeName: name})
	}
	return made, nil
}

// GetProviderSchema returns the schemas.
func (s *Server) GetProviderSchema(
	context.Context, *tfprotov6.GetProviderSchemaRequest,
) (*tfprotov6.GetProviderSchemaResponse, error) {
	return &tfprotov6.GetProviderSchemaResponse{
		ServerCapabilities: abilities,
		Provider:           s.schemas.Config,
		ResourceSchemas:    s.schemas.Resources,
		DataSourceSchemas:  s.schemas.Data,
	}, nil
}

// GetResourceIdentitySchemas returns none.
func (s *Server) GetResourceIdentitySchemas(
	context.Context, *tfprotov6.GetResourceIdentitySchemasRequest,
) (*tfprotov6.GetResourceIdentitySchemasResponse, error) {
	return &tfprotov6.GetResourceIdentitySchemasResponse{}, nil
}

// ValidateProviderConfig checks the provider's settings.
func (s *Server) ValidateProviderConfig(
	_ context.Context, request *tfprotov6.ValidateProviderConfigRequest,
) (*tfprotov6.ValidateProviderConfigResponse, error) {
	value, err := decode(request.Config, s.schemas.Config.ValueType())
	if err != nil {
		return nil, err
	}
	made := &tfprotov6.ValidateProviderConfigResponse{PreparedConfig: request.Config}
	config, err := Open(value)
	if err != nil || config == nil {
		return made, err
	}
	made.Diagnostics = diagnostics(s.backend.CheckConfig(config))
	return made, nil
}

// ConfigureProvider takes the provider's settings.
func (s *Server) ConfigureProvider(
	_ context.Context, request *tfprotov6.ConfigureProviderRequest,
) (*tfprotov6.ConfigureProviderResponse, error) {
	value, err := decode(request.Config, s.schemas.Config.ValueType())
	if err != nil {
		return nil, err
	}
	config, err := Open(value)
	if err != nil {
		return nil, err
	}
	if config == nil {
		config = Empty(s.schemas.Config.ValueType().(tftypes.Object))
	}
	return &tfprotov6.ConfigureProviderResponse{Diagnostics: diagnostics(s.backend.Configure(config))}, nil
}

// StopProvider says yes: the protocol's own server has cancelled the context of every running request by then.
func (s *Server) StopProvider(
	context.Context, *tfprotov6.StopProviderRequest,
) (*tfprotov6.StopProviderResponse, error) {
	return &tfprotov6.StopProviderResponse{}, nil
}

// ValidateResourceConfig checks a resource's configuration.
func (s *Server) ValidateResourceConfig(
	_ context.Context, request *tfprotov6.ValidateResourceConfigRequest,
) (*tfprotov6.ValidateResourceConfigResponse, error) {
	kind := s.schemas.Resources[request.TypeName]
	value, err := decode(request.Config, kind.ValueType())
	if err != nil {
		return nil, err
	}
	made := &tfprotov6.ValidateResourceConfigResponse{Diagnostics: readOnly(kind, value)}
	config, err := Open(value)
	if err != nil {
		return nil, err
	}
	if resource := s.backend.Resources()[request.TypeName]; resource != nil && config != nil {
		made.Diagnostics = append(made.Diagnostics, diagnostics(resource.Check(config))...)
	}
	return made, nil
}

// ValidateDataResourceConfig checks the configuration of a data source.
func (s *Server) ValidateDataResourceConfig(
	_ context.Context, request *tfprotov6.ValidateDataResourceConfigRequest,
) (*tfprotov6.ValidateDataResourceConfigResponse, error) {
	kind := s.schemas.Data[request.TypeName]
	value, err := decode(request.Config, kind.ValueType())
	if err != nil {
		return nil, err
	}
	return &tfprotov6.ValidateDataResourceConfigResponse{Diagnostics: readOnly(kind, value)}, nil
}

// UpgradeResourceState takes a state that was written with the same version of the schema.
func (s *Server) UpgradeResourceState(
	_ context.Context, request *tfprotov6.UpgradeResourceStateRequest,
) (*tfprotov6.UpgradeResourceStateResponse, error) {
	kind := s.schemas.Resources[request.TypeName]
	if request.Version != kind.Version {
		fault := s.refusal(fmt.Sprintf(
			"The state of %s has version %d of its schema, and only version %d can be read.",
			request.TypeName, request.Version, kind.Version,
		))
		return &tfprotov6.UpgradeResourceStateResponse{Diagnostics: diagnostics([]*Fault{fault})}, nil
	}
	ignoring := tfprotov6.UnmarshalOpts{
		ValueFromJSONOpts: tftypes.ValueFromJSONOpts{IgnoreUndefinedAttributes: true},
	}
	value, err := request.RawState.UnmarshalWithOpts(kind.ValueType(), ignoring)
	if err != nil {
		return nil, err
	}
	state, err := tfprotov6.NewDynamicValue(kind.ValueType(), value)
	return &tfprotov6.UpgradeResourceStateResponse{UpgradedState: &state}, err
}

// UpgradeResourceIdentity refuses: no type has an identity.
func (s *Server) UpgradeResourceIdentity(
	_ context.Context, request *tfprotov6.UpgradeResourceIdentityRequest,
) (*tfprotov6.UpgradeResourceIdentityResponse, error) {
	fault := s.refusal("It knows no identities of resources, such as the one in the state of " + request.TypeName + ".")
	return &tfprotov6.UpgradeResourceIdentityResponse{Diagnostics: diagnostics([]*Fault{fault})}, nil
}

// ReadResource returns what there is now.
func (s *Server) ReadResource(
	ctx context.Context, request *tfprotov6.ReadResourceRequest,
) (*tfprotov6.ReadResourceResponse, error) {
	made := &tfprotov6.ReadResourceResponse{NewState: request.CurrentState, Private: request.Private}
	resource := s.backend.Resources()[request.TypeName]
	if resource == nil {
		return made, nil
	}
	kind := s.schemas.Resources[request.TypeName].ValueType()
	value, err := decode(request.CurrentState, kind)
	if err != nil {
		return nil, err
	}
	state, err := Open(value)
	if err != nil || state == nil {
		return made, err
	}
	found, err := resource.Read(ctx, state)
	if err != nil {
		made.Diagnostics = diagnosticsOf(err)
		return made, nil
	}
	made.NewState, err = encode(found, kind)
	return made, err
}

// PlanResourceChange returns what there is to be.
func (s *Server) PlanResourceChange(
	ctx context.Context, request *tfprotov6.PlanResourceChangeRequest,
) (*tfprotov6.PlanResourceChangeResponse, error) {
	schema := s.schemas.Resources[request.TypeName]
	kind := schema.ValueType()
	priorValue, err := decode(request.PriorState, kind)
	if err != nil {
		return nil, err
	}
	proposedValue, err := decode(request.ProposedNewState, kind)
	if err != nil {
		return nil, err
	}
	made := &tfprotov6.PlanResourceChangeResponse{PlannedState: request.ProposedNewState, PlannedPrivate: request.PriorPrivate}
	if proposedValue.IsNull() {
		return made, nil
	}
	resource := s.backend.Resources()[request.TypeName]
	if resource == nil {
		planned, err := tfprotov6.NewDynamicValue(kind, bySchema(schema, priorValue, proposedValue))
		made.PlannedState = &planned
		return made, err
	}
	configValue, err := decode(request.Config, kind)
	if err != nil {
		return nil, err
	}
	objects, err := openAll(priorValue, proposedValue, configValue)
	if err != nil {
		return nil, err
	}
	planned, replacing, err := resource.Plan(ctx, objects[0], objects[1], objects[2])
	if err != nil {
		made.Diagnostics = diagnosticsOf(err)
		return made, nil
	}
	for _, name := range replacing {
		made.RequiresReplace = append(made.RequiresReplace, tftypes.NewAttributePath().WithAttributeName(name))
	}
	made.PlannedState, err = encode(planned, kind)
	return made, err
}

// ApplyResourceChange creates, changes or takes away.
func (s *Server) ApplyResourceChange(
	ctx context.Context, request *tfprotov6.ApplyResourceChangeRequest,
) (*tfprotov6.ApplyResourceChangeResponse, error) {
	s.running.Add(1)
	defer s.running.Done()
	made := &tfprotov6.ApplyResourceChangeResponse{NewState: request.PriorState, Private: request.PlannedPrivate}
	resource := s.backend.Resources()[request.TypeName]
	if resource == nil {
		fault := s.refusal(fmt.Sprintf("It checks and plans %s, but applies nothing of that type.", request.TypeName))
		made.Diagnostics = diagnostics([]*Fault{fault})
		return made, nil
	}
	kind := s.schemas.Resources[request.TypeName].ValueType()
	priorValue, err := decode(request.PriorState, kind)
	if err != nil {
		return nil, err
	}
	plannedValue, err := decode(request.PlannedState, kind)
	if err != nil {
		return nil, err
	}
	objects, err := openAll(priorValue, plannedValue)
	if err != nil {
		return nil, err
	}
	prior, planned := objects[0], objects[1]
	var now *Object
	var failure error
	switch {
	case prior == nil:
		now, failure = resource.Create(ctx, planned)
	case planned == nil:
		var said string
		if said, failure = resource.Delete(ctx, prior); failure != nil {
			now = prior
		} else if said != "" {
			failure = &Fault{Summary: "Deleted, with a message", Detail: said, Warning: true}
		}
	default:
		now, failure = resource.Update(ctx, prior, planned)
	}
	made.Diagnostics = diagnosticsOf(failure)
	made.NewState, err = encode(now, kind)
	return made, err
}

// ImportResourceState finds a resource by its name.
func (s *Server) ImportResourceState(
	ctx context.Context, request *tfprotov6.ImportResourceStateRequest,
) (*tfprotov6.ImportResourceStateResponse, error) {
	made := &tfprotov6.ImportResourceStateResponse{}
	resource := s.backend.Resources()[request.TypeName]
	if resource == nil || request.ID == "" {
		what := "It imports nothing of type " + request.TypeName + "."
		if resource != nil {
			what = "It imports by `id` alone, not by `identity`."
		}
		made.Diagnostics = diagnostics([]*Fault{s.refusal(what)})
		return made, nil
	}
	kind := s.schemas.Resources[request.TypeName].ValueType()
	found, err := resource.Import(ctx, request.ID, Empty(kind.(tftypes.Object)))
	if err != nil {
		made.Diagnostics = diagnosticsOf(err)
		return made, nil
	}
	state, err := encode(found, kind)
	made.ImportedResources = []*tfprotov6.ImportedResource{{TypeName: request.TypeName, State: state}}
	return made, err
}

// MoveResourceState refuses.
func (s *Server) MoveResourceState(
	_ context.Context, request *tfprotov6.MoveResourceStateRequest,
) (*tfprotov6.MoveResourceStateResponse, error) {
	fault := s.refusal(fmt.Sprintf("It makes no %s out of a %s.", request.TargetTypeName, request.SourceTypeName))
	return &tfprotov6.MoveResourceStateResponse{Diagnostics: diagnostics([]*Fault{fault})}, nil
}

// ReadDataSource refuses.
func (s *Server) ReadDataSource(
	_ context.Context, request *tfprotov6.ReadDataSourceRequest,
) (*tfprotov6.ReadDataSourceResponse, error) {
	fault := s.refusal(fmt.Sprintf("It reads no data, and so not %s.", request.TypeName))
	return &tfprotov6.ReadDataSourceResponse{Diagnostics: diagnostics([]*Fault{fault})}, nil
}

// GetFunctions returns none.
func (s *Server) GetFunctions(
	context.Context, *tfprotov6.GetFunctionsRequest,
) (*tfprotov6.GetFunctionsResponse, error) {
	return &tfprotov6.GetFunctionsResponse{}, nil
}

// CallFunction refuses.
func (s *Server) CallFunction(
	_ context.Context, request *tfprotov6.CallFunctionRequest,
) (*tfprotov6.CallFunctionResponse, error) {
	return &tfprotov6.CallFunctionResponse{
		Error: &tfprotov6.FunctionError{Text: s.refusal("It has no functions, and so not " + request.Name + ".").Detail},
	}, nil
}

var errEphemeral = errors.New("a stand-in has no ephemeral resources")

// ValidateEphemeralResourceConfig is never asked: the schemas have none.
func (s *Server) ValidateEphemeralResourceConfig(
	context.Context, *tfprotov6.ValidateEphemeralResourceConfigRequest,
) (*tfprotov6.ValidateEphemeralResourceConfigResponse, error) {
	return nil, errEphemeral
}

// OpenEphemeralResource is never asked: the schemas have none.
func (s *Server) OpenEphemeralResource(
	context.Context, *tfprotov6.OpenEphemeralResourceRequest,
) (*tfprotov6.OpenEphemeralResourceResponse, error) {
	return nil, errEphemeral
}

// RenewEphemeralResource is never asked: the schemas have none.
func (s *Server) RenewEphemeralResource(
	context.Context, *tfprotov6.RenewEphemeralResourceRequest,
) (*tfprotov6.RenewEphemeralResourceResponse, error) {
	return nil, errEphemeral
}

// CloseEphemeralResource is never asked: the schemas have none.
func (s *Server) CloseEphemeralResource(
	context.Context, *tfprotov6.CloseEphemeralResourceRequest,
) (*tfprotov6.CloseEphemeralResourceResponse, error) {
	return nil, errEphemeral
}

func openAll(values ...tftypes.Value) ([]*Object, error) {
	made := make([]*Object, len(values))
	for index, value := range values {
		object, err := Open(value)
		if err != nil {
			return nil, err
		}
		made[index] = object
	}
	return made, nil
}

func diagnostics(faults []*Fault) []*tfprotov6.Diagnostic {
	made := make([]*tfprotov6.Diagnostic, 0, len(faults))
	for _, fault := range slices.DeleteFunc(faults, func(one *Fault) bool { return one == nil }) {
		made = append(made, fault.diagnostic())
	}
	return made
}

func diagnosticsOf(err error) []*tfprotov6.Diagnostic {
	if err == nil {
		return nil
	}
	fault := &Fault{Summary: "The stand-in failed", Detail: err.Error()}
	errors.As(err, &fault)
	return diagnostics([]*Fault{fault})
}
