// Package cores knows which processors this process was given, and to which its
// engine has locked threads: so that a child can be started with the former though
// the thread that starts it has the latter.
package cores
