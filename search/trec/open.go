package trec

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// Collection is a test collection.
type Collection struct {
	Documents  []Document
	Topics     []Topic
	Judgements Judgements
}

// Open reads a collection from a folder, and the folders in it. A file with qrel in its name has judgements, one with topic
// or quer in it topics; every other one has documents, but those that begin with a dot or are called readme or license.
// Files may be zipped by gzip, and those with documents be archives by tar.
func Open(dir string) (Collection, error) {
	c := Collection{Judgements: Judgements{}}
	root := os.DirFS(dir)
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		base := strings.ToLower(path.Base(name))
		if err != nil || d.IsDir() || base[0] == '.' || strings.HasPrefix(base, "readme") || strings.HasPrefix(base, "licen") {
			return err
		}
		file, err := root.Open(name)
		if err != nil {
			return err
		}
		defer file.Close()
		return c.read(name, file)
	})
	switch {
	case err != nil:
		return Collection{}, fmt.Errorf("trec: %s: %w", dir, err)
	case len(c.Documents) == 0 || len(c.Topics) == 0 || len(c.Judgements) == 0:
		return Collection{}, fmt.Errorf("trec: %s has %d documents, %d topics and judgements of %d: give all three", dir,
			len(c.Documents), len(c.Topics), len(c.Judgements))
	}
	return c, nil
}

func (c *Collection) read(name string, r io.Reader) error {
	b := bufio.NewReaderSize(r, 1<<16)
	if magic, _ := b.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		unzipped, err := gzip.NewReader(b)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		defer unzipped.Close()
		b = bufio.NewReaderSize(unzipped, 1<<16)
	}
	if magic, _ := b.Peek(262); len(magic) == 262 && string(magic[257:]) == "ustar" {
		return c.archive(name, b)
	}
	text, err := io.ReadAll(b)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return c.file(name, string(text))
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
		base := path.Base(h.Name)
		if h.Typeflag != tar.TypeReg || strings.HasPrefix(base, ".") {
			continue
		}
		if err := c.read(path.Join(name, base), files); err != nil {
			return err
		}
	}
}

func (c *Collection) file(name, text string) error {
	base := path.Base(name)
	low := strings.ToLower(base)
	switch {
	case strings.Contains(low, "qrel"):
		judged, err := ReadJudgements(strings.NewReader(text))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		for topic, grades := range judged {
			c.Judgements[topic] = grades
		}
	case strings.Contains(low, "topic"), strings.Contains(low, "quer"):
		c.Topics = append(c.Topics, ReadTopics(text)...)
	case slices.Contains([]string{".md", ".json", ".pdf"}, path.Ext(low)):
	default:
		c.Documents = append(c.Documents, ReadDocuments(strings.TrimSuffix(base, path.Ext(base)), text)...)
	}
	return nil
}
