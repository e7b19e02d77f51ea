package poll

// A form says what kind of addresses a descriptor has.
type form uint8

const (
	formNone form = iota
	formTCP
	formUDP
	formUnix
	formUnixgram
	formUnixpacket
)

// formOf returns the form of a network of package net.
func formOf(network string) form {
	switch network {
	case "tcp", "tcp4", "tcp6":
		return formTCP
	case "udp", "udp4", "udp6":
		return formUDP
	case "unix":
		return formUnix
	case "unixgram":
		return formUnixgram
	case "unixpacket":
		return formUnixpacket
	}
	return formNone
}

var formNames = [...]string{formTCP: "tcp", formUDP: "udp", formUnix: "unix", formUnixgram: "unixgram", formUnixpacket: "unixpacket"}
