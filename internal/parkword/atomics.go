//go:build !model

package parkword

import stdatomic "sync/atomic" // its 64-bit types are aligned on 32-bit systems too

// The atomic word of this package, by the name under which the model build (-tags model,
// see atomics_model.go) replaces it by an observed one. An alias: the code generated is
// that of the type named.
type word = stdatomic.Uint64
