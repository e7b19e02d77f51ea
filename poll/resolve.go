package poll

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
)

// errMissing has the text of package net's for an address that is empty.
var errMissing = errors.New("missing address")

// resolve returns the addresses that a dial tries, in the order of their coming.
// What is written in numbers needs no look-up; names are looked up by net.Resolver,
// on a goroutine, so that only the calling fiber waits. Who is asked what, and the
// errors, are those of package net.
func (d *Dialer) resolve(ctx context.Context, network, addr string) ([]net.Addr, error) {
	if addr == "" {
		return nil, errMissing
	}
	if form := formOf(network); form == formUnix || form == formUnixpacket {
		if d.LocalAddr != nil && d.LocalAddr.Network() != network {
			return nil, mismatched(d.LocalAddr)
		}
		return []net.Addr{&net.UnixAddr{Name: addr, Net: network}}, nil
	}
	host, service, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	port, err := d.port(ctx, network, service)
	if err != nil {
		return nil, err
	}
	ips := []net.IPAddr{{}} // this machine
	if host != "" {
		if ips, err = d.lookup(ctx, network, host); err != nil {
			return nil, err
		}
	}
	if d.LocalAddr != nil && d.LocalAddr.Network() != "tcp" {
		return nil, mismatched(d.LocalAddr)
	}
	local, _ := d.LocalAddr.(*net.TCPAddr)
	all := make([]net.Addr, 0, len(ips))
	for _, ip := range ips {
		a := &net.TCPAddr{IP: ip.IP, Port: port, Zone: ip.Zone}
		if isAny(local) || isAny(a) || sameFamily(local.IP, a.IP) {
			all = append(all, a)
		}
	}
	if len(all) == 0 {
		return nil, &net.AddrError{Err: unsuitable, Addr: d.LocalAddr.String()}
	}
	return all, nil
}

func mismatched(local net.Addr) error {
	return &net.AddrError{Err: "mismatched local address type", Addr: local.String()}
}

const unsuitable = "no suitable address found"

// isAny reports whether a is every address of this machine.
func isAny(a *net.TCPAddr) bool { return a == nil || a.IP == nil || a.IP.IsUnspecified() }

// sameFamily reports whether both are addresses, of the same kind.
func sameFamily(a, b net.IP) bool {
	return a.To16() != nil && b.To16() != nil && (a.To4() != nil) == (b.To4() != nil)
}

func (d *Dialer) resolver() *net.Resolver {
	if d.Resolver != nil {
		return d.Resolver
	}
	return net.DefaultResolver
}

// port returns the number of a port, which may have a name.
func (d *Dialer) port(ctx context.Context, network, service string) (int, error) {
	if !slices.ContainsFunc([]byte(service), func(c byte) bool { return c < '0' || c > '9' }) {
		return d.resolver().LookupPort(ctx, network, service) // this asks nobody
	}
	type found struct {
		port int
		err  error
	}
	f := call(func() found { n, err := d.resolver().LookupPort(ctx, network, service); return found{n, err} })
	return f.port, f.err
}

// lookup returns the addresses of a host that suit the network.
func (d *Dialer) lookup(ctx context.Context, network, host string) ([]net.IPAddr, error) {
	var ips []net.IPAddr
	if ip, err := netip.ParseAddr(host); err == nil {
		ips = []net.IPAddr{{IP: net.IP(ip.AsSlice()).To16(), Zone: ip.Zone()}}
	} else {
		type found struct {
			ips []net.IPAddr
			err error
		}
		f := call(func() found { ips, err := d.ask(ctx, network, host); return found{ips, err} })
		if f.err != nil {
			return nil, f.err
		}
		ips = f.ips
	}
	if len(ips) == 1 && ips[0].IP.Equal(net.IPv6unspecified) {
		// Where IPv6 is half there, one can listen at [::] but not connect to it.
		ips = append(ips, net.IPAddr{IP: net.IPv4zero})
	}
	var kept []net.IPAddr
	for _, ip := range ips {
		if is4 := ip.IP.To4() != nil; network == "tcp4" && !is4 || network == "tcp6" && is4 {
			continue
		}
		kept = append(kept, ip)
	}
	if len(kept) == 0 {
		return nil, &net.AddrError{Err: unsuitable, Addr: host}
	}
	return kept, nil
}

// ask asks the resolver: for the family of the network alone, as package net does.
// The call that takes a family loses zones; those have link-local addresses, of
// files and of the system's resolver.
func (d *Dialer) ask(ctx context.Context, network, host string) ([]net.IPAddr, error) {
	r := d.resolver()
	family := ""
	switch network {
	case "tcp4":
		family = "ip4"
	case "tcp6":
		family = "ip6"
	default:
		return r.LookupIPAddr(ctx, host)
	}
	ips, err := r.LookupIP(ctx, family, host)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(ips, func(ip net.IP) bool {
		return ip.To4() == nil && (ip.IsLinkLocalUnicast() || ip.IsLinkLocalMulticast())
	}) {
		if r.PreferGo || r.Dial != nil {
			// Go's own resolver finds zones in files alone: no server is asked again.
			r = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
				return nil, errMissing
			}}
		}
		if zoned, err := r.LookupIPAddr(ctx, host); err == nil {
			return zoned, nil
		}
	}
	all := make([]net.IPAddr, len(ips))
	for i, ip := range ips {
		all[i].IP = ip
	}
	return all, nil
}

// takingTurns has the two families take turns, beginning with that of the first
// address, and keeps the order within each.
func takingTurns(all []net.Addr) []net.Addr {
	is4 := func(a net.Addr) bool {
		t, ok := a.(*net.TCPAddr)
		return ok && t.IP.To4() != nil
	}
	var families [2][]net.Addr
	for _, a := range all {
		if is4(a) == is4(all[0]) {
			families[0] = append(families[0], a)
		} else {
			families[1] = append(families[1], a)
		}
	}
	turns := make([]net.Addr, 0, len(all))
	for i := range all {
		for _, f := range families {
			if i < len(f) {
				turns = append(turns, f[i])
			}
		}
	}
	return turns
}
