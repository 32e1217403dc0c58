package itsm

import "context"

// Transaction is a transaction that the host opened on a store, with rows of its own beside the desk's. Stores that can
// be joined make it; see their documentation. What commands read and write through it is committed, or rolled back, with
// the rest of it.
type Transaction interface {
	Store
	// Of answers the store that it is a transaction of.
	Of() Store
}

// WithTransaction makes every command and read with the context part of a transaction. It is for one goroutine at a time,
// and for as long as the transaction is open.
//
// A command that is refused, or that lost a race, changes nothing, and the transaction goes on; nothing is tried again,
// because the transaction would show the same: ErrConflict is the host's to handle, by rolling back and doing all of it
// anew. Subscribers see the events, and timers fire, after the commit. What the kernel does by itself ([Kernel.Run],
// [Kernel.FireDue], [Kernel.Deliver]) never joins.
func WithTransaction(ctx context.Context, t Transaction) context.Context {
	return context.WithValue(ctx, transactionKey{}, t)
}

type transactionKey struct{}

func transactionFrom(ctx context.Context) Transaction {
	t, _ := ctx.Value(transactionKey{}).(Transaction)
	return t
}

// storeFor answers the store of a call: the kernel's, or the host's transaction on it.
func (k *Kernel) storeFor(ctx context.Context) (Store, error) {
	joined := transactionFrom(ctx)
	switch {
	case joined == nil:
		return k.store, nil
	case joined.Of() != k.store:
		return nil, Invalid("transaction", "the transaction in the context is of another store than this desk's")
	}
	return joined, nil
}

// apart is a context without the host's transaction.
func apart(ctx context.Context) context.Context {
	if transactionFrom(ctx) == nil {
		return ctx
	}
	return context.WithValue(ctx, transactionKey{}, nil)
}
