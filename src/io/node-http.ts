/**
 * Node's HTTP without its clients of the Web. An import by name reads every export of `node:http`, and some of them load
 * undici, HTTP/2 and streams of the Web when they are read: megabytes that nobody here uses, and time at every start.
 */
export const { createServer, request } = process.getBuiltinModule('node:http')
