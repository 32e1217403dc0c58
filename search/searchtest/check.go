package searchtest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func fails(t *testing.T, err, target error, why ...any) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("%s: want the error %v, not %v", fmt.Sprint(why...), target, err)
	}
}

func equal(t *testing.T, want, got any, why ...any) {
	t.Helper()
	if !reflect.DeepEqual(want, got) {
		t.Fatalf("%s: want %+v, not %+v", fmt.Sprint(why...), want, got)
	}
}

// sameSet compares lists in which the order does not matter.
func sameSet(t *testing.T, want, got []string, why ...any) {
	t.Helper()
	want, got = slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(got))
	if !slices.Equal(want, got) {
		t.Errorf("%s: want %v, not %v", fmt.Sprint(why...), want, got)
	}
}
