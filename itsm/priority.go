package itsm

import (
	"fmt"
	"strconv"
)

// Level grades impact and urgency. The zero value is not given.
type Level uint8

// The levels, the gravest first.
const (
	Critical Level = iota + 1
	High
	Medium
	Low
)

var levels = [...]string{"", "critical", "high", "medium", "low"}

// String is the level's name, empty where none is given.
func (l Level) String() string {
	if int(l) < len(levels) {
		return levels[l]
	}
	return "level " + strconv.Itoa(int(l))
}

// Valid reports whether l is one of the levels.
func (l Level) Valid() bool { return l >= Critical && l <= Low }

// MarshalText writes the name.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads a name.
func (l *Level) UnmarshalText(text []byte) error {
	for i, name := range levels {
		if name == string(text) {
			*l = Level(i)
			return nil
		}
	}
	return ErrInvalid.with("level", string(text), "a level is critical, high, medium or low")
}

// Priority says what comes first: 1 before 2. The zero value is not given.
type Priority uint8

// String is "P1" and so on, empty where none is given.
func (p Priority) String() string {
	if p == 0 {
		return ""
	}
	return "P" + strconv.Itoa(int(p))
}

// Matrix gives the priority of an impact and an urgency.
type Matrix [Low][Low]Priority

// DefaultMatrix is the common one: rows are impact, columns urgency, critical to low.
func DefaultMatrix() Matrix {
	return Matrix{
		{1, 1, 2, 3},
		{1, 2, 3, 4},
		{2, 3, 4, 5},
		{3, 4, 5, 5},
	}
}

// Priority answers the cell; 0 where impact or urgency is not given.
func (m *Matrix) Priority(impact, urgency Level) Priority {
	if !impact.Valid() || !urgency.Valid() {
		return 0
	}
	return m[impact-1][urgency-1]
}

// Check refuses cells that are empty, and cells that fall as impact or urgency rises.
func (m *Matrix) Check() error {
	for i := range m {
		for j, p := range m[i] {
			at := fmt.Sprintf("%v impact, %v urgency", Level(i+1), Level(j+1))
			switch {
			case p == 0:
				return ErrInvalid.with("cell", at, "give every cell of the matrix a priority")
			case j > 0 && p < m[i][j-1], i > 0 && p < m[i-1][j]:
				return ErrInvalid.with("cell", at, "a lower impact or urgency must not raise the priority")
			}
		}
	}
	return nil
}
