package poll

import "net"

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

// familyIs4 reports whether a TCP socket from local, which may be nil, to remote is
// of IPv4; it may be of IPv6 and connect two IPv4 addresses.
func familyIs4(network string, local, remote net.Addr) bool {
	is4 := func(a net.Addr) bool {
		t, ok := a.(*net.TCPAddr)
		return !ok || t == nil || len(t.IP) <= net.IPv4len || t.IP.To4() != nil
	}
	switch network {
	case "tcp4":
		return true
	case "tcp6":
		return false
	}
	return is4(local) && is4(remote)
}
