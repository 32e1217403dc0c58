package markdown

import (
	"bytes"
	"fmt"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// run is one body on its way. The parser hands it to the guards below as its context.
type run struct {
	parser.Context
	r      *Renderer
	source []byte
	fault  error // the first

	block ast.Node // whose marks are counted
	marks int
	ahead int // bytes that stand in a line behind a mark, of all marks
	cells int // of tables

	targets    map[cached]target
	resolved   map[Reference]string
	references []Reference
	ids        map[string]int
	addressed  int // bytes of addresses and titles
}

func (d *run) refuse(sentinel error, format string, args ...any) {
	if d.fault == nil {
		d.fault = fmt.Errorf("%w: "+format, append([]any{sentinel}, args...)...)
	}
}

// The limits that no option moves. They stand far above what people write.
const (
	maxMarks       = 2_000     // of emphasis, links and the like in one paragraph
	maxAhead       = 256 << 20 // bytes behind marks: some are looked through for what closes them
	maxCells       = 100_000   // of all tables: GFM fills short rows, so that a body of n bytes may have n² of them
	maxFootnotes   = 5_000     // and references to them: each is looked for among all
	maxPipes       = 5_000     // that are escaped: each is looked for in all code spans of tables
	maxDefinitions = 5_000     // of links in one paragraph: those that follow are moved up for each
	maxAddresses   = 8 << 20   // bytes, as a long address may be referred to again and again
)

// weigh counts what the parser compares all of with all.
func (d *run) weigh() {
	if n := bytes.Count(d.source, []byte("[^")); n > maxFootnotes {
		d.refuse(ErrSize, "%d footnotes, of %d at most: split the article", n, maxFootnotes)
	}
	if n := bytes.Count(d.source, []byte(`\|`)); n > maxPipes {
		d.refuse(ErrSize, `%d times \|, of %d at most: put it in a code block`, n, maxPipes)
	}
}

func newParser() parser.Parser {
	return parser.NewParser(
		parser.WithBlockParsers(
			util.Prioritized(parser.NewSetextHeadingParser(), 100),
			util.Prioritized(parser.NewThematicBreakParser(), 200),
			util.Prioritized(container{parser.NewListParser()}, 300),
			util.Prioritized(parser.NewListItemParser(), 400),
			util.Prioritized(parser.NewCodeBlockParser(), 500),
			util.Prioritized(parser.NewATXHeadingParser(), 600),
			util.Prioritized(parser.NewFencedCodeBlockParser(), 700),
			util.Prioritized(container{parser.NewBlockquoteParser()}, 800),
			util.Prioritized(parser.NewHTMLBlockParser(), 900),
			util.Prioritized(container{extension.NewFootnoteBlockParser()}, 999),
			util.Prioritized(parser.NewParagraphParser(), 1000),
		),
		parser.WithInlineParsers(
			util.Prioritized(marks{}, -1),
			util.Prioritized(extension.NewTaskCheckBoxParser(), 0),
			util.Prioritized(parser.NewCodeSpanParser(), 100),
			util.Prioritized(extension.NewFootnoteParser(), 101),
			util.Prioritized(parser.NewLinkParser(), 200),
			util.Prioritized(parser.NewAutoLinkParser(), 300),
			util.Prioritized(parser.NewRawHTMLParser(), 400),
			util.Prioritized(parser.NewEmphasisParser(), 500),
			util.Prioritized(extension.NewStrikethroughParser(), 501),
			util.Prioritized(extension.NewLinkifyParser(), 999),
		),
		parser.WithParagraphTransformers(
			util.Prioritized(definitions{}, 50),
			util.Prioritized(parser.LinkReferenceParagraphTransformer, 100),
			util.Prioritized(cells{}, 150),
			util.Prioritized(extension.NewTableParagraphTransformer(), 200),
		),
		parser.WithASTTransformers(
			util.Prioritized(extension.NewTableASTTransformer(), 0),
			util.Prioritized(extension.NewFootnoteASTTransformer(), 999),
		),
	)
}

// container opens a block that others lie in, unless it lies too deep itself: each line is compared with all that are open.
type container struct{ parser.BlockParser }

func (c container) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	if d, ok := pc.(*run); ok && len(d.OpenedBlocks()) >= d.r.options.MaxDepth {
		d.refuseDepth()
		return nil, parser.NoChildren
	}
	return c.BlockParser.Open(parent, reader, pc)
}

func (d *run) refuseDepth() {
	d.refuse(ErrDepth, "more than %d levels: write quotes, lists and emphasis less deep in each other", d.r.options.MaxDepth)
}

// marks counts the marks of a block. Those that are never closed are looked at again for each that may close them, and
// what stands behind them is looked through for it.
type marks struct{}

func (marks) Trigger() []byte { return []byte("*_~[!<`") }

func (marks) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	d, ok := pc.(*run)
	if !ok {
		return nil
	}
	if d.block != parent {
		d.block, d.marks = parent, 0
	}
	line, _ := block.PeekLine()
	d.marks, d.ahead = d.marks+1, d.ahead+len(line)
	if d.marks <= maxMarks && d.ahead <= maxAhead {
		return nil
	}
	for { // the rest is text
		_, segment := block.PeekLine()
		block.AdvanceLine()
		line := ast.NewTextSegment(segment.TrimRightSpace(d.source))
		if next, _ := block.PeekLine(); next == nil {
			return line
		}
		line.SetSoftLineBreak(true)
		parent.AppendChild(parent, line)
	}
}

// definitions counts those of links, in a paragraph that may be nothing else.
type definitions struct{}

func (definitions) Transform(paragraph *ast.Paragraph, _ text.Reader, pc parser.Context) {
	d, ok := pc.(*run)
	if !ok {
		return
	}
	lines, n := paragraph.Lines(), 0
	for i := range lines.Len() {
		segment := lines.At(i)
		line := segment.Value(d.source)
		if i == 0 && !bytes.HasPrefix(bytes.TrimLeft(line, " \t"), []byte("[")) {
			return
		}
		n += bytes.Count(line, []byte("]:"))
	}
	if n > maxDefinitions {
		d.refuse(ErrSize, "%d definitions of links, of %d at most: put blank lines between, or a log in a code block",
			n, maxDefinitions)
		paragraph.Parent().RemoveChild(paragraph.Parent(), paragraph)
	}
}

// cells counts what a paragraph would be as a table, before it is one.
type cells struct{}

func (cells) Transform(paragraph *ast.Paragraph, _ text.Reader, pc parser.Context) {
	d, ok := pc.(*run)
	if !ok {
		return
	}
	lines, most := paragraph.Lines(), 0
	for i := 1; i < lines.Len(); i++ {
		segment := lines.At(i)
		if line := segment.Value(d.source); len(bytes.Trim(line, "-|: \t\n")) == 0 {
			most = max(most, (bytes.Count(bytes.Trim(line, "| \t\n"), []byte("|"))+1)*(lines.Len()-i))
		}
	}
	if d.cells += most; d.cells > maxCells {
		d.refuse(ErrSize, "tables of more than %d cells: attach them as a file", maxCells)
		paragraph.Parent().RemoveChild(paragraph.Parent(), paragraph)
	}
}
