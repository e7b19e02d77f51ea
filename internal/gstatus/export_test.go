package gstatus

// Tried is what Known says if it is asked for the first time.
func Tried() bool { return looked && tried() }
