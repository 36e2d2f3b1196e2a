package standin

import (
	"fmt"
	"math/big"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Object is a value of the protocol with its fields at hand. Reading a field that is null or not known yet gives the
// zero value; Known and Null tell these apart.
type Object struct {
	kind   tftypes.Object
	fields map[string]tftypes.Value
}

// Open returns an object's fields, or nil where it is null or not known.
func Open(value tftypes.Value) (*Object, error) {
	if value.IsNull() || !value.IsKnown() {
		return nil, nil
	}
	kind, ok := value.Type().(tftypes.Object)
	if !ok {
		return nil, fmt.Errorf("an object was expected, not %s", value.Type())
	}
	fields := map[string]tftypes.Value{}
	if err := value.As(&fields); err != nil {
		return nil, err
	}
	return &Object{kind, fields}, nil
}

// Empty returns an object of a type with every field null.
func Empty(kind tftypes.Object) *Object {
	made := &Object{kind, map[string]tftypes.Value{}}
	for name, field := range kind.AttributeTypes {
		made.fields[name] = tftypes.NewValue(field, nil)
	}
	return made
}

// Value returns the object as the protocol has it.
func (o *Object) Value() tftypes.Value {
	return tftypes.NewValue(o.kind, o.fields)
}

// Copy returns an object whose fields can be set without changing this one.
func (o *Object) Copy() *Object {
	made := &Object{o.kind, make(map[string]tftypes.Value, len(o.fields))}
	for name, field := range o.fields {
		made.fields[name] = field
	}
	return made
}

// Field returns one field as it is.
func (o *Object) Field(name string) tftypes.Value {
	field, there := o.fields[name]
	if !there {
		panic(fmt.Sprintf("the schema has no %q", name))
	}
	return field
}

// Has tells whether the schema has a field.
func (o *Object) Has(name string) bool {
	_, there := o.kind.AttributeTypes[name]
	return there
}

// Null tells whether a field is left out.
func (o *Object) Null(name string) bool { return o.Field(name).IsNull() }

// Known tells whether a field and everything in it is known.
func (o *Object) Known(name string) bool { return o.Field(name).IsFullyKnown() }

// Text returns a string.
func (o *Object) Text(name string) string {
	var text string
	read(o.Field(name), &text)
	return text
}

// Flag returns a boolean.
func (o *Object) Flag(name string) bool {
	var flag bool
	read(o.Field(name), &flag)
	return flag
}

// Number returns a number.
func (o *Object) Number(name string) float64 {
	number := new(big.Float)
	read(o.Field(name), &number)
	short, _ := number.Float64()
	return short
}

// Texts returns the strings of a list, without those that are null.
func (o *Object) Texts(name string) []string {
	var texts []string
	for _, one := range elements(o.Field(name)) {
		if !one.IsNull() && one.IsKnown() {
			var text string
			read(one, &text)
			texts = append(texts, text)
		}
	}
	return texts
}

// TextMap returns a map of strings.
func (o *Object) TextMap(name string) map[string]string {
	fields := map[string]tftypes.Value{}
	read(o.Field(name), &fields)
	made := map[string]string{}
	for key, field := range fields {
		var text string
		read(field, &text)
		made[key] = text
	}
	return made
}

// Objects returns the objects of a list or set.
func (o *Object) Objects(name string) []*Object {
	var made []*Object
	for _, one := range elements(o.Field(name)) {
		if inner, err := Open(one); err == nil && inner != nil {
			made = append(made, inner)
		}
	}
	return made
}

// Nested returns an object in this one, nil where it is left out.
func (o *Object) Nested(name string) *Object {
	inner, err := Open(o.Field(name))
	if err != nil {
		return nil
	}
	return inner
}

// Set gives a field a value of Go (string, bool, number) or of the protocol; nil makes it null.
func (o *Object) Set(name string, value any) {
	if given, ok := value.(tftypes.Value); ok {
		o.fields[name] = given
		return
	}
	o.fields[name] = tftypes.NewValue(o.kind.AttributeTypes[name], value)
}

// SetUnknown says that a field becomes known when the plan is applied.
func (o *Object) SetUnknown(name string) { o.Set(name, tftypes.UnknownValue) }

// SetObjects gives a list of objects new elements.
func (o *Object) SetObjects(name string, objects []*Object) {
	values := make([]tftypes.Value, len(objects))
	for index, one := range objects {
		values[index] = one.Value()
	}
	o.Set(name, tftypes.NewValue(o.kind.AttributeTypes[name], values))
}

// SetFields gives an object in this one its fields.
func (o *Object) SetFields(name string, fields map[string]any) {
	inner := Empty(o.kind.AttributeTypes[name].(tftypes.Object))
	for field, value := range fields {
		inner.Set(field, value)
	}
	o.Set(name, inner.Value())
}

// Type returns the object's type.
func (o *Object) Type() tftypes.Object { return o.kind }

func elements(value tftypes.Value) []tftypes.Value {
	var made []tftypes.Value
	read(value, &made)
	return made
}

// read copies a value out where it has one; a value of another type than the schema's is a mistake of the plug-in.
func read(value tftypes.Value, into any) {
	if value.IsNull() || !value.IsKnown() {
		return
	}
	if err := value.As(into); err != nil {
		panic(err)
	}
}

func decode(value *tfprotov6.DynamicValue, kind tftypes.Type) (tftypes.Value, error) {
	if value == nil {
		return tftypes.NewValue(kind, nil), nil
	}
	return value.Unmarshal(kind)
}

func encode(object *Object, kind tftypes.Type) (*tfprotov6.DynamicValue, error) {
	value := tftypes.NewValue(kind, nil)
	if object != nil {
		value = object.Value()
	}
	made, err := tfprotov6.NewDynamicValue(kind, value)
	return &made, err
}
