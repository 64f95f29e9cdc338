import { setFlagsFromString } from 'node:v8'

/**
 * Has V8 make everything where what dies young is cleared up cheaply.
 *
 * By itself it notes where in the program something was made that lived on, as while hundreds of lookups are under way, and
 * puts what is made there later among the old at once, where only a full collection finds that all but a thirtieth of it is
 * garbage. To be told before anything else is done: what has been compiled by then stays as it is.
 */
export function expectShortLives(): void {
  setFlagsFromString('--no-allocation-site-pretenuring')
}
