/** Exit statuses, after BSD's sysexits(3); docs/exit-codes.md says what each means to a script. */
export const EXIT = {
  done: 0,
  /** There is none of what was asked for. */
  nothing: 1,
  /** The command line cannot be meant. */
  usage: 64,
  /** Input that is not what it should be: a list, a message. */
  data: 65,
  /** An input file cannot be read. */
  noInput: 66,
  /** The domain takes no mail (null MX). */
  noHost: 68,
  /** The domain does not exist; or the service to be asked is not there. */
  unavailable: 69,
  /** A bug of ours. */
  software: 70,
  /** A file cannot be written. */
  cannotCreate: 73,
  /** Later it may be otherwise. */
  temporary: 75,
  /** The other side speaks otherwise than we do. */
  protocol: 76,
  /** Not without a token, or not with this one. */
  noPermission: 77,
  /** The operator's configuration is wrong. */
  config: 78,
  interrupted: 130,
  brokenPipe: 141,
  terminated: 143,
} as const
