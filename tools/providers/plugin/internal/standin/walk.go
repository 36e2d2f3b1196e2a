package standin

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// visit looks at one attribute of a value and returns what is to stand in its place.
type visit func(*tfprotov6.SchemaAttribute, tftypes.Value, *tftypes.AttributePath) tftypes.Value

// readOnly returns an error for each value that the configuration gives to an attribute which the provider decides
// alone. Terraform leaves that check to providers.
func readOnly(schema *tfprotov6.Schema, config tftypes.Value) []*tfprotov6.Diagnostic {
	var made []*tfprotov6.Diagnostic
	walk(schema.Block, config, nil, func(a *tfprotov6.SchemaAttribute, v tftypes.Value, at *tftypes.AttributePath) tftypes.Value {
		if a.Computed && !a.Optional && !v.IsNull() {
			made = append(made, &tfprotov6.Diagnostic{
				Severity:  tfprotov6.DiagnosticSeverityError,
				Summary:   "Value for a read-only attribute",
				Detail:    fmt.Sprintf("%q is decided by the provider; remove it from the configuration.", a.Name),
				Attribute: at,
			})
		}
		return v
	})
	return made
}

// bySchema returns a plan that says no more than the schema: what a new resource's provider decides is unknown.
func bySchema(schema *tfprotov6.Schema, prior, proposed tftypes.Value) tftypes.Value {
	return walk(schema.Block, proposed, nil, func(a *tfprotov6.SchemaAttribute, v tftypes.Value, _ *tftypes.AttributePath) tftypes.Value {
		if a.WriteOnly {
			return tftypes.NewValue(a.ValueType(), nil)
		}
		if a.Computed && v.IsNull() && prior.IsNull() {
			return tftypes.NewValue(a.ValueType(), tftypes.UnknownValue)
		}
		return v
	})
}

func walk(block *tfprotov6.SchemaBlock, value tftypes.Value, at *tftypes.AttributePath, look visit) tftypes.Value {
	if value.IsNull() || !value.IsKnown() {
		return value
	}
	fields := map[string]tftypes.Value{}
	read(value, &fields)
	walkAttributes(block.Attributes, fields, at, look)
	for _, nested := range block.BlockTypes {
		fields[nested.TypeName] = each(
			fields[nested.TypeName], at.WithAttributeName(nested.TypeName),
			func(one tftypes.Value, at *tftypes.AttributePath) tftypes.Value {
				return walk(nested.Block, one, at, look)
			},
		)
	}
	return tftypes.NewValue(value.Type(), fields)
}

func walkAttributes(
	attributes []*tfprotov6.SchemaAttribute, fields map[string]tftypes.Value, at *tftypes.AttributePath, look visit,
) {
	for _, attribute := range attributes {
		here := at.WithAttributeName(attribute.Name)
		field := look(attribute, fields[attribute.Name], here)
		if attribute.NestedType != nil {
			inner := attribute.NestedType.Attributes
			field = each(field, here, func(one tftypes.Value, at *tftypes.AttributePath) tftypes.Value {
				if one.IsNull() || !one.IsKnown() {
					return one
				}
				innerFields := map[string]tftypes.Value{}
				read(one, &innerFields)
				walkAttributes(inner, innerFields, at, look)
				return tftypes.NewValue(one.Type(), innerFields)
			})
		}
		fields[attribute.Name] = field
	}
}

// each replaces every object in a collection, or the value itself where it is an object.
func each(
	value tftypes.Value, at *tftypes.AttributePath, replace func(tftypes.Value, *tftypes.AttributePath) tftypes.Value,
) tftypes.Value {
	if value.IsNull() || !value.IsKnown() {
		return value
	}
	switch value.Type().(type) {
	case tftypes.List, tftypes.Set, tftypes.Tuple:
		made := elements(value)
		for index, one := range made {
			here := at
			if !value.Type().Is(tftypes.Set{}) { // elements of a set have no place of their own
				here = at.WithElementKeyInt(index)
			}
			made[index] = replace(one, here)
		}
		return tftypes.NewValue(value.Type(), made)
	case tftypes.Map:
		made := map[string]tftypes.Value{}
		read(value, &made)
		for key, one := range made {
			made[key] = replace(one, at.WithElementKeyString(key))
		}
		return tftypes.NewValue(value.Type(), made)
	}
	return replace(value, at)
}
