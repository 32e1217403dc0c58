package lifecycle

import (
	"fmt"
	"slices"
	"strings"
)

// Mermaid draws the table as a state diagram (stateDiagram-v2). The same table gives the same text. A transition is
// labelled with its trigger and, in brackets, its guards; a choice has an arrow to each of its targets.
func (d Definition) Mermaid() string {
	var b strings.Builder
	b.WriteString("stateDiagram-v2\n")
	for _, s := range d.States {
		fmt.Fprintf(&b, "    state \"%s\" as %s\n", mermaidText(s.title()), mermaidID(s.Name))
	}
	fmt.Fprintf(&b, "    [*] --> %s\n", mermaidID(d.Initial))
	d.arrows(func(from, to State, label string) {
		fmt.Fprintf(&b, "    %s --> %s : %s\n", mermaidID(from), mermaidID(to), mermaidText(label))
	})
	for _, s := range d.States {
		if s.Phase.Terminal() {
			fmt.Fprintf(&b, "    %s --> [*]\n", mermaidID(s.Name))
		}
	}
	return b.String()
}

// DOT draws the table in the language of Graphviz. The same table gives the same text. Waiting states are dashed and
// terminal ones have a double border.
func (d Definition) DOT() string {
	var b strings.Builder
	fmt.Fprintf(&b, "digraph %s {\n\trankdir=LR;\n\tnode [shape=box, style=rounded];\n\t\"\" [shape=point];\n", dotText(d.Name))
	for _, s := range d.States {
		fmt.Fprintf(&b, "\t%s [label=%s%s];\n", dotText(string(s.Name)), dotText(s.title()), dotStyles[s.Phase])
	}
	fmt.Fprintf(&b, "\t\"\" -> %s;\n", dotText(string(d.Initial)))
	d.arrows(func(from, to State, label string) {
		fmt.Fprintf(&b, "\t%s -> %s [label=%s];\n", dotText(string(from)), dotText(string(to)), dotText(label))
	})
	b.WriteString("}\n")
	return b.String()
}

// Markdown writes the table as a page: its states and its transitions. The same table gives the same text.
func (d Definition) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Lifecycle %s, version %d\n\n", markdownText(d.Name), d.Version)
	b.WriteString("## States\n\n| state | title | phase |\n|---|---|---|\n")
	for _, s := range d.States {
		initial := ""
		if s.Name == d.Initial {
			initial = " (initial)"
		}
		fmt.Fprintf(&b, "| %s%s | %s | %s |\n", s.Name, initial, markdownText(s.title()), s.Phase)
	}
	b.WriteString("\n## Transitions\n\n| from | trigger | to | guards | must bring | must then have | must then hold | roles |\n|---|---|---|---|---|---|---|---|\n")
	for _, t := range d.Rows {
		to := "stays"
		if t.Choose != "" {
			to = t.Choose + ": " + list(plain(t.Among))
		} else if t.To != "" {
			to = string(t.To)
		}
		cells := []string{list(plain(t.From)), string(t.Trigger), to, list(t.Guards), needs(t.Brings), needs(t.Leaves), list(t.Ensures), list(plain(t.Roles))}
		for i := range cells {
			cells[i] = markdownText(cells[i])
		}
		b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	return b.String()
}

// arrows goes through all transitions from state to state, in the order of the table.
func (d Definition) arrows(draw func(from, to State, label string)) {
	for _, t := range d.Rows {
		label := string(t.Trigger)
		if i := slices.IndexFunc(d.Triggers, func(row TriggerRow) bool { return row.Name == t.Trigger }); i >= 0 && d.Triggers[i].Title != "" {
			label = d.Triggers[i].Title
		}
		if len(t.Guards) > 0 {
			label += " [" + list(t.Guards) + "]"
		}
		for _, from := range t.From {
			for _, to := range t.targets(from) {
				draw(from, to, label)
			}
		}
	}
}

func (s StateRow) title() string { return or(s.Title, string(s.Name)) }

var dotStyles = map[Phase]string{
	Waiting:   ", style=\"rounded,dashed\"",
	Closed:    ", peripheries=2",
	Cancelled: ", peripheries=2",
}

// mermaidWords cannot be the id of a state.
var mermaidWords = []State{"as", "choice", "class", "classdef", "click", "default", "direction", "end", "fork", "hide", "href", "join", "note", "scale", "state", "style"}

// mermaidID is the name, or where that is a word of the language, one that no name can be.
func mermaidID(s State) string {
	if slices.Contains(mermaidWords, s) {
		return "S_" + string(s)
	}
	return string(s)
}

var mermaidReplacer = strings.NewReplacer("#", "#35;", ";", "#59;", "\"", "#quot;", "<", "#lt;", ">", "#gt;", ":", "#58;", "%", "#37;")

func mermaidText(s string) string { return mermaidReplacer.Replace(oneLine(s)) }

var dotReplacer = strings.NewReplacer("\\", "\\\\", "\"", "\\\"")

func dotText(s string) string { return "\"" + dotReplacer.Replace(oneLine(s)) + "\"" }

var markdownReplacer = strings.NewReplacer("\\", "\\\\", "|", "\\|", "<", "&lt;", ">", "&gt;", "&", "&amp;", "*", "\\*", "`", "\\`", "[", "\\[", "]", "\\]")

func markdownText(s string) string { return markdownReplacer.Replace(oneLine(s)) }

// oneLine keeps a title of an unchecked table from ending the line it stands in.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func list(names []string) string { return strings.Join(names, ", ") }

func needs(all []Need) string {
	texts := make([]string, len(all))
	for i, need := range all {
		texts[i] = strings.Join(need, " or ")
	}
	return list(texts)
}
