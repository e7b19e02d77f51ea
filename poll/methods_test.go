package poll

import (
	"errors"
	"net"
	"reflect"
	"syscall"
	"testing"
)

// A nil or empty connection or listener fails with EINVAL, in every method, as in
// package net.
func TestNothingFailsWithEINVAL(t *testing.T) {
	for _, x := range []any{(*Conn)(nil), new(Conn), (*Listener)(nil), new(Listener)} {
		v := reflect.ValueOf(x)
		for i := range v.NumMethod() {
			m := v.Type().Method(i)
			args := make([]reflect.Value, 0, m.Type.NumIn())
			for j := 1; j < m.Type.NumIn(); j++ {
				args = append(args, reflect.Zero(m.Type.In(j)))
			}
			func() {
				defer func() {
					if r := recover(); r != nil {
						t.Errorf("%s panics: %v", m.Name, r)
					}
				}()
				for _, out := range v.Method(i).Call(args) {
					if err, ok := out.Interface().(error); ok && !errors.Is(err, syscall.EINVAL) {
						t.Errorf("%s: %v", m.Name, err)
					}
				}
			}()
			last := m.Type.NumOut() - 1
			if last >= 0 && m.Type.Out(last) == reflect.TypeFor[error]() && v.Method(i).Call(args)[last].IsNil() {
				t.Errorf("%s does not fail", m.Name)
			}
		}
	}
}

// What connections and listeners of package net can do, these can too.
func TestMethodsOfPackageNetAreThere(t *testing.T) {
	for _, pair := range [][2]reflect.Type{
		{reflect.TypeFor[*net.TCPConn](), reflect.TypeFor[*Conn]()},
		{reflect.TypeFor[*net.TCPListener](), reflect.TypeFor[*Listener]()},
		{reflect.TypeFor[*net.UnixListener](), reflect.TypeFor[*Listener]()},
		{reflect.TypeFor[*net.Dialer](), reflect.TypeFor[*Dialer]()},
		{reflect.TypeFor[*net.ListenConfig](), reflect.TypeFor[*ListenConfig]()},
	} {
		theirs, ours := pair[0], pair[1]
		for i := range theirs.NumMethod() {
			switch name := theirs.Method(i).Name; name {
			case "AcceptTCP", "AcceptUnix": // they are about types of package net
			case "DialTCP", "DialUDP", "DialIP", "DialUnix":
			default:
				if _, ok := ours.MethodByName(name); !ok {
					t.Errorf("%s has no %s", ours, name)
				}
			}
		}
		if theirs.Kind() != reflect.Pointer || theirs == reflect.TypeFor[*net.TCPConn]() {
			continue
		}
		for i := range theirs.Elem().NumField() {
			f := theirs.Elem().Field(i)
			if f.IsExported() && f.Name != "DualStack" { // which does nothing
				if _, ok := ours.Elem().FieldByName(f.Name); !ok {
					t.Errorf("%s has no field %s", ours, f.Name)
				}
			}
		}
	}
}
