package service

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Config changes the practice for a desk. The zero value takes items of any class, without attributes, and the types of
// [DefaultRelations].
type Config struct {
	// Classes are those that items may have; nil takes any class.
	Classes []Class
	// Relations are the types that relations may have; nil is [DefaultRelations].
	Relations []RelationType
	// Kinds are the kinds of tickets that get their affected services; nil is incident, problem, change and request, as far as
	// the desk has them.
	Kinds []string
	// MaxAffected bounds the affected services that are written beside one ticket, the worst ones first; 0 is 200, 900 at most.
	MaxAffected int
	// ServiceOverlays and ItemOverlays change the lifecycles, in order.
	ServiceOverlays []lifecycle.Overlay
	ItemOverlays    []lifecycle.Overlay
}

// Class is a class of items.
type Class struct {
	Name  string `json:"name"`
	Title string `json:"title,omitempty"`
	// Attributes are declared as custom fields are. None is personal: the owner is the only person of an item. A name means the
	// same kind of value in every class.
	Attributes field.Schema `json:"attributes"`
	// Key names the attributes that identify an item; none lets each item be given its key.
	Key []string `json:"key,omitempty"`
}

// RelationType is a type of relations.
type RelationType struct {
	Name string `json:"name"`
	// Inverse is what it is called when it is read from its other end.
	Inverse string `json:"inverse"`
	// Suffers is the end that suffers when the other one is lost.
	Suffers End `json:"suffers,omitempty"`
	// Weak only degrades the end that suffers, and counts for no gate.
	Weak bool `json:"weak,omitempty"`
}

// End is an end of a relation.
type End string

// The ends.
const (
	Neither End = ""
	From    End = "from"
	To      End = "to"
)

// DefaultRelations are the types of a desk that declares none: what depends on something or runs on it suffers with it, and a
// whole suffers with its members. A connection alone says nothing of who suffers.
func DefaultRelations() []RelationType {
	return []RelationType{
		{Name: "depends_on", Inverse: "supports", Suffers: From},
		{Name: "runs_on", Inverse: "runs", Suffers: From},
		{Name: "member_of", Inverse: "has_member", Suffers: To},
		{Name: "connects_to", Inverse: "connects_to"},
	}
}

// class is a class made ready.
type class struct {
	Class
	schema *field.Compiled
}

// prepare checks the configuration, and lists every fault.
func (s *Services) prepare(c Config) (attributes field.Schema, err error) {
	s.config, s.classes, s.types = c, map[string]*class{}, map[string]RelationType{}
	if s.config.Relations == nil {
		s.config.Relations = DefaultRelations()
	}
	if s.config.MaxAffected == 0 {
		s.config.MaxAffected = 200
	}
	var faults []error
	fault := func(where, format string, args ...any) {
		faults = append(faults, itsm.Invalid(where, fmt.Sprintf(format, args...)))
	}
	if s.config.MaxAffected < 0 || s.config.MaxAffected > maxBeside {
		fault("max_affected", "write 1 to 900 affected services beside a ticket")
	}
	for _, cl := range c.Classes {
		where := "class " + cl.Name
		switch {
		case cl.Name == "" || strings.ContainsRune(cl.Name, '/') || cl.Name == Kind || cl.Name == ItemKind:
			fault(where, "a class has a name without a slash, which is neither %q nor %q", Kind, ItemKind)
		case s.classes[cl.Name] != nil:
			fault(where, "it is declared twice")
		}
		schema, err := cl.Attributes.Compile()
		if err != nil {
			fault(where, "%v", err)
			continue
		}
		cl.Key = slices.Clone(cl.Key)
		s.classes[cl.Name] = &class{cl, schema}
		for _, name := range cl.Key {
			if _, ok := schema.Declaration(name); !ok {
				fault(where, "the key names %q, which is no attribute of the class", name)
			}
		}
		for _, d := range cl.Attributes.Fields {
			if d.Personal {
				fault(where, "the attribute %q is personal: the owner is the only person of an item", d.Name)
			}
			attributes.Fields, err = merge(attributes.Fields, d)
			if err != nil {
				fault(where, "%v", err)
			}
		}
	}
	for _, t := range s.config.Relations {
		where := "relation " + t.Name
		switch _, twice := s.types[t.Name]; {
		case t.Name == "" || t.Inverse == "":
			fault(where, "name both directions of a relation")
		case twice:
			fault(where, "it is declared twice")
		case t.Suffers != Neither && t.Suffers != From && t.Suffers != To:
			fault(where, "the end that suffers is %q, %q or empty, not %q", From, To, t.Suffers)
		case t.Weak && t.Suffers == Neither:
			fault(where, "where neither end suffers, nothing is weak about it: name the end that suffers")
		}
		s.types[t.Name] = t
	}
	return attributes, errors.Join(faults...)
}

// merge adds a declaration to those of all classes, by which the kernel knows columns. What a class requires, its own schema
// says.
func merge(all []field.Declaration, d field.Declaration) ([]field.Declaration, error) {
	i := slices.IndexFunc(all, func(o field.Declaration) bool { return o.Name == d.Name })
	if i < 0 {
		return append(all, field.Declaration{Name: d.Name, Title: d.Title, Kind: d.Kind, Indexed: d.Indexed}), nil
	}
	if all[i].Kind != d.Kind {
		return all, fmt.Errorf("the attribute %q is %v in another class and %v here: give it another name", d.Name, all[i].Kind, d.Kind)
	}
	all[i].Indexed = all[i].Indexed || d.Indexed
	return all, nil
}

// classOf answers a class by its name: any where none is declared.
func (s *Services) classOf(name string) (*class, error) {
	if cl := s.classes[name]; cl != nil {
		return cl, nil
	}
	switch {
	case name == "" || strings.ContainsRune(name, '/') || name == Kind || name == ItemKind:
		return nil, itsm.Invalid("class", fmt.Sprintf("give a class without a slash, which is neither %q nor %q", Kind, ItemKind))
	case len(s.classes) > 0:
		return nil, itsm.Invalid("class", fmt.Sprintf("there is no class %q: declare it", name))
	}
	return &class{Class: Class{Name: name}}, nil
}

// typeOf answers a type of relations by its name.
func (s *Services) typeOf(name string) (RelationType, error) {
	t, ok := s.types[name]
	if !ok {
		return t, itsm.Invalid("type", fmt.Sprintf("there is no type of relations %q: declare it", name))
	}
	return t, nil
}

// keyOf is what identifies an item of the class. Several attributes are joined by slashes; a slash or backslash in one is
// escaped, so that no two keys fall together.
func (c *class) keyOf(attributes field.Fields) (string, error) {
	parts := make([]string, len(c.Key))
	for i, name := range c.Key {
		parts[i] = attributes.Get(name).String()
		if strings.TrimSpace(parts[i]) == "" {
			return "", itsm.Invalid("custom."+name, fmt.Sprintf("it identifies items of class %s: fill it in", c.Name))
		}
		if len(c.Key) > 1 {
			parts[i] = strings.NewReplacer(`\`, `\\`, `/`, `\/`).Replace(parts[i])
		}
	}
	return strings.Join(parts, "/"), nil
}
