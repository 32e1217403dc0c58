package field

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Schema declares the custom fields of a kind of record. It is plain data: keep it as JSON, and raise Version when it
// changes. Records keep the values of fields that a later version no longer declares.
type Schema struct {
	Version int           `json:"version"`
	Fields  []Declaration `json:"fields"`
}

// Declaration declares one custom field.
type Declaration struct {
	// Name has 1 to 63 lower-case letters, digits and underscores, a letter first, because stores make columns of it.
	Name  string `json:"name"`
	Title string `json:"title,omitempty"`
	Kind  Kind   `json:"kind"`
	// Required fields must not be empty on any record that is written.
	Required bool `json:"required,omitempty"`
	// Choices are the texts allowed, of a text or in a list; none leaves it free.
	Choices []string `json:"choices,omitempty"`
	// Personal values are data of a person, and go when the person is erased.
	Personal bool `json:"personal,omitempty"`
	// Indexed fields are quick to search and sort by.
	Indexed bool `json:"indexed,omitempty"`
	// Max bounds the bytes of a text, or of each text in a list; 0 leaves it unbounded.
	Max int `json:"max,omitempty"`
}

// Check says what is wrong with the schema, every fault at once, as [Faults].
func (s Schema) Check() error {
	var faults Faults
	if s.Version < 0 {
		faults.add(ErrVersion, "", "version", strconv.Itoa(s.Version))
	}
	seen := make(map[string]bool, len(s.Fields))
	for _, d := range s.Fields {
		if seen[d.Name] {
			faults.add(ErrRepeated, d.Name)
		}
		seen[d.Name] = true
		d.check(&faults)
	}
	return faults.err()
}

func (d Declaration) check(faults *Faults) {
	if !validName(d.Name) {
		faults.add(ErrName, d.Name)
	}
	if !cleanText(d.Title) {
		faults.add(ErrText, d.Name)
	}
	if d.Kind == KindNone || d.Kind > KindList {
		faults.add(ErrNoKind, d.Name)
	}
	textual := d.Kind == KindText || d.Kind == KindList
	if d.Max < 0 || d.Max > 0 && !textual {
		faults.add(ErrMax, d.Name, "max", strconv.Itoa(d.Max))
	}
	if len(d.Choices) > 0 && !textual {
		faults.add(ErrChoices, d.Name, "reason", "only texts and lists have choices")
	}
	for i, c := range d.Choices {
		switch {
		case c == "":
			faults.add(ErrChoices, d.Name, "reason", "a choice is empty")
		case !cleanText(c):
			faults.add(ErrText, d.Name)
		case slices.Contains(d.Choices[:i], c):
			faults.add(ErrChoices, d.Name, "reason", strconv.Quote(c)+" stands twice")
		case d.Max > 0 && len(c) > d.Max:
			faults.add(ErrChoices, d.Name, "reason", strconv.Quote(c)+" is longer than the maximum")
		}
	}
}

func validName(s string) bool {
	if len(s) == 0 || len(s) > 63 || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

// UnmarshalJSON reads a schema and refuses members that it does not know. It does not check what it read.
func (s *Schema) UnmarshalJSON(data []byte) error {
	type plain Schema // without this method
	var read plain
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&read); err != nil {
		return fmt.Errorf("field: schema: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return fmt.Errorf("field: schema: %w: more follows", ErrSyntax)
	}
	*s = Schema(read)
	return nil
}

// Compile checks the schema and makes it ready to judge fields. Later changes of s do not reach the result.
func (s Schema) Compile() (*Compiled, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	c := &Compiled{schema: s.clone(), byName: make(map[string]int, len(s.Fields))}
	for i, d := range c.schema.Fields {
		c.byName[d.Name] = i
		if d.Required {
			c.required = append(c.required, i)
		}
	}
	return c, nil
}

func (s Schema) clone() Schema {
	s.Fields = slices.Clone(s.Fields)
	for i := range s.Fields {
		s.Fields[i].Choices = slices.Clone(s.Fields[i].Choices)
	}
	return s
}

// Compiled is a checked schema that judges fields. It never changes. A nil *Compiled declares no fields.
type Compiled struct {
	schema   Schema
	byName   map[string]int
	required []int
}

// Schema is a copy of what was compiled.
func (c *Compiled) Schema() Schema {
	if c == nil {
		return Schema{}
	}
	return c.schema.clone()
}

// Version is the version of the schema.
func (c *Compiled) Version() int {
	if c == nil {
		return 0
	}
	return c.schema.Version
}

// Declaration is the declaration of a name.
func (c *Compiled) Declaration(name string) (Declaration, bool) {
	d := c.find(name)
	if d == nil {
		return Declaration{}, false
	}
	found := *d
	found.Choices = slices.Clone(d.Choices)
	return found, true
}

func (c *Compiled) find(name string) *Declaration {
	if c == nil {
		return nil
	}
	i, ok := c.byName[name]
	if !ok {
		return nil
	}
	return &c.schema.Fields[i]
}

// Validate judges a record's fields after a command, given those before (nil for a new record), and answers every
// fault, as [Faults]. Only fields that changed are judged, so that values under an older schema, or of fields that are
// no longer declared, may stay or be emptied; and every required field must be filled, by this command or before.
//
// It costs one pass over both lists, and allocates nothing where nothing is wrong.
func (c *Compiled) Validate(before, after Fields) error {
	if len(after) == 0 && (c == nil || len(c.required) == 0) {
		return nil
	}
	var faults Faults
	for i := 1; i < len(after); i++ { // the pass below trusts the order
		if after[i-1].Name >= after[i].Name {
			faults.add(ErrOrder, after[i].Name)
			return faults
		}
	}
	for rest := after; len(before) > 0 || len(rest) > 0; {
		var change Change
		change, before, rest = nextPair(before, rest)
		if !change.Before.Equal(change.After) && change.After.kind != KindNone {
			c.judge(&faults, change.Name, change.After)
		}
	}
	if c != nil {
		for _, i := range c.required {
			if name := c.schema.Fields[i].Name; after.Get(name).IsZero() {
				faults.add(ErrRequired, name)
			}
		}
	}
	return faults.err()
}

func (c *Compiled) judge(faults *Faults, name string, v Value) {
	d := c.find(name)
	switch {
	case d == nil:
		faults.add(ErrUnknown, name)
		return
	case v.IsZero():
		faults.add(ErrOrder, name)
		return
	case v.kind != d.Kind:
		faults.add(ErrKind, name, "want", d.Kind.String(), "got", v.kind.String())
		return
	}
	if err := v.Check(); err != nil {
		faults.add(err.(Code), name)
	}
	if v.kind == KindText {
		d.judgeText(faults, v.str)
	}
	for _, s := range v.list {
		d.judgeText(faults, s)
	}
}

func (d *Declaration) judgeText(faults *Faults, s string) {
	if len(d.Choices) > 0 && !slices.Contains(d.Choices, s) {
		faults.add(ErrChoice, d.Name, "choices", strings.Join(d.Choices, ", "))
	}
	if d.Max > 0 && len(s) > d.Max {
		faults.add(ErrLength, d.Name, "max", strconv.Itoa(d.Max), "got", strconv.Itoa(len(s)))
	}
}
