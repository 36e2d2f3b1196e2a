// Package schema turns the document of `terraform providers schema -json` into what the plug-in protocol wants.
package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Provider holds the schemas of one provider.
type Provider struct {
	Address   string
	Version   string
	Config    *tfprotov6.Schema
	Resources map[string]*tfprotov6.Schema
	Data      map[string]*tfprotov6.Schema
}

type document struct {
	Version   string              `json:"provider_version"`
	Providers map[string]provider `json:"provider_schemas"`
}

type provider struct {
	Config    entry            `json:"provider"`
	Resources map[string]entry `json:"resource_schemas"`
	Data      map[string]entry `json:"data_source_schemas"`
}

type entry struct {
	Version int64 `json:"version"`
	Block   block `json:"block"`
}

type block struct {
	Attributes map[string]attribute `json:"attributes"`
	Blocks     map[string]nested    `json:"block_types"`
}

type attribute struct {
	Type      json.RawMessage `json:"type"`
	Nested    *object         `json:"nested_type"`
	Required  bool            `json:"required"`
	Optional  bool            `json:"optional"`
	Computed  bool            `json:"computed"`
	Sensitive bool            `json:"sensitive"`
	WriteOnly bool            `json:"write_only"`
}

type object struct {
	Attributes map[string]attribute `json:"attributes"`
	Mode       string               `json:"nesting_mode"`
}

type nested struct {
	Mode  string `json:"nesting_mode"`
	Block block  `json:"block"`
	Min   int64  `json:"min_items"`
	Max   int64  `json:"max_items"`
}

var objectModes = map[string]tfprotov6.SchemaObjectNestingMode{
	"single": tfprotov6.SchemaObjectNestingModeSingle,
	"list":   tfprotov6.SchemaObjectNestingModeList,
	"set":    tfprotov6.SchemaObjectNestingModeSet,
	"map":    tfprotov6.SchemaObjectNestingModeMap,
}

var blockModes = map[string]tfprotov6.SchemaNestedBlockNestingMode{
	"single": tfprotov6.SchemaNestedBlockNestingModeSingle,
	"group":  tfprotov6.SchemaNestedBlockNestingModeGroup,
	"list":   tfprotov6.SchemaNestedBlockNestingModeList,
	"set":    tfprotov6.SchemaNestedBlockNestingModeSet,
	"map":    tfprotov6.SchemaNestedBlockNestingModeMap,
}

// Parse reads a document that holds exactly one provider.
func Parse(text []byte) (*Provider, error) {
	var read document
	if err := json.Unmarshal(text, &read); err != nil {
		return nil, fmt.Errorf("the schema is not JSON: %w", err)
	}
	if len(read.Providers) != 1 {
		return nil, fmt.Errorf("the schema has to hold one provider, and holds %d", len(read.Providers))
	}
	address := slices.Collect(maps.Keys(read.Providers))[0]
	found := read.Providers[address]
	made := &Provider{Address: address, Version: read.Version}
	var err error
	if made.Config, err = found.Config.schema(); err != nil {
		return nil, fmt.Errorf("the provider's own settings: %w", err)
	}
	if made.Resources, err = schemas(found.Resources); err != nil {
		return nil, err
	}
	made.Data, err = schemas(found.Data)
	return made, err
}

func schemas(entries map[string]entry) (map[string]*tfprotov6.Schema, error) {
	made := map[string]*tfprotov6.Schema{}
	for name, one := range entries {
		schema, err := one.schema()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		made[name] = schema
	}
	return made, nil
}

func (e entry) schema() (*tfprotov6.Schema, error) {
	made, err := e.Block.schema()
	return &tfprotov6.Schema{Version: e.Version, Block: made}, err
}

func (b block) schema() (*tfprotov6.SchemaBlock, error) {
	attributes, err := schemaAttributes(b.Attributes)
	if err != nil {
		return nil, err
	}
	made := &tfprotov6.SchemaBlock{Attributes: attributes}
	for _, name := range slices.Sorted(maps.Keys(b.Blocks)) {
		inner := b.Blocks[name]
		mode, known := blockModes[inner.Mode]
		if !known {
			return nil, fmt.Errorf("%s: unknown nesting mode %q", name, inner.Mode)
		}
		schema, err := inner.Block.schema()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		made.BlockTypes = append(made.BlockTypes, &tfprotov6.SchemaNestedBlock{
			TypeName: name, Block: schema, Nesting: mode, MinItems: inner.Min, MaxItems: inner.Max,
		})
	}
	return made, nil
}

func schemaAttributes(attributes map[string]attribute) ([]*tfprotov6.SchemaAttribute, error) {
	var made []*tfprotov6.SchemaAttribute
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		one := attributes[name]
		schema := &tfprotov6.SchemaAttribute{
			Name: name, Required: one.Required, Optional: one.Optional, Computed: one.Computed,
			Sensitive: one.Sensitive, WriteOnly: one.WriteOnly,
		}
		var err error
		if one.Nested != nil {
			schema.NestedType, err = one.Nested.schema()
		} else {
			schema.Type, err = tftypes.ParseJSONType(one.Type) //nolint:staticcheck // the one parser of this notation
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		made = append(made, schema)
	}
	return made, nil
}

func (o object) schema() (*tfprotov6.SchemaObject, error) {
	mode, known := objectModes[o.Mode]
	if !known {
		return nil, fmt.Errorf("unknown nesting mode %q", o.Mode)
	}
	attributes, err := schemaAttributes(o.Attributes)
	return &tfprotov6.SchemaObject{Attributes: attributes, Nesting: mode}, err
}
