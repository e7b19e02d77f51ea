package poll

import (
	"context"
	"net"
	"net/netip"
	"strconv"
)

// resolve returns the addresses that a dial tries, in order. What is written in
// numbers needs no look-up; names are looked up by net.Resolver, on a goroutine, so
// that only the calling fiber waits.
func (d *Dialer) resolve(ctx context.Context, network, addr string) ([]net.Addr, error) {
	if form := formOf(network); form == formUnix || form == formUnixpacket {
		return []net.Addr{&net.UnixAddr{Name: addr, Net: network}}, nil
	}
	host, service, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(service, 10, 16)
	ip, notIP := netip.ParseAddr(host)
	if err == nil && (notIP == nil || host == "") {
		return addresses(network, host, uint16(port), []netip.Addr{ip})
	}
	r := d.Resolver
	if r == nil {
		r = net.DefaultResolver
	}
	type found struct {
		ips  []netip.Addr
		port int
		err  error
	}
	f := call(func() (f found) {
		if f.port, f.err = r.LookupPort(ctx, network, service); f.err != nil {
			return f
		}
		if notIP == nil || host == "" {
			f.ips = []netip.Addr{ip}
			return f
		}
		f.ips, f.err = r.LookupNetIP(ctx, "ip", host)
		return f
	})
	if f.err != nil {
		if err := ctx.Err(); err != nil {
			return nil, contextError(err)
		}
		return nil, f.err
	}
	return addresses(network, host, uint16(f.port), f.ips)
}

// addresses keeps the addresses of the network's family, the two families taking
// turns, beginning with that of the first. An address that is not valid is this
// machine.
func addresses(network, host string, port uint16, ips []netip.Addr) ([]net.Addr, error) {
	var first, second []net.Addr
	var is4 bool
	for _, ip := range ips {
		if ip = ip.Unmap(); !ip.IsValid() {
			ip = netip.IPv4Unspecified()
			if network == "tcp6" {
				ip = netip.IPv6Unspecified()
			}
		}
		if network == "tcp4" && !ip.Is4() || network == "tcp6" && ip.Is4() {
			continue
		}
		a := net.TCPAddrFromAddrPort(netip.AddrPortFrom(ip, port))
		if first == nil {
			is4 = ip.Is4()
		}
		if ip.Is4() == is4 {
			first = append(first, a)
		} else {
			second = append(second, a)
		}
	}
	if first == nil {
		return nil, &net.AddrError{Err: "no suitable address found", Addr: host}
	}
	all := make([]net.Addr, 0, len(ips))
	for len(first)+len(second) > 0 {
		if len(first) > 0 {
			all, first = append(all, first[0]), first[1:]
		}
		if len(second) > 0 {
			all, second = append(all, second[0]), second[1:]
		}
	}
	return all, nil
}
