//go:build !linux

package poll

// native is the backend over package epoll: there is none here.
var native backend
