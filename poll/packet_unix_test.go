//go:build unix

package poll

const haveUnixgram = true
