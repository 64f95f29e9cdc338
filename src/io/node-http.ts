/**
 * Node's HTTP without its clients of the Web. An import by name reads every export of `node:http`, and some of them load
 * undici, HTTP/2, workers and streams of the Web when they are read: 14 MB that nobody here uses, and a third of the start.
 */
export const { createServer, request } = process.getBuiltinModule('node:http')
