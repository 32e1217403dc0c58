package trec

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Collection is a test collection.
type Collection struct {
	Documents  []Document
	Topics     []Topic
	Judgements Judgements
}

// Open reads a collection from a folder, and the folders in it, into memory.
//
// What a file has is told by its name, in capitals or not: judgements where it says qrel or rel (cranqrel, CISI.REL), topics where
// it says topic, query, qry or que (topics.301-450, MED.QRY), documents in every other one. But one with tags has no
// judgements, nor has one with rel in its name that has something else; one without topics has documents, and one with top tags has topics, whatever it is called. Left out are files and
// folders that begin with a dot, readme and license files, lists of stop words (stp), boolean queries (bln), and what is empty or no text.
//
// Files may be packed by gzip or bzip2, and be archives by tar with such files in them; other packings are an error. They are
// read as UTF-8, and bytes that are none as Windows-1252, of which Latin-1 is a part.
//
// Of documents, and of topics, with one ID the first counts. A topic has the ID that judgements give it, where only zeros in
// front tell them apart. Where judgements have the numbers 1 to n, and n topics are numbered from 1 on with gaps, as those of the
// Cranfield collection are, they mean the place of a topic.
func Open(dir string) (Collection, error) {
	c := Collection{Judgements: Judgements{}}
	root := os.DirFS(dir)
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil || name == ".":
			return err
		case d.IsDir() && hidden(name):
			return fs.SkipDir
		}
		if info, err := fs.Stat(root, name); err != nil || !info.Mode().IsRegular() || aside(name) {
			return err
		}
		file, err := root.Open(name)
		if err != nil {
			return err
		}
		defer file.Close()
		return c.read(name, file)
	})
	if err != nil {
		return Collection{}, fmt.Errorf("trec: %s: %w", dir, err)
	}
	c.settle()
	judged, there := 0, map[string]bool{}
	for _, d := range c.Documents {
		there[d.ID] = true
	}
	for _, topic := range c.Topics {
		for doc := range c.Judgements[topic.ID] {
			if there[doc] {
				judged++
			}
		}
	}
	switch {
	case len(c.Documents) == 0 || len(c.Topics) == 0 || len(c.Judgements) == 0:
		return Collection{}, fmt.Errorf("trec: %s has %d documents, %d topics and judgements of %d: give all three", dir,
			len(c.Documents), len(c.Topics), len(c.Judgements))
	case judged == 0:
		return Collection{}, fmt.Errorf("trec: %s: no judgement is of a topic and a document that are there: give those that belong together",
			dir)
	}
	return c, nil
}

// hidden reports whether a file or a folder that it is in begins with a dot.
func hidden(name string) bool {
	return slices.ContainsFunc(strings.Split(name, "/"), func(part string) bool {
		return strings.HasPrefix(part, ".") && part != "." && part != ".."
	})
}

// aside reports whether a file lies beside a collection by its name.
func aside(name string) bool {
	low := strings.ToLower(path.Base(name))
	return hidden(name) || strings.HasPrefix(low, "readme") || strings.HasPrefix(low, "licen") ||
		slices.Contains([]string{".md", ".json", ".pdf", ".dtd", ".stp", ".bln"}, path.Ext(low))
}

// packings are those that are told by what a file begins with, and not read.
var packings = map[string]string{"PK\x03\x04": "zip", "\x1f\x9d": "compress", "\xfd7zXZ\x00": "xz", "\x28\xb5\x2f\xfd": "zstd", "7z\xbc\xaf": "7-zip"}

func (c *Collection) read(name string, r io.Reader) error {
	b := bufio.NewReaderSize(r, 1<<16)
	magic, _ := b.Peek(6)
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		unpacked, err := gzip.NewReader(b)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		defer unpacked.Close()
		return c.read(name, unpacked)
	case bytes.HasPrefix(magic, []byte("BZh")):
		return c.read(name, bzip2.NewReader(b))
	}
	for begin, packing := range packings {
		if bytes.HasPrefix(magic, []byte(begin)) {
			return fmt.Errorf("%s is packed by %s: unpack it", name, packing)
		}
	}
	if magic, _ := b.Peek(262); len(magic) == 262 && string(magic[257:]) == "ustar" {
		return c.archive(name, b)
	}
	text, err := io.ReadAll(b)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if bytes.IndexByte(text, 0) >= 0 || len(bytes.TrimSpace(text)) == 0 {
		return nil
	}
	return c.file(name, clean(string(text)))
}

func (c *Collection) archive(name string, r io.Reader) error {
	files := tar.NewReader(r)
	for {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if h.Typeflag != tar.TypeReg || aside(h.Name) {
			continue
		}
		if err := c.read(path.Join(name, path.Base(h.Name)), files); err != nil {
			return err
		}
	}
}

func (c *Collection) file(name, text string) error {
	base := path.Base(name)
	low := strings.ToLower(base)
	parts := strings.FieldsFunc(low, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	surely := strings.Contains(low, "qrel")
	if (surely || slices.Contains(parts, "rel")) && !strings.HasPrefix(strings.TrimSpace(text), "<") {
		judged, err := ReadJudgements(strings.NewReader(text))
		if err == nil {
			for topic, grades := range judged {
				for doc, grade := range grades {
					c.Judgements.set(topic, doc, grade)
				}
			}
			return nil
		}
		if surely {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	asking := strings.Contains(low, "topic") || strings.Contains(low, "quer") || strings.Contains(low, "qry") || slices.Contains(parts, "que")
	if asking || has(text, "<top>") && !has(text, "<docno>") {
		if topics := ReadTopics(text); len(topics) > 0 {
			c.Topics = append(c.Topics, topics...)
			return nil
		}
	}
	c.Documents = append(c.Documents, ReadDocuments(stem(base), text)...)
	return nil
}

// stem is the name of a file without what tells its form and its packing.
func stem(name string) string {
	for _, packing := range []string{".gz", ".bz2"} {
		name = strings.TrimSuffix(name, packing)
	}
	if ext := path.Ext(name); strings.ContainsFunc(ext, unicode.IsLetter) {
		return strings.TrimSuffix(name, ext)
	}
	return name
}

// settle gives topics the IDs that judgements have, and leaves one topic and one document of each ID.
func (c *Collection) settle() {
	topic := func(t Topic) string { return t.ID }
	c.Documents = first(c.Documents, func(d Document) string { return d.ID })
	c.Topics = first(c.Topics, topic)
	if c.placed() {
		for i := range c.Topics {
			c.Topics[i].ID = strconv.Itoa(i + 1)
		}
	}
	judged := map[string]string{}
	for id := range c.Judgements {
		judged[bare(id)] = id
	}
	for i := range c.Topics {
		t := &c.Topics[i]
		if id, ok := judged[bare(t.ID)]; ok && c.Judgements[t.ID] == nil {
			t.ID = id
		}
	}
	c.Topics = first(c.Topics, topic)
}

// first leaves the first of each ID in a list.
func first[T any](list []T, id func(T) string) []T {
	seen := map[string]bool{}
	return slices.DeleteFunc(list, func(one T) bool {
		twice := seen[id(one)]
		seen[id(one)] = true
		return twice
	})
}

// placed reports whether judgements number topics by their places.
func (c *Collection) placed() bool {
	last := 0
	for i, t := range c.Topics {
		number, err := strconv.Atoi(t.ID)
		if err != nil || number <= last || i == 0 && number != 1 || c.Judgements[strconv.Itoa(i+1)] == nil {
			return false
		}
		last = number
	}
	return last > len(c.Topics) && len(c.Topics) == len(c.Judgements)
}

// bare is an ID without zeros in front.
func bare(id string) string { return strings.TrimLeft(id, "0") }

// high are the characters that Windows-1252 has from 0x80 on, where Latin-1 has none that is written.
var high = []rune("€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ")

// clean is a text in UTF-8 without a byte order mark, its lines ended by a line feed.
func clean(text string) string {
	text = strings.TrimPrefix(text, "\ufeff")
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	if utf8.ValidString(text) {
		return text
	}
	var b strings.Builder
	b.Grow(len(text) + len(text)/8)
	for text != "" {
		r, size := utf8.DecodeRuneInString(text)
		if r == utf8.RuneError && size == 1 {
			if r = rune(text[0]); r < 0xa0 {
				r = high[r-0x80]
			}
		}
		b.WriteRune(r)
		text = text[size:]
	}
	return b.String()
}
