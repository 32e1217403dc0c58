// Package search compares the index of package search with others on the same articles and questions: SQLite's FTS5 and bleve.
package search
