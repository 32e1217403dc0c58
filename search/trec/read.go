package trec

import (
	"cmp"
	"html"
	"slices"
	"strings"
)

// Document is a document of a collection.
type Document struct {
	ID, Title, Text string // Text has no title
}

// Topic is what is looked for.
type Topic struct {
	ID, Title, Description, Text string // Text is all of it
}

// Query is what a topic is looked for by: its title; without one its description; without any parts all of it.
func (t Topic) Query() string {
	switch {
	case t.Title != "":
		return t.Title
	case t.Description != "":
		return t.Description
	}
	return t.Text
}

// ReadDocuments reads the documents of a file: many between DOC tags, each with its DOCNO; many after .I lines, as SMART has
// them; or one, whose ID is the name. The case of tags does not matter, and a closing tag may be missing. Titles are what title
// tags hold, or those that newspapers have in their place.
func ReadDocuments(name, text string) []Document {
	var docs []Document
	switch {
	case has(text, "<docno>"):
		for _, part := range parts(text, "doc") {
			if id, rest := number(part, "docno"); id != "" {
				title, rest := title(rest)
				docs = append(docs, Document{id, title, plain(rest)})
			}
		}
	case strings.HasPrefix(strings.TrimSpace(text), ".I "):
		for _, s := range smart(text) {
			docs = append(docs, Document{s["I"], line(s["T"]), line(s["W"] + " " + s["A"] + " " + s["K"])})
		}
	default:
		title, rest := title(text)
		docs = append(docs, Document{name, title, plain(rest)})
	}
	return docs
}

// ReadTopics reads topics between top tags, each with its num; between DOC tags, each with its DOCNO; or after .I lines. It
// answers none where there are none.
func ReadTopics(text string) []Topic {
	var topics []Topic
	add := func(part, id string) {
		if id != "" {
			topics = append(topics, Topic{ID: id, Title: label(element(part, "title"), "Topic"),
				Description: label(element(part, "desc"), "Description"), Text: plain(part)})
		}
	}
	switch {
	case has(text, "<top>"):
		for _, part := range parts(text, "top") {
			id, rest := number(part, "num")
			add(rest, label(id, "Number"))
		}
	case has(text, "<docno>"):
		for _, part := range parts(text, "doc") {
			id, rest := number(part, "docno")
			add(rest, id)
		}
	case strings.HasPrefix(strings.TrimSpace(text), ".I "):
		for _, s := range smart(text) {
			topics = append(topics, Topic{ID: s["I"], Text: cmp.Or(line(s["W"]), line(s["T"]))})
		}
	}
	return topics
}

// parts are what is between the tags of a name, up to the next one or to the end where no tag closes.
func parts(text, name string) []string {
	low := lower(text)
	var list []string
	_, begin := tag(low, name)
	for begin >= 0 {
		low, text = low[begin:], text[begin:]
		end, next := tag(low, name)
		if end < 0 {
			end = len(low)
		}
		if closed := strings.Index(low[:end], "</"+name+">"); closed >= 0 {
			list = append(list, text[:closed])
		} else {
			list = append(list, text[:end])
		}
		begin = next
	}
	return list
}

// tag is where the next opening tag begins, and where what follows it does; -1 where there is none.
func tag(low, name string) (at, after int) {
	for from := 0; ; {
		i := strings.Index(low[from:], "<"+name)
		if i < 0 {
			return -1, -1
		}
		at, from = from+i, from+i+1+len(name)
		if from < len(low) && (low[from] == '>' || strings.IndexByte(" \t\r\n", low[from]) >= 0) {
			if end := strings.IndexByte(low[from:], '>'); end >= 0 {
				return at, from + end + 1
			}
		}
	}
}

// number takes an element with an ID out of a text.
func number(text, name string) (id, rest string) {
	begin, end := bounds(text, name)
	if begin < 0 {
		return "", text
	}
	return plain(text[begin:end]), text[end:]
}

// title takes the title out of a text.
func title(text string) (title, rest string) {
	for _, name := range []string{"title", "headline", "hl", "ti", "doctitle", "head"} {
		if begin, end := bounds(text, name); begin >= 0 {
			if title = plain(text[begin:end]); title != "" {
				return title, text[:begin] + text[end:]
			}
		}
	}
	return "", text
}

func element(text, name string) string {
	begin, end := bounds(text, name)
	if begin < 0 {
		return ""
	}
	return text[begin:end]
}

// bounds are those of what an element contains: up to its closing tag, or to the next tag where topics have none.
func bounds(text, name string) (begin, end int) {
	low := lower(text)
	if _, begin = tag(low, name); begin < 0 {
		return -1, -1
	}
	if end = strings.Index(low[begin:], "</"+name+">"); end >= 0 {
		return begin, begin + end
	}
	for end = begin; end < len(low) && !opens(low[end:]); end++ {
	}
	return begin, end
}

// opens reports whether a text begins with a tag, a closing one or a comment too.
func opens(text string) bool {
	return len(text) > 1 && text[0] == '<' && (text[1] == '/' || text[1] == '!' || text[1]|0x20 >= 'a' && text[1]|0x20 <= 'z')
}

// label takes the word away that TREC writes before a part of a topic, with its colon.
func label(text, word string) string {
	text = plain(text)
	if front, rest, ok := strings.Cut(text, ":"); ok && strings.EqualFold(strings.TrimSpace(front), word) {
		return strings.TrimSpace(rest)
	}
	return text
}

// plain is a text without tags, comments, scripts and styles, and with one space between its words.
func plain(text string) string {
	low := lower(text)
	var b strings.Builder
	for at := 0; at < len(text); {
		next := strings.IndexByte(text[at:], '<')
		if next < 0 {
			b.WriteString(text[at:])
			break
		}
		b.WriteString(text[at : at+next])
		at += next
		if n := unseen(low[at:]); n > 0 {
			b.WriteByte(' ')
			at += n
		} else {
			b.WriteByte('<')
			at++
		}
	}
	return line(html.UnescapeString(b.String()))
}

// unshown are tags that begin what no reader sees, and what ends it.
var unshown = [][2]string{{"<!--", "-->"}, {"<script", "</script>"}, {"<style", "</style>"}}

// unseen is the length of a tag that a text begins with, and of all up to its end that no reader sees; 0 where it begins with none.
func unseen(low string) int {
	if !opens(low) {
		return 0
	}
	for _, tag := range unshown {
		if strings.HasPrefix(low, tag[0]) {
			if at := strings.Index(low, tag[1]); at >= 0 {
				return at + len(tag[1])
			}
		}
	}
	return strings.IndexByte(low, '>') + 1
}

// line is a text in one line, with one space between its words.
func line(text string) string { return strings.Join(strings.Fields(text), " ") }

// smart reads records of lines after .I, .T, .W and the like. Of a part that comes twice both are taken.
func smart(text string) []map[string]string {
	var list []map[string]string
	part := ""
	for row := range strings.Lines(text) {
		switch f := strings.Fields(row); {
		case len(f) == 2 && f[0] == ".I":
			list = append(list, map[string]string{"I": f[1]})
			part = ""
		case len(f) == 1 && len(f[0]) == 2 && f[0][0] == '.' && f[0][1] >= 'A' && f[0][1] <= 'Z':
			part = f[0][1:]
		case part != "" && len(list) > 0 && part != "I":
			list[len(list)-1][part] += row
		}
	}
	return slices.Clip(list)
}

func has(text, tag string) bool { return strings.Contains(lower(text), tag) }

// lower is a text with its ASCII letters in lower case, as long as it was.
func lower(text string) string {
	b := []byte(text)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c | 0x20
		}
	}
	return string(b)
}
